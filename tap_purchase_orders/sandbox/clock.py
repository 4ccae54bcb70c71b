"""The clock of the sandbox's world, which control calls move forward."""

from __future__ import annotations

import time

from tap_purchase_orders.sandbox.instants import TICKS_PER_SECOND


class Clock:
    """World time: real time since the start, plus what was added.

    Args:
        start: The instant at which the world's clock starts.
        frozen: Whether only control calls move the world's clock.
    """

    def __init__(self, start: int, *, frozen: bool = False) -> None:
        self._start = start
        self._frozen = frozen
        self._added = 0
        self._started = time.monotonic()

    def now(self) -> int:
        """Return the world's present instant."""
        passed = 0.0 if self._frozen else time.monotonic() - self._started
        return self._start + self._added + int(passed * TICKS_PER_SECOND)

    def seconds(self) -> float:
        """Return seconds for the rate limits: they never stand still.

        What control calls add counts, so a test empties a sliding window by moving
        the clock instead of by waiting.
        """
        added = self._added / TICKS_PER_SECOND
        return time.monotonic() - self._started + added

    def advance(self, ticks: int) -> None:
        """Move the clock forward.

        Raises:
            ValueError: The clock would move backwards.
        """
        if ticks < 0:
            msg = "the world's clock only moves forward"
            raise ValueError(msg)
        self._added += ticks
