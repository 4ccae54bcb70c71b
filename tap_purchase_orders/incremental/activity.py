"""Chooses the customers that an incremental run reads with the activity log."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from msgspec import Struct

from tap_purchase_orders.incremental.change_detection import (
    DAY_SECONDS,
    VISIBILITY_SECONDS,
)
from tap_purchase_orders.incremental.statuses import is_moving

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_purchase_orders.incremental.customer_bookmark import CustomerBookmark
    from tap_purchase_orders.instants import Instant


class ActivityRules(Struct, frozen=True):
    """The customers with news, as far as the log tells, and those that are due.

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

        That is: a new customer, one whose last read failed, one with open orders,
        one with activity since the last read (less the time by which an order may
        show late), and one whose turn it is.
        """
        if customer_bookmark.last_read is None:
            return True
        if any(is_moving(order.status) for order in customer_bookmark.tracked.values()):
            return True
        active = self.latest.get(customer_id.lower())
        if active is not None:
            seen_until = customer_bookmark.last_read.earlier(VISIBILITY_SECONDS)
            if active >= seen_until:
                return True
        return self._turn(customer_id, self.moment) != self._turn(
            customer_id, customer_bookmark.last_read
        )

    def _turn(self, customer_id: str, moment: Instant) -> int:
        """Return which of its turns a customer is in.

        Turns are as long as `full_read_days`; each customer's begin at a time of its
        own, so that the turns of all are spread evenly and not due at once.
        """
        length = self.full_read_days * DAY_SECONDS
        digest = hashlib.sha256(customer_id.lower().encode()).digest()
        return (moment.second + int.from_bytes(digest[:8], "big") % length) // length
