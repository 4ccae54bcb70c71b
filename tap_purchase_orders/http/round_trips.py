"""Measures round trips: the shortest ever, and the longest lately."""

from __future__ import annotations

from typing import Final

# The longest is forgotten after one to two of these.
_PERIOD_SECONDS: Final = 300.0


class RoundTrips:
    """The least time from sending to answer, and whether it may be relied on.

    It is never forgotten: if it were, many requests that were late on their way would
    be taken for a server that has become slower.

    Attributes:
        least: Seconds; infinite if there were none.
        are_enough: Whether there were so many once that one had nothing in its way.
    """

    __slots__ = ("_count", "are_enough", "least")

    def __init__(self) -> None:
        self._count = 0
        self.are_enough = False
        self.least = float("inf")

    def add(self, seconds: float, enough: int) -> None:
        """Take in one round trip.

        Args:
            seconds: How long it took.
            enough: How many there must be, as far as is known by now.
        """
        self.least = min(self.least, seconds)
        if not self.are_enough:
            self._count += 1
            self.are_enough = self._count >= enough


class Longest:
    """The most seconds from sending to answer, of the last minutes.

    Attributes:
        seconds: That; 0 if there were none.
    """

    __slots__ = ("_latest", "_turns_at", "seconds")

    def __init__(self) -> None:
        self.seconds = self._latest = 0.0
        self._turns_at = float("-inf")

    def add(self, now: float, seconds: float) -> None:
        """Take in one round trip that has just ended."""
        self.look_at(now)
        # What is new to all the time is new to the last of it, too.
        if seconds > self._latest:
            self._latest = seconds
            self.seconds = max(self.seconds, seconds)

    def look_at(self, now: float) -> None:
        """Forget what is too long ago."""
        if now < self._turns_at:
            return
        if now >= self._turns_at + _PERIOD_SECONDS:
            self._latest = 0.0
        # Keep only what has been seen since the last time.
        self.seconds, self._latest = self._latest, 0.0
        self._turns_at = now + _PERIOD_SECONDS
