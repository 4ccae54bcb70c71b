"""An event loop over libcurl on one thread, with a greenlet for each task.

Python does one thing at a time. As many threads as there are requests in flight would
mostly hand over to each other. So each task is a greenlet, which gives way while it
waits, and libcurl's multi interface has all transfers. The thread that writes is
another one: who reads slowly keeps no answer waiting.
"""

from __future__ import annotations

import os
import select
import threading
import time
from collections import deque
from contextlib import suppress
from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING, Final

import pycurl
from greenlet import getcurrent, greenlet

if TYPE_CHECKING:
    from collections.abc import Callable

# More connections than there may be requests in flight, so that none is closed that is
# of use again.
_MOST_KEPT: Final = 512
# The library may wait for what has no socket, the address of a host for one.
_LOOK_SECONDS: Final = 0.1
# Where many answers have come at once, requests that follow them are sent off while
# the rest of these are read.
_SEND_SECONDS: Final = 0.002
_WAKING: Final = b"!"

_here = threading.local()
_making = threading.Lock()
# One at most.
_made: list[EventLoop] = []


class EventLoop:
    """Runs tasks on a thread of its own, until the program ends."""

    def __init__(self) -> None:
        # Those of which something is under way.
        self._active: set[Transfers] = set()
        self._begun: deque[Callable[[], None]] = deque()
        self._rung: deque[Event] = deque()
        # By the time at which they are not waited for any longer.
        self._patience: list[tuple[float, int, Event]] = []
        self._serial = count()
        self._error: BaseException | None = None
        self._is_asleep = False
        self._ear, self._alarm = os.pipe()
        os.set_blocking(self._ear, False)
        os.set_blocking(self._alarm, False)
        self._hub: greenlet
        threading.Thread(target=self._run, name="asking", daemon=True).start()

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
        transfers.add(handle)
        code: int = self._hub.switch()
        return code

    def wait(self, event: Event, seconds: float | None) -> None:
        """Let others go on until a bell is rung, or the time is up; for tasks only."""
        if seconds is not None:
            ends_at = time.monotonic() + seconds
            heappush(self._patience, (ends_at, next(self._serial), event))
        event.task = getcurrent()
        self._hub.switch()

    def notified(self, event: Event) -> None:
        """Let the task go on that waits for a bell; for any thread."""
        self._rung.append(event)
        self._wake()

    def _wake(self) -> None:
        # Who falls asleep says so before a last look at what there is to do.
        if self._is_asleep:
            with suppress(BlockingIOError):
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
        except BaseException as error:  # noqa: BLE001  # raised by those who wait
            self._error = error

    def _turn(self) -> None:
        while True:
            while self._begun:
                greenlet(self._begun.popleft()).switch()
            while self._rung:
                _go_on(self._rung.popleft())
            while self._patience and self._patience[0][0] <= time.monotonic():
                _go_on(heappop(self._patience)[2])
            if not self._transfer():
                self._sleep()

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
            if self._begun or self._rung:
                return
            reading, writing = [self._ear], []
            for transfers in self._active:
                for_reading, for_writing, _ = transfers.multi.fdset()
                reading += for_reading
                writing += for_writing
            found, _, _ = select.select(reading, writing, (), self._longest_sleep())
        finally:
            self._is_asleep = False
        if self._ear in found:
            os.read(self._ear, select.PIPE_BUF)

    def _longest_sleep(self) -> float | None:
        """Return after what time to look again, none if only others know."""
        times = [transfers.longest_sleep() for transfers in self._active]
        if self._patience:
            times.append(max(0.0, self._patience[0][0] - time.monotonic()))
        return min(times, default=None)


class Transfers:
    """The transfers to one server, over connections that are kept open; for tasks.

    Attributes:
        multi: The library's own.
    """

    def __init__(self) -> None:
        self.multi = pycurl.CurlMulti()
        self.multi.setopt(pycurl.M_MAXCONNECTS, _MOST_KEPT)
        self._under_way: dict[pycurl.Curl, greenlet] = {}
        self._sent_at = 0.0
        self._is_closing = False

    @property
    def are_under_way(self) -> bool:
        """Whether there are any."""
        return bool(self._under_way)

    def add(self, handle: pycurl.Curl) -> None:
        """Begin one; the task that runs goes on when it has ended."""
        self._under_way[handle] = getcurrent()
        self.multi.add_handle(handle)

    def go_on(self) -> bool:
        """Send and receive what can be; return whether a transfer has ended."""
        self._send()
        has_ended = False
        left = 1
        while left:
            left, good, bad = self.multi.info_read()
            for handle in good:
                self._end(handle, 0)
            for handle, code, _ in bad:
                self._end(handle, code)
            has_ended = has_ended or bool(good or bad)
        if self._is_closing:
            self.close()
        return has_ended

    def _send(self) -> None:
        self.multi.perform()
        self._sent_at = time.monotonic()

    def _end(self, handle: pycurl.Curl, code: int) -> None:
        self.multi.remove_handle(handle)
        self._under_way.pop(handle).switch(code)
        if time.monotonic() - self._sent_at > _SEND_SECONDS:
            self._send()

    def longest_sleep(self) -> float:
        """Return after what time to look again, though nothing has come."""
        wait: int = self.multi.timeout()
        return min(wait / 1000, _LOOK_SECONDS) if wait >= 0 else _LOOK_SECONDS

    def close(self) -> None:
        """Close the connections, once nothing is under way."""
        self._is_closing = True
        if not self._under_way:
            self.multi.close()


class Event:
    """Is rung once; who waits for it goes on, be it a task of a loop or a thread.

    To be made by the one who waits.

    Attributes:
        is_set: Whether it was rung.
        task: The loop's own.
    """

    __slots__ = ("_lock", "_loop", "is_set", "task")

    def __init__(self) -> None:
        self.is_set = False
        self.task: greenlet | None = None
        self._loop = running_event_loop()
        # Held until it is rung. A signal's handler may ring whatever it interrupts:
        # nothing but a bare lock can be used while it is being used.
        self._lock = threading.Lock()
        self._lock.acquire()

    def set(self) -> None:
        """Let the one who waits go on; for any thread."""
        self.is_set = True
        if self._loop is not None:
            self._loop.notified(self)
            return
        # It may have been rung before.
        with suppress(RuntimeError):
            self._lock.release()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it is rung; return whether it was.

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
