"""A customer's bookmark and tracked orders, as the state holds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

if TYPE_CHECKING:
    from tap_purchase_orders.incremental.order_id_digest import ListedIds
    from tap_purchase_orders.instants import Instant


# The digest of an order that was not read to the end: no order has it.
NOT_EMITTED = ""
# The same, of an order that had just left the upload of its purchase order: its
# attachments are still to be requested.
ATTACHMENTS_OWED = "!"
# In `owed`: attachments are selected anew. Which of the other orders were in a
# purchase-order state before, nothing says, so each of them is asked for its own.
PAST_ATTACHMENTS = "order_attachments:past"
# The same: orders were added to those that are requested. Where it is not known which
# ones were listed before, each of the others counts as new.
NEW_ORDERS = "orders:new"


class TrackedOrder(Struct, frozen=True, array_like=True, gc=False):
    """An order that is open or recent; the state holds it as an array.

    Attributes:
        status: Its status when it was last read, none if it had none.
        sequence: The highest number of its status changes that were written, or more; 0
            if none was. Negative if its present status was not written, because that
            stream was not selected.
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
        ids: A digest of the ids of all orders that there were; none in a state of an
            earlier version.
        highest_gone: The highest number of a step of an order that is followed no more.
        owed: The streams that the next read has to bring complete.
    """

    bookmark: Instant | None = None
    tracked: dict[str, TrackedOrder] = field(default_factory=dict)
    last_read: Instant | None = None
    ids: ListedIds | None = None
    highest_gone: int = 0
    owed: frozenset[str] = frozenset()

    @property
    def is_new(self) -> bool:
        """Whether no order of the customer was ever seen."""
        return self.bookmark is None and not self.tracked and self.ids is None

    @property
    def highest(self) -> int:
        """The highest number that a step of any order of the customer has."""
        numbers = (abs(order.sequence) for order in self.tracked.values())
        return max(self.highest_gone, *numbers, 0)
