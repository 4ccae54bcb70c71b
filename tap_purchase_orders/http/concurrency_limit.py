"""Limits the number of concurrent requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from tap_purchase_orders.concurrency.semaphore import Semaphore

if TYPE_CHECKING:
    from typing import Self

    from tap_purchase_orders.concurrency.cancellation import CancelToken


class ConcurrencyLimiter(Semaphore):
    """Limits the requests in flight, to fewer while a server is overloaded.

    A request that the server could not serve, or not in time, halves the limit, once
    for all requests in flight; each round of responses raises it by one.

    Args:
        most: The highest limit.
        cancel_token: Ends the waiting.
    """

    def __init__(self, most: int, cancel_token: CancelToken) -> None:
        super().__init__(most, cancel_token)
        self._most = most
        self._answered = 0
        self.halvings = 0

    def slot(self) -> Slot:
        """Return a slot for one request.

        Entering its context waits for the slot, and raises `CancelledError` if the run
        is to end; leaving the context ends the request.
        """
        return Slot(self)

    def end(self, slot: Slot) -> None:
        """Adjust the limit by the outcome of a request, and free its slot."""
        with self._lock:
            if slot.is_served is False and slot.halvings == self.halvings:
                self.halvings += 1
                self._limit = max(1, self._limit // 2)
                self._answered = 0
            elif slot.is_served and self._limit < self._most:
                self._answered += 1
                if self._answered >= self._limit:
                    self._limit += 1
                    self._answered = 0
            self._leave()


class Slot(Struct):
    """One of the requests in flight, while its context lasts.

    Attributes:
        concurrency_limiter: What limits them.
        halvings: How often the limit had been halved when it began.
        is_served: To be set when it is known whether the server could serve it.
    """

    concurrency_limiter: ConcurrencyLimiter
    halvings: int = 0
    is_served: bool | None = None

    def __enter__(self) -> Self:
        """Wait for the slot; raises `CancelledError` if the run is to end."""
        self.halvings = self.concurrency_limiter.enter().halvings
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Free the slot."""
        self.concurrency_limiter.end(self)
