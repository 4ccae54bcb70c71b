"""Runs blocking calls on a thread of their own, so that waiting can be cancelled."""

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
    """Call a function that may block on a file or a network, on another thread.

    Args:
        function: What to call.
        cancel_token: Ends the waiting; the thread is then abandoned.

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
    """Iterate, on another thread, over what may block on a file or a network.

    Args:
        iterate: Makes the iterator, on that thread.
        cancel_token: Ends the waiting; the thread is then abandoned.

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
                    cancel_token.wait_for(reading.next_event())
                elif not reading.items:
                    break
            if reading.is_full:
                reading.resume()
        if reading.error is not None:
            raise reading.error
    finally:
        reading.close(0.0 if cancel_token.is_cancelled else _CLOSE_SECONDS)


class _Reading(Generic[T]):
    """A thread that iterates ahead of its consumer.

    Attributes:
        items: The items that were read and not yet taken.
        has_ended: Whether the iterator has ended.
        is_full: Whether the thread waits, or is about to, until items are taken.
        error: The error that the iterator raised.
    """

    def __init__(self, iterate: Callable[[], Iterator[T]]) -> None:
        self.items: deque[T] = deque()
        self.has_ended = False
        self.is_full = False
        self.error: Exception | None = None
        self._iterate = iterate
        self._is_closed = False
        self._awaited: Event | None = None
        self._has_space = threading.Event()
        self._thread = threading.Thread(target=self._run, name="source", daemon=True)
        self._thread.start()

    def next_event(self) -> Event:
        """Return an event that is set once there is an item, or the iterator ends."""
        event = Event()
        self._awaited = event
        # Checked after the event is in place, so that no item is missed.
        if self.items or self.has_ended:
            event.set()
        return event

    def resume(self) -> None:
        """Let the thread read on if few items are left."""
        if len(self.items) < _MOST_AHEAD // 2:
            self._has_space.set()

    def close(self, seconds: float) -> None:
        """End the reading, and wait for that."""
        self._is_closed = True
        self._has_space.set()
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
        self._notify()

    def _give(self, item: T) -> None:
        self.items.append(item)
        if self._awaited is not None:
            self._notify()
        while len(self.items) >= _MOST_AHEAD and not self._is_closed:
            self._has_space.clear()
            self.is_full = True
            # Checked again: items may have been taken meanwhile.
            if len(self.items) >= _MOST_AHEAD and not self._is_closed:
                self._has_space.wait()
            self.is_full = False

    def _notify(self) -> None:
        event, self._awaited = self._awaited, None
        if event is not None:
            event.set()
