"""Limits the number of concurrent requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_purchase_orders.concurrency.event_loop import event_loop
from tap_purchase_orders.http.adaptive_concurrency import Concurrency
from tap_purchase_orders.http.semaphore import Semaphore

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from tap_purchase_orders.concurrency.cancellation import CancelToken


class ConcurrencyLimiter(Semaphore):
    """Lets as many requests be under way as are of use, however many would ask.

    Those who read the lists of what is to be asked for ask themselves, beside those
    who do the rest. Who came first goes first.

    Attributes:
        clock: Seconds that never go back.

    Args:
        limit: Requests at once, at most.
        cancel_token: Ends the waiting.
        clock: As above. By default, seconds in which nothing was left to do but wait:
            answers that wait for us say nothing about the server.
    """

    def __init__(
        self,
        limit: int,
        cancel_token: CancelToken,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._concurrency = Concurrency(limit)
        super().__init__(self._concurrency.limit, cancel_token)
        self.clock = clock or event_loop().idle_seconds

    def place(self) -> Slot:
        """Return a place for one request.

        Entering its context waits for it, and raises `CancelledError` if asking is to
        end; leaving the context is the end of the request.
        """
        return Slot(self)

    def end(self, slot: Slot) -> None:
        """Take in that a request has ended."""
        with self._lock:
            if slot.is_answered:
                self._concurrency.answered(slot.sent_at, self.clock())
            elif slot.is_overloaded:
                self._concurrency.troubled(slot.sent_at, self.clock())
            self._limit = self._concurrency.limit
            self._leave()


class Slot:
    """The place of one request among those under way, while its context lasts.

    Attributes:
        sent_at: When the request began, by the clock of `ConcurrencyLimiter`.
        is_answered: To be set when it was answered.
        is_overloaded: To be set when the server could not serve it, or not in time.
    """

    __slots__ = ("_concurrency_limiter", "is_answered", "is_overloaded", "sent_at")

    def __init__(self, concurrency_limiter: ConcurrencyLimiter) -> None:
        self._concurrency_limiter = concurrency_limiter
        self.sent_at = 0.0
        self.is_answered = False
        self.is_overloaded = False

    def begin(self) -> None:
        """Take in that the request is now sent: what it has waited for is over."""
        self.sent_at = self._concurrency_limiter.clock()

    def __enter__(self) -> Self:
        """Wait for the place.

        Raises:
            CancelledError: Asking is to end.
        """
        self._concurrency_limiter.enter()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give the place back."""
        self._concurrency_limiter.end(self)
