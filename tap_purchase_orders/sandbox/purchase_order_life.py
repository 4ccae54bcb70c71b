"""The life of a purchase order: issued, received in parts, closed."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from tap_purchase_orders.sandbox.instants import DAY
from tap_purchase_orders.sandbox.purchase_order_numbers import number_of

if TYPE_CHECKING:
    from tap_purchase_orders.sandbox.world import World

_TYPES = (("Standard", 60), ("Blanket", 20), ("Contract", 12), ("Service", 8))
_CURRENCIES = (("USD", 60), ("EUR", 30), ("JPY", 10))
# Of so many purchase orders in a row one is closed soon after the epoch, and of one
# the first goods come in: it shows in the smallest world.
_CYCLE = 4
_CLOSED_SOON, _RECEIVED_SOON = 1, 2
_QUARTERS = 4


@dataclass(frozen=True, slots=True)
class PurchaseOrder:
    """What stays the same about a purchase order.

    Attributes:
        index: Which one, counted from 0.
        number: Its number.
        kind: Standard, Blanket, Contract or Service.
        currency: The currency of its totals.
        issued: When it was issued.
        first_receipt: When the first quarter of the goods comes in.
        last_receipt: When the last quarter does; the others at even distances.
        closed: When it is closed.
    """

    index: int
    number: str
    kind: str
    currency: str
    issued: int
    first_receipt: int
    last_receipt: int
    closed: int

    def received_share(self, now: int) -> Decimal:
        """Return which share of the goods is in: 0, 0.25, 0.5, 0.75 or 1."""
        if now < self.first_receipt:
            return Decimal(0)
        if now >= self.last_receipt:
            return Decimal(1)
        passed = now - self.first_receipt
        steps = passed * (_QUARTERS - 1) // (self.last_receipt - self.first_receipt)
        return Decimal(steps + 1) / _QUARTERS


def purchase_order(world: World, index: int) -> PurchaseOrder:
    """Return a purchase order, counted from 0."""
    draws = world.draws("purchase-order", index)
    issued = world.epoch - draws.between(20 * DAY, 700 * DAY)
    first = issued + draws.between(DAY, 30 * DAY)
    last = first + draws.between(0, 90 * DAY)
    closed = last + draws.between(0, 800 * DAY)
    if index % _CYCLE == _CLOSED_SOON:
        first = world.epoch - draws.between(DAY, 9 * DAY)
        last = world.epoch + draws.between(DAY, 8 * DAY)
        closed = last + DAY
    elif index % _CYCLE == _RECEIVED_SOON:
        first = world.epoch + draws.between(DAY, 9 * DAY)
        last = first + draws.between(DAY, 60 * DAY)
        closed = last + draws.between(DAY, 60 * DAY)
    return PurchaseOrder(
        index=index,
        number=number_of(world, index),
        kind=draws.weighted(_TYPES),
        currency=draws.weighted(_CURRENCIES),
        issued=issued,
        first_receipt=first,
        last_receipt=last,
        closed=closed,
    )
