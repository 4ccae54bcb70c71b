"""An event loop over libcurl on one thread, with a greenlet for each task.

Python does one thing at a time. As many threads as there are requests in flight would
mostly hand over to each other. So each task is a greenlet, which gives way while it
waits, and libcurl's multi interface has all transfers. The thread that writes is
another one: who reads slowly keeps no answer waiting.
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
from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING, Final
from weakref import WeakSet

import pycurl
from greenlet import GreenletExit, getcurrent, greenlet

if TYPE_CHECKING:
    from collections.abc import Callable

# More connections than there may be requests in flight, so that none is closed that is
# of use again.
_MOST_KEPT: Final = 512
# Where many answers have come at once, requests that follow them are sent off while
# the rest of these are read.
_SEND_SECONDS: Final = 0.002
_WAKING: Final = b"!"
# How long the end of the program waits for the thread. One that is held up in a library
# may take longer than that.
_END_SECONDS: Final = 2.0
# How often tasks that wait once more while they are ended are told again.
_MOST_ENDINGS: Final = 3
# What the library wants to know of a socket, and what there is to be told.
_WANTED: Final = {
    pycurl.POLL_IN: select.POLLIN,
    pycurl.POLL_OUT: select.POLLOUT,
    pycurl.POLL_INOUT: select.POLLIN | select.POLLOUT,
}
_FOUND: Final = (
    (select.POLLIN, pycurl.CSELECT_IN),
    (select.POLLOUT, pycurl.CSELECT_OUT),
    (select.POLLERR | select.POLLHUP | select.POLLNVAL, pycurl.CSELECT_ERR),
)

_here = threading.local()
_making = threading.Lock()
# One at most.
_made: list[EventLoop] = []
_NEVER: Final = math.inf


class EventLoop:
    """Runs tasks on a thread of its own, until it is ended or the program is."""

    def __init__(self) -> None:
        # Those of which something is under way, and all that ever had something.
        self._active: set[Transfers] = set()
        self._known: WeakSet[Transfers] = WeakSet()
        # Whose each socket is that is waited for.
        self._sockets: dict[int, Transfers] = {}
        self._tasks: set[greenlet] = set()
        self._begun: deque[Callable[[], None]] = deque()
        self._rung: deque[Event] = deque()
        # By the time at which they are not waited for any longer.
        self._patience: list[tuple[float, int, Event]] = []
        self._serial = count()
        self._error: BaseException | None = None
        self._is_asleep = False
        self._is_ending = False
        self._ear, self._alarm = os.pipe()
        os.set_blocking(self._ear, False)
        os.set_blocking(self._alarm, False)
        # Unlike `select`, it takes more than 1,024 files.
        self._poll = select.poll()
        self._poll.register(self._ear, select.POLLIN)
        self._hub: greenlet
        self._thread = threading.Thread(target=self._run, name="asking", daemon=True)
        self._thread.start()

    def begin(self, task: Callable[[], None]) -> None:
        """Have something done on the loop's thread, soon; for any thread.

        Args:
            task: What to do. It may raise nothing.
        """
        self._begun.append(task)
        self._wake()

    def perform(self, transfers: Transfers, handle: pycurl.Curl) -> int:
        """Return the code of a transfer's error, 0 if there was none; for tasks only.

        Args:
            transfers: Those to one server.
            handle: What is ready to be performed. Nothing that it calls may wait.
        """
        self._active.add(transfers)
        self._known.add(transfers)
        transfers.add(handle, self)
        code: int = self._hub.switch()
        return code

    def wait(self, event: Event, seconds: float | None) -> None:
        """Let other tasks run until an event is set, or for a time; for tasks only."""
        if seconds is not None:
            ends_at = time.monotonic() + seconds
            heappush(self._patience, (ends_at, next(self._serial), event))
        event.task = getcurrent()
        self._hub.switch()

    def notified(self, event: Event) -> None:
        """Resume the task that waits for an event; for any thread."""
        self._rung.append(event)
        self._wake()

    def watch(self, transfers: Transfers, socket: int, what: int) -> None:
        """Wait for a socket from now on, or no longer; for the loop's thread.

        Args:
            transfers: Whose it is.
            socket: Its number.
            what: What for, as the library has it.
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
            os.write(self._alarm, _WAKING)
        self._thread.join(seconds)
        if self._thread.is_alive():
            return False
        for end in (self._ear, self._alarm):
            with suppress(OSError):
                os.close(end)
        return True

    def _wake(self) -> None:
        # Who falls asleep says so before a last look at what there is to do.
        if self._is_asleep:
            with suppress(OSError):
                os.write(self._alarm, _WAKING)

    def check(self) -> None:
        """Return if the thread is there; who waits for it looks now and then.

        Raises:
            RuntimeError: It has come to a bad end.
        """
        if self._error is not None:
            msg = "the thread that asks has come to a bad end"
            raise RuntimeError(msg) from self._error

    def _run(self) -> None:
        _here.loop = self
        self._hub = getcurrent()
        try:
            self._turn()
            self._end_tasks()
        except BaseException as error:  # noqa: BLE001  # raised by those who wait
            self._error = error

    def _turn(self) -> None:
        while not self._is_ending:
            while self._begun:
                greenlet(self._do).switch(self._begun.popleft())
            while self._rung:
                _go_on(self._rung.popleft())
            while self._patience and self._patience[0][0] <= time.monotonic():
                _go_on(heappop(self._patience)[2])
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
        """Send and receive what can be; return whether a transfer has ended."""
        has_ended = False
        for transfers in list(self._active):
            has_ended |= transfers.go_on()
            if not transfers.are_under_way:
                self._active.discard(transfers)
        return has_ended

    def _sleep(self) -> None:
        """Wait until there is something to do."""
        self._is_asleep = True
        try:
            if self._begun or self._rung or self._is_ending:
                return
            found = self._poll.poll(self._longest_sleep())
        finally:
            self._is_asleep = False
        for socket, what in found:
            if socket == self._ear:
                os.read(self._ear, select.PIPE_BUF)
            elif transfers := self._sockets.get(socket):
                transfers.has_news(socket, what)

    def _longest_sleep(self) -> float | None:
        """Return after how many milliseconds to look again, none if others know."""
        ends = [transfers.looks_at for transfers in self._active]
        if self._patience:
            ends.append(self._patience[0][0])
        if not ends or (first := min(ends)) == _NEVER:
            return None
        # Rounded up: to look too early is to look twice.
        return max(0, math.ceil((first - time.monotonic()) * 1000))

    def _end_tasks(self) -> None:
        """End what is still waiting, so that nothing is left in the middle of it."""
        self._begun.clear()
        for _ in range(_MOST_ENDINGS):
            for task in list(self._tasks):
                task.throw(GreenletExit)
        for transfers in list(self._known):
            transfers.abandon()


