"""Chooses the customers that an incremental run reads with the activity log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from tap_purchase_orders.incremental.change_detection import VISIBILITY_SECONDS
from tap_purchase_orders.incremental.read_schedule import period_of
from tap_purchase_orders.incremental.statuses import is_moving

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_purchase_orders.incremental.customer_bookmark import CustomerBookmark
    from tap_purchase_orders.instants import Instant


class ActivityRules(Struct, frozen=True):
    """The customers with activity in the log, and those that are due for a read.

    Attributes:
        latest: Each customer's latest order activity in the log; ids in lower case.
        full_read_days: Every customer is read at least this often.
        moment: The present.
    """

    latest: Mapping[str, Instant]
    full_read_days: int
    moment: Instant

    def chooses(self, customer_id: str, customer_bookmark: CustomerBookmark) -> bool:
        """Return whether a customer is to be read.

        That is: a new customer, one whose last read failed or left something owed, one
        with open orders, one with activity since the last read (less the time by which
        an order may show late), and one that is due for a full read.
        """
        if customer_bookmark.last_read is None or customer_bookmark.owed:
            return True
        if any(is_moving(order.status) for order in customer_bookmark.tracked.values()):
            return True
        active = self.latest.get(customer_id.lower())
        if active is not None:
            seen_until = customer_bookmark.last_read.earlier(VISIBILITY_SECONDS)
            if active >= seen_until:
                return True
        one, other = (
            period_of(customer_id, moment, self.full_read_days)
            for moment in (self.moment, customer_bookmark.last_read)
        )
        return one != other
