"""The settings as the rest of the tap sees them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_purchase_orders.settings.shard import Shard
    from tap_purchase_orders.wire.instants import Instant


@dataclass(frozen=True, slots=True)
class PartnerCenterSettings:
    """Section `partner_center`."""

    api_url: str
    auth: Mapping[str, Any] = field(repr=False)
    customer_ids: tuple[str, ...]
    page_size: int
    include_price: bool
    include_system_purchases: bool
    lookback_days: int
    change_detection: str
    full_read_days: int
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
class Settings:
    """All settings. An upstream is on when its section is there."""

    start_date: Instant | None
    strict: bool
    run_history: bool
    shard: Shard
    partner_center: PartnerCenterSettings | None
    appzen: AppZenSettings | None
