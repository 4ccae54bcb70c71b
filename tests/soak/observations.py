"""Who saw what and when: what each run must have brought to the warehouse."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .truth import PURCHASE_ORDER_STATES, is_open

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .plan import Settings
    from .truth import Order, World

# An order shows in the list up to so long after its creation.
_VISIBILITY = dt.timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Observation:
    """A run, and the world that it looked at.

    Attributes:
        world: The world, which stood still meanwhile.
        settings: The tap's settings.
        is_complete: It ended well and its state was kept: what it was to read is read.
        counts: Whether it is one of the incremental runs, which follow one state.
        missed: The customers whose orders were refused.
        streams: The selected streams.
    """

    world: World = field(repr=False)
    settings: Settings
    is_complete: bool
    counts: bool
    missed: frozenset[str] = frozenset()
    streams: frozenset[str] = frozenset()


def must_be_current(
    customer: str, order_id: str, now: Observation, before: Observation | None
) -> bool:
    """Return whether a run that reads a customer has to bring an order as it is.

    It has to if the order is open, was open when it was last read, is inside the window
    or is new. An order at rest outside the window may change unseen.

    Args:
        customer: The customer.
        order_id: The order.
        now: The run.
        before: The last complete run before that read the customer for certain.
    """
    orders = now.world.orders[customer]
    order = orders[order_id]
    if before is None or is_open(order.status) or _is_recent(order, orders, now):
        return True
    earlier = before.world.orders.get(customer, {}).get(order_id)
    return (
        earlier is None
        or not earlier.is_listed(before.settings)
        or is_open(earlier.status)
        or now.settings.include_price > before.settings.include_price
    )


def is_followed(customer: str, order_id: str, seen: Observation) -> bool:
    """Return whether the state has an order after a complete run that read it."""
    orders = seen.world.orders[customer]
    order = orders[order_id]
    return is_open(order.status) or _is_recent(order, orders, seen)


def _is_recent(order: Order, orders: dict[str, Order], seen: Observation) -> bool:
    listed = [o.created for o in orders.values() if o.is_listed(seen.settings)]
    window = max(dt.timedelta(days=seen.settings.lookback_days), _VISIBILITY)
    return order.created >= max(listed) - window


def certain_reads(
    customer: str, observations: Sequence[Observation]
) -> list[Observation]:
    """Return the complete incremental runs that read a customer for certain.

    Whom the activity log picks is for the tap to know: certain are customers with an
    open order, and those that have a new one.
    """
    reads: list[Observation] = []
    for seen in observations:
        if not (seen.counts and seen.is_complete) or customer in seen.missed:
            continue
        chosen = seen.settings.customers
        ids = seen.world.customers
        if chosen and customer not in {ids[index] for index in chosen}:
            continue
        if seen.settings.change_detection == "full" or not reads:
            reads.append(seen)
            continue
        last = reads[-1]
        before = last.world.orders.get(customer, {})
        new = seen.world.orders.get(customer, {}).keys() - before.keys()
        was_open = [
            order
            for order in before.values()
            if is_open(order.status) and order.is_listed(last.settings)
        ]
        if new or was_open:
            reads.append(seen)
    return reads


def current_since(
    customer: str, order_id: str, observations: Sequence[Observation]
) -> int:
    """Return the place of the last run that had to bring an order as it was."""
    reads = certain_reads(customer, observations)
    place = 0
    before = None
    for seen in reads:
        if order_id not in seen.world.orders.get(customer, {}):
            continue
        if not seen.world.orders[customer][order_id].is_listed(seen.settings):
            continue
        if must_be_current(customer, order_id, seen, before):
            place = observations.index(seen)
        before = seen
    return place


def with_attachments(
    customer: str, observations: Sequence[Observation]
) -> Iterator[tuple[str, Observation]]:
    """Yield the orders whose attachments had to be read, and the last run that had to.

    That is while an order was seen in a purchase-order state, and once when it had
    left it, whether the stream was selected then or later.
    """
    reads = certain_reads(customer, observations)
    for place, seen in enumerate(reads):
        for order_id, order in seen.world.orders.get(customer, {}).items():
            is_listed = order.is_listed(seen.settings)
            if is_listed and order.status in PURCHASE_ORDER_STATES:
                yield order_id, reads[min(place + 1, len(reads) - 1)]
