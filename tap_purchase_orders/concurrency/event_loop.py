"""An event loop over libcurl on one thread, with a greenlet for each task.

A thread for each request in flight would cost more in switches than it gains, since
Python runs one thread at a time. So each task is a greenlet, which yields while it
waits, and libcurl's multi interface makes all transfers. Messages are written by
another thread, so that a slow reader of the output delays no response.
"""

from __future__ import annotations

import atexit
import math
import os
import select
import threading
import time
from collections import deque
from contextlib import suppress
from functools import partial
from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING, Final
from weakref import WeakSet

import pycurl
from greenlet import GreenletExit, getcurrent, greenlet

from tap_purchase_orders.concurrency.transfers import NEVER

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_purchase_orders.concurrency.transfers import Transfers

_WAKING: Final = b"!"
# How long the end of the program waits for the thread, which a library may block.
_END_SECONDS: Final = 2.0
# How often a thread that waits lets the handlers of signals run.
_LOOK_SECONDS: Final = 0.5
# How often a task is ended that waits again while it is being ended.
_MOST_ENDINGS: Final = 3
# How often others are woken, while one response comes right after the other.
_BETWEEN_CALLS_SECONDS: Final = 0.005
# What the library waits for on a socket, as `poll` has it.
_WANTED: Final = {
    pycurl.POLL_IN: select.POLLIN,
    pycurl.POLL_OUT: select.POLLOUT,
    pycurl.POLL_INOUT: select.POLLIN | select.POLLOUT,
}

_here = threading.local()
_making = threading.Lock()
# One at most.
_made: list[EventLoop] = []


class EventLoop:
    """Runs tasks on a thread of its own until it, or the program, is ended."""

    def __init__(self) -> None:
        # Those with a transfer under way, and all that ever had one.
        self._active: set[Transfers] = set()
        self._known: WeakSet[Transfers] = WeakSet()
        # The transfers that each watched socket belongs to.
        self._sockets: dict[int, Transfers] = {}
        self._tasks: set[greenlet] = set()
        self._begun: deque[Callable[[], None]] = deque()
        self._notified: deque[Event] = deque()
        self._before_sleep: list[Callable[[], None]] = []
        # When they are called next, unless there is a pause before.
        self._next_call = 0.0
        # Events with a timeout, by the time at which it ends.
        self._timeouts: list[tuple[float, int, Event]] = []
        self._serial = count()
        self._error: BaseException | None = None
        self._is_asleep = False
        self._is_ending = False
        self._wake_reader, self._wake_writer = os.pipe()
        os.set_blocking(self._wake_reader, False)
        os.set_blocking(self._wake_writer, False)
        # Unlike `select`, it takes more than 1,024 files.
        self._poll = select.poll()
        self._poll.register(self._wake_reader, select.POLLIN)
        self._hub: greenlet
        self._thread = threading.Thread(
            target=self._run, name="event loop", daemon=True
        )
        self._thread.start()

    def begin(self, task: Callable[[], None]) -> None:
        """Run a task on the loop's thread, soon; for any thread.

        Args:
            task: The task. It must not raise.
        """
        self._begun.append(task)
        self._wake()

    def perform(self, transfers: Transfers, handle: pycurl.Curl) -> int:
        """Make a transfer, and return libcurl's code for its error; for tasks only.

        Args:
            transfers: The transfers to its server.
            handle: What is ready to be performed. Its callbacks must not wait.
        """
        if transfers not in self._active:
            self._active.add(transfers)
            if transfers not in self._known:
                self._known.add(transfers)
                transfers.watch_by(partial(self._watch, transfers))
        transfers.add(handle)
        code: int = self._hub.switch()
        return code

    def wait(self, event: Event, seconds: float | None) -> None:
        """Let other tasks run until an event is set, or for a time; for tasks only."""
        if seconds is not None:
            ends_at = time.monotonic() + seconds
            heappush(self._timeouts, (ends_at, next(self._serial), event))
        event.task = getcurrent()
        self._hub.switch()

    def notified(self, event: Event) -> None:
        """Resume the task that waits for an event; for any thread."""
        self._notified.append(event)
        self._wake()

    def before_sleep(self, call: Callable[[], None]) -> None:
        """Call this once nothing is left to do but to wait; for the loop's thread.

        Whoever wakes another thread waits for that: it would take Python away from
        this one, for the first of many results. To wake one takes as long as to read
        a response, so calls that follow each other closely are made together.

        Args:
            call: What to call. It must neither wait nor raise.
        """
        self._before_sleep.append(call)

    def _watch(self, transfers: Transfers, what: int, socket: int, *_: object) -> None:
        """Watch a socket from now on, or no longer; called by the library.

        Args:
            transfers: The transfers that it belongs to.
            what: What to wait for, as the library has it.
            socket: Its file descriptor.
        """
        selection = _WANTED.get(what)
        if selection is not None:
            self._sockets[socket] = transfers
            self._poll.register(socket, selection)
        elif self._sockets.pop(socket, None) is not None:
            self._poll.unregister(socket)

    def end(self, seconds: float = _END_SECONDS) -> bool:
        """End all tasks, close all connections, end the thread; for other threads.

        Args:
            seconds: How long to wait for that.

        Returns:
            Whether all is ended.
        """
        self._is_ending = True
        with suppress(OSError):
            os.write(self._wake_writer, _WAKING)
        self._thread.join(seconds)
        if self._thread.is_alive():
            return False
        for end in (self._wake_reader, self._wake_writer):
            with suppress(OSError):
                os.close(end)
        return True

    def _wake(self) -> None:
        # The loop sets this before it looks for the last time whether there is work.
        if self._is_asleep:
            with suppress(OSError):
                os.write(self._wake_writer, _WAKING)

    def check(self) -> None:
        """Return if the thread is running; for those who wait for its results.

        Raises:
            RuntimeError: An error has ended it.
        """
        if self._error is not None:
            msg = "the thread of the event loop was ended by an error"
            raise RuntimeError(msg) from self._error

    def _run(self) -> None:
        _here.loop = self
        self._hub = getcurrent()
        try:
            self._run_tasks()
            self._end_tasks()
        except BaseException as error:  # noqa: BLE001  # raised by those who wait
            self._error = error

    def _run_tasks(self) -> None:
        while not self._is_ending:
            while self._begun:
                greenlet(self._do).switch(self._begun.popleft())
            while self._notified:
                _resume(self._notified.popleft())
            while self._timeouts and self._timeouts[0][0] <= time.monotonic():
                _resume(heappop(self._timeouts)[2])
            if not self._transfer():
                self._sleep()

    def _do(self, task: Callable[[], None]) -> None:
        here = getcurrent()
        self._tasks.add(here)
        try:
            task()
        finally:
            self._tasks.discard(here)

    def _transfer(self) -> bool:
        """Send and receive what is possible; return whether a transfer has ended."""
        has_ended = False
        for transfers in list(self._active):
            has_ended |= transfers.go_on()
            if not transfers.are_under_way:
                self._active.discard(transfers)
        return has_ended

    def _sleep(self) -> None:
        """Wait until there is something to do."""
        longest = self._longest_sleep()
        if self._before_sleep and time.monotonic() < self._next_call:
            longest = 1 if longest is None else min(1, longest)
        else:
            self._call_before_sleep()
        self._is_asleep = True
        try:
            if self._begun or self._notified or self._is_ending:
                return
            found = self._poll.poll(longest)
        finally:
            self._is_asleep = False
        if not found:
            self._call_before_sleep()
        for socket, what in found:
            if socket == self._wake_reader:
                os.read(self._wake_reader, select.PIPE_BUF)
            elif transfers := self._sockets.get(socket):
                transfers.socket_is_ready(socket, what)

    def _call_before_sleep(self) -> None:
        calls, self._before_sleep = self._before_sleep, []
        if calls:
            self._next_call = time.monotonic() + _BETWEEN_CALLS_SECONDS
        for call in calls:
            call()

    def _longest_sleep(self) -> float | None:
        """Return for how many milliseconds to sleep, none for until it is woken."""
        ends = [transfers.looks_at for transfers in self._active]
        if self._timeouts:
            ends.append(self._timeouts[0][0])
        if not ends or (first := min(ends)) == NEVER:
            return None
        # Rounded up: waking too early means waking twice.
        return max(0, math.ceil((first - time.monotonic()) * 1000))

    def _end_tasks(self) -> None:
        """End the tasks that still wait, so that each can clean up."""
        self._begun.clear()
        for _ in range(_MOST_ENDINGS):
            for task in list(self._tasks):
                task.throw(GreenletExit)
        self._call_before_sleep()
        for transfers in list(self._known):
            transfers.abandon()