class Transfers:
    """The transfers to one server, over connections that are kept open; for tasks.

    Attributes:
        looks_at: By when the library wants to look again, though nothing has come.
    """

    def __init__(self) -> None:
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, _MOST_KEPT)
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)
        self._loop: EventLoop | None = None
        self._under_way: dict[pycurl.Curl, greenlet] = {}
        # What came on which socket.
        self._news: list[tuple[int, int]] = []
        self.looks_at = _NEVER
        self._sent_at = 0.0
        self._has_acted = False
        self._is_closing = False
        self._is_closed = False

    @property
    def are_under_way(self) -> bool:
        """Whether there are any."""
        return bool(self._under_way)

    def add(self, handle: pycurl.Curl, loop: EventLoop) -> None:
        """Begin one; the task that runs goes on when it has ended."""
        self._loop = loop
        self._under_way[handle] = getcurrent()
        self._multi.add_handle(handle)

    def has_news(self, socket: int, found: int) -> None:
        """Take in what has come on a socket, or that something can be sent."""
        self._news.append((socket, found))

    def go_on(self) -> bool:
        """Send and receive what can be; return whether a transfer has ended."""
        if self._news:
            news, self._news = self._news, []
            for socket, found in news:
                what = 0
                for bit, meaning in _FOUND:
                    what |= meaning if found & bit else 0
                self._act(socket, what)
        self._send()
        has_ended = False
        # Those that go on may have sent something, and may have been answered.
        while self._has_acted:
            self._has_acted = False
            has_ended |= self._end_those_done()
        if self._is_closing:
            self.close()
        return has_ended

    def _send(self) -> None:
        """Do what the library wants done by now."""
        self._sent_at = time.monotonic()
        if self.looks_at <= self._sent_at:
            # Before it is called: it says anew when to call it again.
            self.looks_at = _NEVER
            self._act(pycurl.SOCKET_TIMEOUT, 0)

    def _act(self, socket: int, what: int) -> None:
        self._has_acted = True
        self._multi.socket_action(socket, what)

    def _end_those_done(self) -> bool:
        has_ended = False
        left = 1
        while left:
            left, good, bad = self._multi.info_read()
            for handle in good:
                self._end(handle, 0)
            for handle, code, _ in bad:
                self._end(handle, code)
            has_ended = has_ended or bool(good or bad)
        return has_ended

    def _end(self, handle: pycurl.Curl, code: int) -> None:
        self._multi.remove_handle(handle)
        self._under_way.pop(handle).switch(code)
        if time.monotonic() - self._sent_at > _SEND_SECONDS:
            self._send()

    def _watch(self, what: int, socket: int, *_: object) -> int:
        """Take in what the library waits for; called by it."""
        if self._loop is not None:
            self._loop.watch(self, socket, what)
        return 0

    def _set_timer(self, milliseconds: int) -> int:
        """Take in when the library is to be called at the latest; called by it."""
        is_set = milliseconds >= 0
        self.looks_at = time.monotonic() + milliseconds / 1000 if is_set else _NEVER
        return 0

    def close(self) -> None:
        """Close the connections, once nothing is under way."""
        self._is_closing = True
        if not (self._under_way or self._is_closed):
            self._is_closed = True
            self._multi.close()

    def abandon(self) -> None:
        """Close the connections at once, whatever is under way."""
        for handle in list(self._under_way):
            self._multi.remove_handle(handle)
        self._under_way.clear()
        self.close()


