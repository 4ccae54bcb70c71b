"""The turns of customers: once in so many days each, spread evenly over these."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from msgspec import Struct

from tap_purchase_orders.instants import instant_at

if TYPE_CHECKING:
    from tap_purchase_orders.instants import Instant

DAY_SECONDS = 24 * 60 * 60
_HOUR_SECONDS = 60 * 60


def turn_of(customer_id: str, moment: Instant, days: int) -> int:
    """Return which of its turns a customer is in.

    Turns are as long as the days; each customer's begin at a time of its own, so that
    the turns of all are spread evenly and not due at once.
    """
    length = days * DAY_SECONDS
    digest = hashlib.sha256(customer_id.lower().encode()).digest()
    return (moment.second + int.from_bytes(digest[:8], "big") % length) // length


class FullTableSchedule(Struct, frozen=True):
    """Whose turn it is to be taken whole.

    Attributes:
        days: How many days there are from turn to turn; none: nobody has one.
        taken_until: Up to when all turns were taken; none: they begin now.
        moment: The present.
    """

    days: int | None
    taken_until: Instant | None
    moment: Instant

    def is_due(self, customer_id: str) -> bool:
        """Return whether a turn of a customer has begun since all were taken."""
        if self.days is None or self.taken_until is None:
            return False
        if self.hour <= self.taken_until:
            return False
        one, other = (
            turn_of(customer_id, moment, self.days)
            for moment in (self.hour, self.taken_until)
        )
        return one != other

    @property
    def hour(self) -> Instant:
        """The whole hour that has begun: up to then this run takes all turns.

        Within it the state of a quiet run stays as it is.
        """
        return instant_at(self.moment.second // _HOUR_SECONDS * _HOUR_SECONDS)