class Event:
    """An event that is set once, for waiters on the event loop and on threads.

    The waiter itself must make it.

    Attributes:
        is_set: Whether it was set.
        task: The task that waits, for the loop.
    """

    __slots__ = ("_lock", "_loop", "is_set", "task")

    def __init__(self) -> None:
        self.is_set = False
        self.task: greenlet | None = None
        self._loop = running_event_loop()
        # Held until the event is set. A signal handler may set the event while the
        # thread that it has interrupted waits for it: only a bare lock allows that.
        self._lock = threading.Lock()
        self._lock.acquire()

    def set(self) -> None:
        """Wake the waiter; for any thread."""
        self.is_set = True
        if self._loop is not None:
            self._loop.notified(self)
            return
        # It may have been set before.
        with suppress(RuntimeError):
            self._lock.release()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it is set; return whether it was.

        Args:
            seconds: How long to wait at most; none: as long as it takes.
        """
        if self.is_set:
            pass
        elif self._loop is not None:
            self._loop.wait(self, seconds)
        else:
            self._wait_on_thread(seconds)
        return self.is_set

    def _wait_on_thread(self, seconds: float | None) -> None:
        ends_at = math.inf if seconds is None else time.monotonic() + seconds
        while not self.is_set and (left := ends_at - time.monotonic()) > 0:
            # A signal that comes just before the system waits does not end that.
            self._lock.acquire(timeout=min(left, _LOOK_SECONDS))


def event_loop() -> EventLoop:
    """Return the loop of this process."""
    if not _made:
        with _making:
            if not _made:
                _made.append(EventLoop())
    return _made[0]


def end_loop() -> None:
    """End the loop of this process, if there is one; a later task has a new one.

    A thread that is within libcurl or greenlet while the interpreter shuts down can
    crash the process (cpython#127893, greenlet#411).
    """
    while _made:
        _made.pop().end()


def running_event_loop() -> EventLoop | None:
    """Return the loop that the calling thread runs, if it runs one."""
    return getattr(_here, "loop", None)


def _resume(event: Event) -> None:
    """Resume the task that waits for an event, once."""
    task, event.task = event.task, None
    if task is not None:
        task.switch()


def _reset_after_fork() -> None:
    # Threads do not survive a fork.
    _made.clear()
    _making.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_making.acquire,
        after_in_parent=_making.release,
        after_in_child=_reset_after_fork,
    )

# For programs that import the tap; the command ends the loop earlier.
atexit.register(end_loop)
