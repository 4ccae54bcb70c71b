"""Sliding windows: the rate limits of both upstreams."""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class SlidingLimit:
    """At most so many requests of each name in any sliding window.

    Every request counts, refused ones too (Partner Center, *API throttling
    guidance*): who hammers on is never let in again.

    Args:
        requests: How many requests fit into a window.
        window_seconds: The length of the window.
        seconds: Returns the present, in seconds.
    """

    def __init__(
        self, requests: int, window_seconds: float, seconds: Callable[[], float]
    ) -> None:
        self._requests = requests
        self._window_seconds = window_seconds
        self._seconds = seconds
        self._latest: dict[str, deque[float]] = {}

    def wait_seconds(self, name: str) -> int:
        """Count a request; return 0 if it is let in, else the seconds to wait."""
        now = self._seconds()
        # Only the newest requests, as many as the limit, can decide about the next.
        latest = self._latest.setdefault(name, deque(maxlen=self._requests))
        full = len(latest) == self._requests and now - latest[0] < self._window_seconds
        latest.append(now)
        if not full:
            return 0
        return max(1, math.ceil(latest[0] + self._window_seconds - now))
