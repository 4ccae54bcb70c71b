"""How long requests took lately, at least and at most."""

from __future__ import annotations

from typing import Final

# What was seen is forgotten after one to two of these: long enough to have met the
# quickest way there and back, short enough to follow a server that has become slower.
_PERIOD_SECONDS: Final = 300.0


class RoundTrips:
    """The least and the most seconds from sending to answer, of the last minutes.

    Attributes:
        count: How many typical ones there were.
        least: Seconds; infinite if there were none.
        most: Seconds; 0 if there were none.
    """

    __slots__ = ("_count", "_least", "_most", "_turns_at", "count", "least", "most")

    def __init__(self) -> None:
        self.count, self.least, self.most = 0, float("inf"), 0.0
        self._count, self._least, self._most = 0, float("inf"), 0.0
        self._turns_at = float("-inf")

    def add(self, now: float, seconds: float, *, is_typical: bool = True) -> None:
        """Take in one round trip that has just ended.

        Args:
            now: The present moment.
            seconds: How long it took.
            is_typical: Whether to count it; it may be the least in any case.
        """
        if now >= self._turns_at:
            self.look_at(now)
        self._count += is_typical
        self.count += is_typical
        # What is new to all the time is new to the last of it, too.
        if seconds < self._least:
            self._least = seconds
            self.least = min(self.least, seconds)
        if seconds > self._most:
            self._most = seconds
            self.most = max(self.most, seconds)

    def look_at(self, now: float) -> None:
        """Forget what is too long ago."""
        if now < self._turns_at:
            return
        if now >= self._turns_at + _PERIOD_SECONDS:
            self._forget()
        self._forget()
        self._turns_at = now + _PERIOD_SECONDS

    def _forget(self) -> None:
        """Keep only what has been seen since the last time."""
        self.count, self.least, self.most = self._count, self._least, self._most
        self._count, self._least, self._most = 0, float("inf"), 0.0
