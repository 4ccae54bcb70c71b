"""The scope of a run, kept in the state so that the next run notices what was added.

Bookmarks do not tell what was not requested.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from msgspec import Struct, field

from tap_purchase_orders.incremental.change_detection import STATUS_CHANGES
from tap_purchase_orders.incremental.customer_bookmark import (
    NEW_ORDERS,
    PAST_ATTACHMENTS,
)
from tap_purchase_orders.instants import Instant, instant_or_none
from tap_purchase_orders.records.issues import ISSUES_STREAM

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ATTACHMENTS = "order_attachments"


class Scope(Struct, frozen=True):
    """The streams, options and customers for which a run reads orders.

    Attributes:
        streams: The selected streams of orders and issues; of each a digest of its
            fields and of what stream maps make of them.
        include_price: Prices are requested.
        include_system_purchases: Purchases made by the system are requested.
        start_date: Orders created earlier are left out.
        customers: A digest of the customers that are given; none: all there are.
    """

    streams: dict[str, str] = field(default_factory=dict)
    include_price: bool = False
    include_system_purchases: bool = False
    start_date: str | None = None
    customers: str | None = None


class ScopeChange(Struct, frozen=True):
    """The difference between the scopes of two runs.

    Attributes:
        added: What was added, in words.
        owed: The streams that every customer's next read has to bring complete.
        is_narrower: Orders that were listed are not, or count as not listed.
        has_other_customers: Other customers are given.
    """

    added: list[str] = field(default_factory=list)
    owed: frozenset[str] = frozenset()
    is_narrower: bool = False
    has_other_customers: bool = False


def scope_change(before: Scope, now: Scope, *, had_prices: bool) -> ScopeChange:
    """Return what has changed from the scope of the last run to that of this one.

    Args:
        before: The scope of the last run.
        now: That of this run.
        had_prices: Prices came in earlier runs.
    """
    added = added_streams(before.streams, now.streams)
    # Steps are written once; a map that has changed holds from now on.
    owed = {
        name for name in added if name != STATUS_CHANGES or name not in before.streams
    }
    added = sorted(owed)
    if ATTACHMENTS in owed and ATTACHMENTS not in before.streams:
        owed.add(PAST_ATTACHMENTS)
    orders = now.streams.keys() - {STATUS_CHANGES, ISSUES_STREAM}
    if now.include_price and not before.include_price and had_prices:
        added.append("prices")
        owed |= orders
    if now.include_system_purchases and not before.include_system_purchases:
        added.append("system purchases")
        owed |= {*orders, NEW_ORDERS}
    first, first_before = instant_or_none(now.start_date), _first(before)
    if first_before is not None and (first is None or first < first_before):
        added.append(f"orders created before {first_before.text}")
        owed |= {*orders, NEW_ORDERS}
    return ScopeChange(
        added,
        frozenset(owed),
        is_narrower=(
            before.include_system_purchases and not now.include_system_purchases
        )
        or (first is not None and (first_before is None or first > first_before)),
        has_other_customers=before.customers != now.customers,
    )


def added_streams(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return the streams that are new, or are written in another way."""
    return sorted(name for name in now if before.get(name) != now[name])


def stream_texts(streams: Mapping[str, str]) -> list[str]:
    """Return streams and their digests as the state holds them.

    A list, which is replaced as a whole where states are merged.
    """
    return [f"{name}:{digest}" for name, digest in sorted(streams.items())]


def streams_of(texts: Iterable[str]) -> dict[str, str]:
    """Return the streams and digests that a state holds."""
    return {name: digest for name, _, digest in (it.partition(":") for it in texts)}


def customers_digest(customer_ids: Iterable[str]) -> str | None:
    """Return a digest of the customers that are given, none for all."""
    ids = sorted({customer_id.lower() for customer_id in customer_ids})
    if not ids:
        return None
    text = "\0".join(ids)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _first(scope: Scope) -> Instant | None:
    return instant_or_none(scope.start_date)
