"""A sliding-window rate limit for one resource."""

from __future__ import annotations

import threading
import time
from collections import deque
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from tap_purchase_orders.concurrency.cancellation import CancelToken

# To look at a member of an enumeration is a call in Python 3.11.
_OK: Final = int(HTTPStatus.OK)
# So many round trips, beside those that may have opened a connection, are enough to
# know the least time of one.
_ENOUGH: Final = 20
# A margin, as a part of the window: a later request may reach the server faster than
# any so far, by so much.
_MARGIN: Final = 0.005
# How often to check, as a part of the window, if it is unknown when a place is free.
_LOOK: Final = 1 / 32
# A wait of 0 would mean that there is a place.
_LEAST_WAIT_SECONDS: Final = 1e-4


class Pace(Struct, frozen=True):
    """What a rate limit does to a run.

    Attributes:
        waited_seconds: How long requests have waited for it so far.
        is_waiting: Whether one waits for it now.
        most_per_second: How many requests a second it allows in the long run.
    """

    waited_seconds: float
    is_waiting: bool
    most_per_second: float


class RateLimiter:
    """Lets at most `limit` requests reach a server in any window of time.

    A request reaches the server between its sending and its response, and at least the
    time of the way back before the response. Its place is held for one window from that
    latest moment. `docs/decisions/rate-limit.md` has the reasons and the proof.

    Args:
        limit: Requests per window.
        window_seconds: Length of the window.
        cancel_token: Ends the waiting.
        clock: Seconds that never go back.
    """

    def __init__(
        self,
        limit: int,
        window_seconds: float,
        cancel_token: CancelToken,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = limit
        self._window = window_seconds
        self._cancel_token = cancel_token
        self._clock = clock
        self._lock = threading.Lock()
        self._under_way = 0
        self._most_under_way = 0
        # When those requests ended that still hold their places.
        self._ended: deque[float] = deque()
        # The least time that a good response took, and how many there were.
        self._least = float("inf")
        self._answered = 0
        self._not_before = float("-inf")
        self._waiting = 0
        self._waiting_since = 0.0
        self._waited = 0.0

    @property
    def pace(self) -> Pace:
        """For how long at least one request has waited for a place, and so on."""
        with self._lock:
            is_waiting = self._waiting > 0
            current = self._clock() - self._waiting_since if is_waiting else 0.0
            most_per_second = self._limit / self._window
            return Pace(self._waited + current, is_waiting, most_per_second)

    def permit(self) -> Permit:
        """Return a permit for one request.

        Entering its context waits for it, and raises `CancelledError` if the run is to
        end; leaving the context ends the request.
        """
        return Permit(self)

    def hold(self, seconds: float) -> None:
        """Let no request begin for a time, as the server asks."""
        with self._lock:
            self._not_before = max(self._not_before, self._clock() + seconds)

    def enter(self) -> float:
        """Wait until a request may be sent, and return that moment.

        Raises:
            CancelledError: The run is to end.
        """
        self._cancel_token.check()
        with self._lock:
            now = self._clock()
            # Each waits for a place of its own, behind those that came earlier.
            wait = self._wait_seconds(now, self._waiting)
            if wait <= 0:
                return self._taken(now)
            self._waiting += 1
            if self._waiting == 1:
                self._waiting_since = now
        try:
            while True:
                self._cancel_token.wait(wait)
                with self._lock:
                    now = self._clock()
                    wait = self._wait_seconds(now, 0)
                    if wait <= 0:
                        return self._taken(now)
        finally:
            with self._lock:
                self._waiting -= 1
                if not self._waiting:
                    self._waited += self._clock() - self._waiting_since

    def leave(self, permit: Permit) -> None:
        """Note that a request has ended."""
        with self._lock:
            now = self._clock()
            self._under_way -= 1
            if permit.status == _OK:
                self._least = min(self._least, now - permit.sent_at)
                self._answered += 1
                self._ended.append(now)
            else:
                # A refusal, or no response at all, says nothing about the way back.
                self._ended.append(now + self._way_back())

    def _taken(self, now: float) -> float:
        self._under_way += 1
        self._most_under_way = max(self._most_under_way, self._under_way)
        return now

    def _wait_seconds(self, now: float, ahead: int) -> float:
        """Return how long there is no place for one more request, 0 if there is.

        Args:
            now: The present moment.
            ahead: How many others will have taken a place before.
        """
        if now < self._not_before:
            return self._not_before - now
        held = self._window - self._way_back()
        while self._ended and self._ended[0] + held <= now:
            self._ended.popleft()
        lacking = self._under_way + len(self._ended) + ahead - self._limit
        if lacking < 0:
            return 0.0
        if lacking < len(self._ended):
            return max(self._ended[lacking] + held - now, _LEAST_WAIT_SECONDS)
        # One of the requests in flight must end first.
        return max(held, self._window * _LOOK)

    def _way_back(self) -> float:
        """Return how long before its response a request has reached the server."""
        # Each new connection has slowed down one of the requests.
        if self._answered < self._most_under_way + _ENOUGH:
            return 0.0
        return max(0.0, self._least - self._window * _MARGIN)


class Permit(Struct):
    """One request that counts against the rate limit, while its context lasts.

    Attributes:
        limiter: What it counts against.
        sent_at: When the request began, by the limiter's clock.
        status: The status of the response, to be set when it has come.
    """

    limiter: RateLimiter
    sent_at: float = 0.0
    status: int | None = None

    def __enter__(self) -> Self:
        """Wait for the permit; raises `CancelledError` if the run is to end."""
        self.sent_at = self.limiter.enter()
        return self

    def __exit__(self, *exc_info: object) -> None:
        """End the request; its place becomes free a window later, or a bit earlier."""
        self.limiter.leave(self)
