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
    """Lets so many in at once; who came first goes first.

    A lock of the standard library would stop the whole event loop while one of its
    tasks waits. Used as a context.

    Args:
        limit: How many.
        cancel_token: Ends the waiting.
    """

    def __init__(self, limit: int, cancel_token: CancelToken) -> None:
        self._limit = limit
        self._cancel_token = cancel_token
        self._lock = threading.Lock()
        self._count = 0
        # Those of the ones who wait, the first first.
        self._line: deque[Event] = deque()

    def enter(self) -> None:
        """Wait to be let in.

        Raises:
            CancelledError: The run is to end.
        """
        with self._lock:
            if not self._line and self._count < self._limit:
                self._count += 1
                return
            event = Event()
            self._line.append(event)
        try:
            self._cancel_token.wait_for(event)
        except BaseException:
            with self._lock:
                if event in self._line:
                    self._line.remove(event)
                else:
                    self._leave()
            raise

    def leave(self) -> None:
        """Let the next one in."""
        with self._lock:
            self._leave()

    def _leave(self) -> None:
        self._count -= 1
        while self._line and self._count < self._limit:
            self._count += 1
            self._line.popleft().set()

    def __enter__(self) -> Self:
        """Wait to be let in; raises `CancelledError` when the run is to end."""
        self.enter()
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Let the next one in."""
        self.leave()
