"""Tasks of a loop, and threads, that wait for each other: never for ever."""

from __future__ import annotations

import sys
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from tap_purchase_orders.concurrency.cancellation import CancelToken
from tap_purchase_orders.concurrency.event_loop import Event, event_loop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

# How long a test waits for another before it is called broken.
PATIENCE_SECONDS = 30.0


class Gate:
    """Lets nobody pass before it is opened, and everybody after."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._is_open = False

    def open(self) -> None:
        """Let all pass; for anyone."""
        self._is_open = True
        for event in list(self._events):
            event.set()

    def wait(self) -> None:
        """Wait until it is open."""
        event = Event()
        self._events.append(event)
        # Only now: whoever opens it from here on rings this one.
        if not self._is_open:
            assert event.wait(PATIENCE_SECONDS)


class Meeting:
    """Lets all go on once as many have come as are expected.

    Args:
        count: How many. Those who come later go on at once.
    """

    def __init__(self, count: int) -> None:
        # One for each who is to come: to take one out is one step, for any thread.
        self._expected = [None] * count
        self._gate = Gate()

    def come(self) -> None:
        """Come, and go on when all have come."""
        self.come_by()
        self._gate.wait()

    def come_by(self) -> None:
        """Come, and wait for nobody."""
        if self._expected:
            self._expected.pop()
        if not self._expected:
            self._gate.open()

    def wait(self) -> None:
        """Wait until all have come, without being one of them."""
        self._gate.wait()


def begun(task: Callable[[], T]) -> Future[T]:
    """Have a task done on the loop; return what will come of it."""
    future: Future[T] = Future()

    def do() -> None:
        try:
            future.set_result(task())
        except BaseException as error:  # noqa: BLE001  # raised where it is awaited
            future.set_exception(error)

    event_loop().begin(do)
    return future


def done(task: Callable[[], T]) -> T:
    """Return what comes of a task on the loop."""
    return begun(task).result(PATIENCE_SECONDS)


def settle() -> None:
    """Return when every task that need not wait any longer has gone on."""
    # A wait without a time ends behind all that was begun or rung before.
    done(lambda: CancelToken().wait(0.0))


@contextmanager
def threads_that_take_turns_quickly() -> Iterator[None]:
    """Let threads hand over to each other wherever they can, in a context."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def give(value: int) -> int:
    """Return what was given, as a task."""
    return value


def fail(value: int) -> int:
    """Raise an error that names what was given, as a task."""
    msg = f"task {value} failed"
    raise LookupError(msg)
