"""How many requests may be under way at once."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from tap_purchase_orders.asking.concurrency import Concurrency
from tap_purchase_orders.asking.loop import Bell, asking_loop

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from tap_purchase_orders.asking.stop import Stop


class InFlight:
    """Lets as many requests be under way as are of use, however many would ask.

    Those who read the lists of what is to be asked for ask themselves, beside those
    who do the rest. Who came first goes first.

    Attributes:
        clock: Seconds that never go back.

    Args:
        limit: Requests at once, at most.
        stop: Ends the waiting.
        clock: As above. By default, seconds in which nothing was left to do but wait:
            answers that wait for us say nothing about the server.
    """

    def __init__(
        self, limit: int, stop: Stop, clock: Callable[[], float] | None = None
    ) -> None:
        self._concurrency = Concurrency(limit)
        self._stop = stop
        self.clock = clock or asking_loop().idle_seconds
        self._lock = threading.Lock()
        self._under_way = 0
        # Those of the ones who wait, the first first.
        self._line: deque[Bell] = deque()

    def place(self) -> Flight:
        """Return a place for one request.

        Entering its context waits for it, and raises `StoppedError` if asking is to
        end; leaving the context is the end of the request.
        """
        return Flight(self)

    def enter(self) -> None:
        """Wait for a place.

        Raises:
            StoppedError: Asking is to end.
        """
        with self._lock:
            if not self._line and self._under_way < self._concurrency.limit:
                self._under_way += 1
                return
            turn = Bell()
            self._line.append(turn)
        try:
            self._stop.wait_for(turn)
        except BaseException:
            with self._lock:
                if turn in self._line:
                    self._line.remove(turn)
                else:
                    self._give_back()
            raise

    def leave(self, flight: Flight) -> None:
        """Take in that a request has ended."""
        with self._lock:
            if flight.is_answered:
                self._concurrency.answered(flight.sent_at, self.clock())
            elif flight.is_troubled:
                self._concurrency.troubled(flight.sent_at, self.clock())
            self._give_back()

    def _give_back(self) -> None:
        self._under_way -= 1
        while self._line and self._under_way < self._concurrency.limit:
            self._under_way += 1
            self._line.popleft().ring()


class Flight:
    """The place of one request among those under way, while its context lasts.

    Attributes:
        sent_at: When the request began, by the clock of `InFlight`.
        is_answered: To be set when it was answered.
        is_troubled: To be set when the server could not serve it, or not in time.
    """

    __slots__ = ("_in_flight", "is_answered", "is_troubled", "sent_at")

    def __init__(self, in_flight: InFlight) -> None:
        self._in_flight = in_flight
        self.sent_at = 0.0
        self.is_answered = False
        self.is_troubled = False

    def begin(self) -> None:
        """Take in that the request is now sent: what it has waited for is over."""
        self.sent_at = self._in_flight.clock()

    def __enter__(self) -> Self:
        """Wait for the place.

        Raises:
            StoppedError: Asking is to end.
        """
        self._in_flight.enter()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give the place back."""
        self._in_flight.leave(self)
