"""The checked settings as dataclasses, and shards: the part that a process reads."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_purchase_orders.instants import Instant


@dataclass(frozen=True, slots=True)
class PartnerCenterSettings:
    """Section `partner_center`.

    Attributes:
        audience: Whom the tokens of its cloud are for.
    """

    api_url: str
    audience: str
    auth: Mapping[str, Any] = field(repr=False)
    customer_ids: tuple[str, ...]
    page_size: int
    include_price: bool
    include_system_purchases: bool
    lookback_days: int
    change_detection: str
    full_read_days: int
    full_table_days: int | None
    first_sequence: int
    max_requests_per_minute: int
    max_concurrency: int
    max_tries: int


@dataclass(frozen=True, slots=True)
class AppZenSettings:
    """Section `appzen`."""

    api_url: str
    auth: Mapping[str, Any] = field(repr=False)
    purchase_order_numbers: Mapping[str, Any] = field(repr=False)
    max_requests_per_second: int
    max_requests_per_run: int | None
    max_concurrency: int
    max_tries: int


@dataclass(frozen=True, slots=True)
class DecimalType:
    """The type of decimal column that every number has to fit.

    Attributes:
        precision: The most digits in all.
        scale: The most digits behind the point.
    """

    precision: int
    scale: int


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings. An upstream is on when its section is there.

    With a decimal type, numbers are emitted as text that fits it.
    """

    start_date: Instant | None
    strict: bool
    run_history: bool
    decimal_type: DecimalType | None
    shard: Shard
    partner_center: PartnerCenterSettings | None
    appzen: AppZenSettings | None


class Shard(Struct, frozen=True):
    """One of `count` disjoint shares, which together are everything."""

    index: int
    count: int

    def takes(self, key: str) -> bool:
        """Return whether a customer id or purchase order number is in this share.

        The share is the first eight bytes of the key's SHA-256 (of its UTF-8 text),
        as a big-endian number, modulo `count`: the same on every platform.
        """
        if self.count == 1:
            return True
        digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
        return int.from_bytes(digest[:8], "big") % self.count == self.index
