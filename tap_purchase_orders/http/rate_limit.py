"""A sliding-window rate limit for one resource."""

from __future__ import annotations

import heapq
import threading
import time
from collections import deque
from http import HTTPStatus
from itertools import islice
from typing import TYPE_CHECKING, Final

from tap_purchase_orders.http.allowance import Allowance
from tap_purchase_orders.http.round_trips import Longest, RoundTrips

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType
    from typing import Self

    from tap_purchase_orders.concurrency.cancellation import CancelToken

# So many round trips beside those that may have opened a connection: by then one had
# nothing in its way.
_ENOUGH: Final = 20
# What is not taken off, as part of the window: the way there may yet become quicker
# than it ever was, by so much.
_MARGIN: Final = 0.005
# How often to look, as part of the window, when nothing tells when a place comes free.
_LOOK: Final = 1 / 32
# No wait at all would be a place.
_LEAST_WAIT_SECONDS: Final = 1e-4
_REFUSED: Final = HTTPStatus.TOO_MANY_REQUESTS


class RateLimiter:
    """Lets at most `limit` requests reach a server in any window of time.

    A request reaches the server at some moment between its sending and its answer, at
    the latest so long before its answer as the way back takes. Its place is held for
    one window from that latest moment. What `docs/decisions/rate-limit.md` says about
    the way back, and the proof, is not repeated here.

    Args:
        limit: Requests per window; fewer for a while when the server refuses some.
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
        self._allowance = Allowance(limit, window_seconds)
        self._window = window_seconds
        self._margin = window_seconds * _MARGIN
        self._look = window_seconds * _LOOK
        self._cancel_token = cancel_token
        self._clock = clock
        self._lock = threading.Lock()
        self._under_way = 0
        self._most_under_way = 0
        # How many places were taken and not given back: those of requests under way,
        # and of the ended ones that may still count.
        self._places = 0
        # Requests under way that may give their places back before they are answered,
        # in the order of their sending.
        self._slow: deque[Permit] = deque()
        # A refusal may come much quicker than what was asked for.
        self._by_status: dict[int | None, _Alike] = {}
        self._round_trips = RoundTrips()
        self._longest = Longest()
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

    def place(self) -> Permit:
        """Return a place for one request.

        Entering its context waits for it, and raises `CancelledError` if the run is to
        end; leaving the context is the end of the request.
        """
        return Permit(self)

    def hold(self, seconds: float) -> None:
        """Let no request begin for a time: the server asked for it."""
        with self._lock:
            self._not_before = max(self._not_before, self._clock() + seconds)

    def enter(self, place: Permit) -> None:
        """Wait until a request may be sent.

        Raises:
            CancelledError: The run is to end.
        """
        self._cancel_token.check()
        with self._lock:
            now = self._clock()
            # Each waits for a place of its own, behind those who came before.
            wait = self._wait_seconds(now, self._waiting)
            if wait <= 0:
                self._take(place, now)
                return
            self._waiting += 1
            if self._waiting == 1:
                self._waiting_since = now
        try:
            while wait > 0:
                self._cancel_token.wait(wait)
                with self._lock:
                    now = self._clock()
                    wait = self._wait_seconds(now, 0)
                    if wait <= 0:
                        self._take(place, now)
        finally:
            with self._lock:
                self._waiting -= 1
                if not self._waiting:
                    self._waited += self._clock() - self._waiting_since

    def leave(self, place: Permit) -> None:
        """Take in that a request has ended."""
        with self._lock:
            now = self._clock()
            self._under_way -= 1
            status = place.status
            alike = self._by_status.get(status)
            if alike is None:
                alike = self._by_status[status] = _Alike()
            if status == _REFUSED:
                self._allowance.refused(place.sent_at, now)
            elif status is not None:
                seconds = now - place.sent_at
                # Most say nothing new.
                if seconds < alike.least or not alike.are_enough:
                    # Each connection that was opened has slowed down one of them.
                    enough = self._most_under_way + _ENOUGH
                    alike.add(seconds, enough)
                    self._round_trips.add(seconds, enough)
                if seconds > self._window:
                    self._longest.add(now, seconds)
            if place.holds:
                place.holds = False
                alike.ended.append(now)

    def _take(self, place: Permit, now: float) -> None:
        place.sent_at = now
        place.holds = True
        self._places += 1
        self._under_way += 1
        self._most_under_way = max(self._most_under_way, self._under_way)
        if self._round_trips.least > self._window and self._is_slow():
            self._slow.append(place)

    def _wait_seconds(self, now: float, ahead: int) -> float:
        """Return how long there is no place for one more request, 0 if there is.

        Args:
            now: The present moment.
            ahead: How many others will have taken a place before.
        """
        if now < self._not_before:
            return self._not_before - now
        most = self._allowance.at(now) - ahead
        if self._places < most:
            return 0.0
        self._give_back(now)
        lacking = self._places - most
        if lacking < 0:
            return 0.0
        if self._slow:
            # An answer may come at any moment, and gives its place back at once.
            place = self._slow[min(lacking, len(self._slow) - 1)]
            until_free = min(self._latest(place) + self._window - now, self._look)
        else:
            free_at = next(islice(self._free_times(), lacking, None), None)
            if free_at is not None:
                until_free = free_at - now
            else:
                # One of those under way must be answered first; its place is then held
                # for a window, but for the way back.
                until_free = self._window - self._credit(self._round_trips)
                until_free = max(until_free, self._look)
        return max(until_free, _LEAST_WAIT_SECONDS)

    def _give_back(self, now: float) -> None:
        """Give back the places that are not needed any more."""
        for alike in self._by_status.values():
            credit = self._credit(alike)
            ended = alike.ended
            while ended and ended[0] - credit + self._window <= now:
                ended.popleft()
                self._places -= 1
        self._longest.look_at(now)
        while self._slow:
            first = self._slow[0]
            is_late = now >= first.sent_at + self._longest.seconds
            if first.holds and not is_late:
                # While it is not late itself, it was no later on its way than the
                # latest of the others.
                if now < self._latest(first) + self._window or not self._is_slow():
                    return
                first.holds = False
                self._places -= 1
            self._slow.popleft()

    def _free_times(self) -> Iterator[float]:
        """Return in order from when on each of the ended requests needs no place."""
        return heapq.merge(*map(self._free_times_of, self._by_status.values()))

    def _free_times_of(self, alike: _Alike) -> Iterator[float]:
        # A quicker round trip since they ended says more about their way back, too.
        credit = self._credit(alike)
        return (ended_at - credit + self._window for ended_at in alike.ended)

    def _latest(self, place: Permit) -> float:
        """Return when a request has reached the server that is as late as any."""
        latest = place.sent_at + self._longest.seconds
        return latest - self._round_trips.least + self._margin

    def _credit(self, trips: RoundTrips) -> float:
        """Return how long before its answer a request has reached the server."""
        return max(0.0, trips.least - self._margin) if trips.are_enough else 0.0

    def _is_slow(self) -> bool:
        """Return whether every answer takes longer than a window."""
        return self._credit(self._round_trips) > self._window


class Permit:
    """The place of one request in an allowance, while its context lasts.

    Attributes:
        sent_at: When the request began, by the limiter's clock.
        status: The status of the answer, to be set when it has come.
        holds: Whether the place is held; the limiter's own.
    """

    __slots__ = ("_limiter", "holds", "sent_at", "status")

    def __init__(self, limiter: RateLimiter) -> None:
        self._limiter = limiter
        self.sent_at = 0.0
        self.status: int | None = None
        self.holds = False

    def __enter__(self) -> Self:
        """Wait for the place.

        Raises:
            CancelledError: The run is to end.
        """
        self._limiter.enter(self)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give the place back, a window from now or somewhat earlier."""
        self._limiter.leave(self)


class _Alike(RoundTrips):
    """The requests that were answered in the same way, or not at all.

    Attributes:
        ended: When those have ended that still hold a place.
    """

    __slots__ = ("ended",)

    def __init__(self) -> None:
        super().__init__()
        self.ended: deque[float] = deque()
