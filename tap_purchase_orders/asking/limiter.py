"""One allowance of requests, shared by all who ask for the same resource."""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_purchase_orders.asking.stop import Stop


class RateLimiter:
    """Lets at most `limit` requests reach a server in any window of time.

    A request is counted by the server at some moment between its sending and its
    answer. It therefore holds its place while it is under way and for one window
    from its answer on: then no window of the server's, wherever it begins, can hold
    more than `limit`.

    Args:
        limit: Requests per window.
        window_seconds: Length of the window.
        stop: Ends the waiting.
        clock: Seconds that never go back.
    """

    def __init__(
        self,
        limit: int,
        window_seconds: float,
        stop: Stop,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = limit
        self._window = window_seconds
        self._stop = stop
        self._clock = clock
        self._lock = threading.Lock()
        self._under_way = 0
        self._answered: deque[float] = deque()
        self._not_before = float("-inf")
        self._waiting = 0
        self._waiting_since = 0.0
        self._waited = 0.0

    @property
    def waited_seconds(self) -> float:
        """For how long at least one request has waited for a place."""
        with self._lock:
            current = self._clock() - self._waiting_since if self._waiting else 0.0
            return self._waited + current

    @contextmanager
    def place(self) -> Iterator[None]:
        """Wait for a place, and hold it while the request is under way.

        Raises:
            StoppedError: The run is to end.
        """
        self._enter()
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= 1
                self._answered.append(self._clock())

    def hold(self, seconds: float) -> None:
        """Let no request begin for a time: the server asked for it."""
        with self._lock:
            self._not_before = max(self._not_before, self._clock() + seconds)

    def _enter(self) -> None:
        while True:
            self._stop.check()
            with self._lock:
                wait = self._wait_seconds(self._clock())
                if wait <= 0:
                    self._under_way += 1
                    return
                self._waiting += 1
                if self._waiting == 1:
                    self._waiting_since = self._clock()
            try:
                self._stop.wait(wait)
            finally:
                with self._lock:
                    self._waiting -= 1
                    if not self._waiting:
                        self._waited += self._clock() - self._waiting_since

    def _wait_seconds(self, now: float) -> float:
        """Return how long there is no place for one more request, 0 if there is."""
        while self._answered and self._answered[0] <= now - self._window:
            self._answered.popleft()
        if now < self._not_before:
            return self._not_before - now
        if self._under_way + len(self._answered) < self._limit:
            return 0.0
        if self._answered:
            return self._answered[0] + self._window - now
        # All places are held by requests under way: one of them must be answered
        # first, and its place is then held for a window more.
        return self._window
