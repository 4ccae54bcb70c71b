"""The schedule of full reads: each customer once in so many days, spread evenly."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from msgspec import Struct

from tap_purchase_orders.instants import instant_at

if TYPE_CHECKING:
    from tap_purchase_orders.instants import Instant

DAY_SECONDS = 24 * 60 * 60
_HOUR_SECONDS = 60 * 60


def period_of(customer_id: str, moment: Instant, days: int) -> int:
    """Return the number of the period that a customer is in at a moment.

    A period lasts so many days. Each customer's periods begin at a time of its own, so
    that the customers are due evenly and not all at once.
    """
    length = days * DAY_SECONDS
    digest = hashlib.sha256(customer_id.lower().encode()).digest()
    return (moment.second + int.from_bytes(digest[:8], "big") % length) // length


class FullTableSchedule(Struct, frozen=True):
    """Which customers are due for a full read.

    Attributes:
        days: The length of a period; none: no customer is ever due.
        taken_until: Up to when all due customers were read; none: it begins now.
        moment: The present.
    """

    days: int | None
    taken_until: Instant | None
    moment: Instant

    def is_due(self, customer_id: str) -> bool:
        """Return whether a period of a customer has begun since then."""
        if self.days is None or self.taken_until is None:
            return False
        if self.hour <= self.taken_until:
            return False
        one, other = (
            period_of(customer_id, moment, self.days)
            for moment in (self.hour, self.taken_until)
        )
        return one != other

    @property
    def hour(self) -> Instant:
        """The present hour: this run reads all customers due before it.

        Whole hours, so that the state of runs without changes stays the same.
        """
        return instant_at(self.moment.second // _HOUR_SECONDS * _HOUR_SECONDS)
