"""A customer's bookmark and tracked orders, as the state holds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

if TYPE_CHECKING:
    from tap_purchase_orders.instants import Instant


# The digest of an order that was not read to the end: no order has it.
NOT_EMITTED = ""


class TrackedOrder(Struct, frozen=True, array_like=True):
    """An order that is open or recent; the state holds it as an array.

    Attributes:
        status: Its status when it was last read, none if it had none.
        sequence: The number of its last status change, 0 if it never had a status.
        digest: A short digest of what was emitted.
    """

    status: str | None
    sequence: int
    digest: str


class CustomerBookmark(Struct, frozen=True):
    """What is known of one customer's orders from earlier runs.

    Attributes:
        bookmark: The latest creation date of the orders that were written.
        tracked: The open and the recent orders, by their ids.
        last_read: When the orders were last read; kept for the activity log only.
    """

    bookmark: Instant | None = None
    tracked: dict[str, TrackedOrder] = field(default_factory=dict)
    last_read: Instant | None = None
