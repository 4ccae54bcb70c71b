"""A counting semaphore for tasks of the event loop and threads alike."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from tap_purchase_orders.concurrency.event_loop import Event

if TYPE_CHECKING:
    from typing import Self

    from tap_purchase_orders.concurrency.cancellation import CancelToken


class Semaphore:
    """A counting semaphore, first come, first served. Used as a context manager.

    A semaphore of the standard library would block the whole event loop while one of
    its tasks waits.

    Args:
        limit: How many holders there may be at once.
        cancel_token: Ends the waiting.
    """

    def __init__(self, limit: int, cancel_token: CancelToken) -> None:
        self._limit = limit
        self._cancel_token = cancel_token
        self._lock = threading.Lock()
        self._count = 0
        # Those who wait, in their order.
        self._waiting: deque[Event] = deque()

    def enter(self) -> Self:
        """Acquire it, waiting if need be.

        Raises:
            CancelledError: The run is to end.
        """
        with self._lock:
            if not self._waiting and self._count < self._limit:
                self._count += 1
                return self
            event = Event()
            self._waiting.append(event)
        try:
            self._cancel_token.wait_for(event)
        except BaseException:
            with self._lock:
                if event in self._waiting:
                    self._waiting.remove(event)
                else:
                    self._leave()
            raise
        return self

    __enter__ = enter

    def __exit__(self, *exc_info: object) -> None:
        """Release it."""
        with self._lock:
            self._leave()

    def _leave(self) -> None:
        self._count -= 1
        while self._waiting and self._count < self._limit:
            self._count += 1
            self._waiting.popleft().set()
