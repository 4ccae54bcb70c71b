"""What may be slow and cannot be woken, on a thread of its own."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Generic, TypeVar

from tap_purchase_orders.concurrency.event_loop import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from tap_purchase_orders.concurrency.cancellation import CancelToken

T = TypeVar("T")

# How many items are read before they are taken.
_MOST_AHEAD = 256
# How long to wait for an iterator to close its files and connections.
_CLOSE_SECONDS = 5.0


def in_background(function: Callable[[], T], cancel_token: CancelToken) -> T:
    """Return what a function returns that may wait for a file or a network.

    Args:
        function: What to call.
        cancel_token: Ends the waiting; the thread is then left to itself.

    Raises:
        CancelledError: The run is to end.
    """
    with closing(
        iterate_in_background(lambda: iter([function()]), cancel_token)
    ) as results:
        return next(results)


def iterate_in_background(
    iterate: Callable[[], Iterator[T]], cancel_token: CancelToken
) -> Generator[T, None, None]:
    """Yield what an iterator gives that may wait for a file or a network.

    Args:
        iterate: Makes the iterator, on its thread.
        cancel_token: Ends the waiting; the thread is then left to itself.

    Raises:
        CancelledError: The run is to end.
    """
    reading = _Reading(iterate)
    try:
        while True:
            try:
                yield reading.items.popleft()
            except IndexError:
                if not reading.has_ended:
                    cancel_token.wait_for(reading.news())
                elif not reading.items:
                    break
            reading.call()
        if reading.error is not None:
            raise reading.error
    finally:
        reading.close(0.0 if cancel_token.is_cancelled else _CLOSE_SECONDS)


class _Reading(Generic[T]):
    """An iterator at work on its thread.

    Attributes:
        items: What it gave, until it is taken.
        has_ended: Whether nothing more will come.
        error: What it raised.
    """

    def __init__(self, iterate: Callable[[], Iterator[T]]) -> None:
        self.items: deque[T] = deque()
        self.has_ended = False
        self.error: Exception | None = None
        self._iterate = iterate
        self._is_closed = False
        self._awaited: Event | None = None
        self._room = threading.Event()
        self._thread = threading.Thread(target=self._run, name="source", daemon=True)
        self._thread.start()

    def news(self) -> Event:
        """Return the event that is set when there is an item, or no more will come."""
        event = Event()
        self._awaited = event
        # Only now: what comes from here on rings this one.
        if self.items or self.has_ended:
            event.set()
        return event

    def call(self) -> None:
        """Have it go on if it waits for room."""
        if len(self.items) < _MOST_AHEAD // 2 and not self._room.is_set():
            self._room.set()

    def close(self, seconds: float) -> None:
        """End the reading, and wait for that."""
        self._is_closed = True
        self._room.set()
        self._thread.join(seconds)

    def _run(self) -> None:
        try:
            items = self._iterate()
            try:
                for item in items:
                    self._give(item)
                    if self._is_closed:
                        break
            finally:
                # Not all iterators can be closed.
                with suppress(AttributeError):
                    items.close()  # type: ignore[attr-defined]
        except Exception as error:  # noqa: BLE001  # raised where the items are taken
            self.error = error
        self.has_ended = True
        self._ring()

    def _give(self, item: T) -> None:
        self.items.append(item)
        self._ring()
        while len(self.items) >= _MOST_AHEAD and not self._is_closed:
            self._room.clear()
            # Only now: it may just have been taken.
            if len(self.items) >= _MOST_AHEAD and not self._is_closed:
                self._room.wait()

    def _ring(self) -> None:
        event, self._awaited = self._awaited, None
        if event is not None:
            event.set()