class Event:
    """An event that is set once, for waiters on the event loop and on threads.

    To be made by the one who waits.

    Attributes:
        is_set: Whether it was set.
        task: The loop's own.
    """

    __slots__ = ("_lock", "_loop", "is_set", "task")

    def __init__(self) -> None:
        self.is_set = False
        self.task: greenlet | None = None
        self._loop = running_event_loop()
        # Held until it is set. A signal's handler may set what it has interrupted:
        # nothing but a bare lock can be used while it is being used.
        self._lock = threading.Lock()
        self._lock.acquire()

    def set(self) -> None:
        """Let the one who waits go on; for any thread."""
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
            self._lock.acquire(timeout=-1 if seconds is None else seconds)
        return self.is_set


def event_loop() -> EventLoop:
    """Return the loop of this process."""
    if not _made:
        with _making:
            if not _made:
                _made.append(EventLoop())
    return _made[0]


def end_loop() -> None:
    """End the loop of this process, if there is one; a later task has a new one.

    A thread that is within libcurl or greenlet while the interpreter takes itself apart
    can bring the whole process down (cpython#127893, greenlet#411).
    """
    while _made:
        _made.pop().end()


def running_event_loop() -> EventLoop | None:
    """Return the loop whose thread this is, if it is one's."""
    return getattr(_here, "loop", None)


def _go_on(event: Event) -> None:
    """Let a task go on, unless that has been done before."""
    task, event.task = event.task, None
    if task is not None:
        task.switch()


def _begin_anew() -> None:
    # A thread is not there in a process that was forked.
    _made.clear()
    _making.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_making.acquire,
        after_in_parent=_making.release,
        after_in_child=_begin_anew,
    )

# For those who use it in a program of their own; the command does not wait for this.
atexit.register(end_loop)
