"""Runs tasks concurrently and yields their results in order."""

from __future__ import annotations

import time
from collections import deque
from contextlib import suppress
from functools import partial
from itertools import islice
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from tap_purchase_orders.concurrency.event_loop import (
    event_loop,
    running_event_loop,
)
from tap_purchase_orders.errors import CancelledError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_purchase_orders.concurrency.cancellation import CancelToken

Result = TypeVar("Result")

# Enough to keep all workers busy while the consumer is behind. More would use memory,
# and make requests in vain when the consumer stops early.
_AHEAD_PER_WORKER = 4
_MANY_AHEAD = 48
_LEAST_AHEAD_PER_WORKER = 2
# While the results that wait have more bytes than this, no task is begun.
_MOST_WAITING_BYTES = 16 * 1024 * 1024
# Tasks are begun in batches of this part of the window: waking the workers costs more
# than keeping a few results.
_PARTS = 4
# How often a waiting consumer checks whether the run is cancelled.
_LOOK_SECONDS = 0.5
# How long requests in flight may still take once the run is cancelled: it has to end
# within 10 seconds of a signal.
_GRACE_SECONDS = 8.0
# How many tasks are begun beside the others when these get no response.
_FARTHEST = 2


def ordered_map(
    tasks: Iterable[Callable[[], Result]],
    *,
    workers: int,
    cancel_token: CancelToken,
    before_waiting: Callable[[], None] = lambda: None,
    weigh: Callable[[Result], int] = lambda _: 0,
) -> Iterator[Result]:
    """Yield what each task returns, in the order of the tasks.

    At most `workers` tasks are under way, and a few more results wait to be taken.
    The tasks are taken from their iterable on the caller's thread, and called on that
    of the event loop, where they yield to each other while they wait.

    Args:
        tasks: What to do. An error in a task is raised in place of its result; one in
            the iterable, after the results of all tasks before it.
        workers: How many tasks are under way at once, at most.
        cancel_token: Once cancelled, no task is begun. Results of those that are under
            way are still yielded; the others are left out. Then its reason is raised,
            if it has one. It is cancelled here when a task raises an error.
        before_waiting: Called on the caller's thread whenever it is about to wait, and
            twice a second while it does.
        weigh: Returns about how many bytes a result holds: of large ones fewer wait.
    """
    window = _Window(tasks, workers, cancel_token, weigh)
    most = min(_AHEAD_PER_WORKER * workers, _MANY_AHEAD)
    most = max(most, _LEAST_AHEAD_PER_WORKER * workers)
    _open_windows.add(window)
    try:
        window.fill(most)
        while window.pending:
            queued = window.pending.popleft()
            if not queued.is_done:
                before_waiting()
                window.wait_for(queued, before_waiting)
            if queued.error is not None:
                window.check(queued.error)
                continue
            result = queued.result
            window.taken(queued)
            if (room := most - len(window.pending)) >= most // _PARTS:
                window.fill(room)
            yield result
        window.raise_reason()
    except BaseException:
        # No more results are taken: what still waits need not wait.
        cancel_token.cancel()
        raise
    finally:
        _open_windows.discard(window)
        window.leave_out()


def begin_last_tasks(cancel_token: CancelToken) -> None:
    """Begin the last tasks of the window, beside those under way; for the event loop.

    Args:
        cancel_token: That of the tasks.
    """
    for window in list(_open_windows):
        window.begin_last_tasks(cancel_token)


class _QueuedTask(Generic[Result]):
    """One task, and what came of it.

    Attributes:
        task: What to do.
        result: What it returned, once it is done.
        error: What it raised instead, or `CancelledError` if it was not begun.
        is_done: Whether one of these is there.
        weight: About how many bytes the result holds.
    """

    __slots__ = ("error", "is_done", "result", "task", "weight")

    result: Result

    def __init__(self, task: Callable[[], Result]) -> None:
        self.task = task
        self.error: BaseException | None = None
        self.is_done = False
        self.weight = 0


class _Window(Generic[Result]):
    """The tasks that were taken and whose results are not yet yielded.

    Two queues and no lock connect the two threads: a worker that has finished a task
    takes the next one at once, and the consumer is woken only for the result that it
    waits for.
    """

    def __init__(
        self,
        tasks: Iterable[Callable[[], Result]],
        workers: int,
        cancel_token: CancelToken,
        weigh: Callable[[Result], int],
    ) -> None:
        self.pending: deque[_QueuedTask[Result]] = deque()
        self._source_error: Exception | None = None
        self._source = iter(tasks)
        self._workers = workers
        self._weigh = weigh
        # The loop's thread alone counts the workers and the bytes of results; the
        # consumer's thread alone, the bytes that were taken.
        self._working = 0
        self._is_starting = False
        self._done_bytes = 0
        self._taken_bytes = 0
        self._cancel_token = cancel_token
        self._to_do: deque[_QueuedTask[Result]] = deque()
        self._awaited: _QueuedTask[Result] | None = None
        self._done: SimpleQueue[_QueuedTask[Result]] = SimpleQueue()
        self._has_failed = False
        self._ends_at: float | None = None

    def fill(self, count: int) -> None:
        """Take and begin more tasks, unless the run is to end."""
        if self._cancel_token.is_cancelled or self._source_error is not None:
            return
        try:
            for task in islice(self._source, count):
                queued = _QueuedTask(task)
                self.pending.append(queued)
                self._to_do.append(queued)
                # Now, since the iterable may block before the next one.
                if self._working < self._workers:
                    self._start_workers()
        except CancelledError:
            pass
        except Exception as error:  # noqa: BLE001  # raised after the results before
            self._source_error = error

    def taken(self, queued: _QueuedTask[Result]) -> None:
        """Note that the consumer has taken a result."""
        self._taken_bytes += queued.weight
        if self._working < self._workers:
            self._start_workers()

    def _start_workers(self) -> None:
        """Start more workers, if there is something to do for them."""
        if self._to_do and not self._is_starting and not self._is_full:
            self._is_starting = True
            event_loop().begin(self._begin_workers)

    @property
    def _is_full(self) -> bool:
        """Whether the results that wait are too large for more."""
        return self._done_bytes - self._taken_bytes > _MOST_WAITING_BYTES

    def check(self, error: BaseException) -> None:
        """Return if an error is one of the end of the run, else raise it."""
        if not isinstance(error, CancelledError) and error is not (
            self._cancel_token.reason
        ):
            raise error

    def raise_reason(self) -> None:
        """Raise the error that ended the run or the iterable, if one did."""
        if self._cancel_token.reason is not None:
            raise self._cancel_token.reason
        if self._source_error is not None:
            raise self._source_error

    def wait_for(
        self, queued: _QueuedTask[Result], while_waiting: Callable[[], None]
    ) -> None:
        """Wait until a task is done; once cancelled, not for long."""
        # Set before the check below. The worker sets `is_done` before it checks
        # `_awaited`: so one of the two threads sees the other's change.
        self._awaited = queued
        while not (queued.is_done or self._is_given_up(queued)):
            event_loop().check()
            try:
                self._done.get(timeout=_LOOK_SECONDS)
            except Empty:
                while_waiting()

    def _is_given_up(self, queued: _QueuedTask[Result]) -> bool:
        """Return whether a task is no longer waited for, since the run is to end."""
        if not self._cancel_token.is_cancelled:
            return False
        self.leave_out()
        now = time.monotonic()
        self._ends_at = self._ends_at or now + _GRACE_SECONDS
        if not queued.is_done and now >= self._ends_at:
            queued.error = CancelledError()
        return queued.error is not None

    def leave_out(self) -> None:
        """Cancel the tasks that were not begun."""
        with suppress(IndexError):
            while True:
                queued = self._to_do.popleft()
                queued.error = CancelledError()
                queued.is_done = True

    def _begin_workers(self) -> None:
        """Begin as many workers as there may be."""
        self._is_starting = False
        for _ in range(min(len(self._to_do), self._workers - self._working)):
            event_loop().begin(self._work)

    def _work(self) -> None:
        """Run tasks until none is left, unless there are enough workers."""
        while self._to_do and self._working < self._workers and not self._is_full:
            self._working += 1
            with suppress(IndexError):
                while not self._is_full:
                    self._do(self._to_do.popleft())
            self._working -= 1

    def begin_last_tasks(self, cancel_token: CancelToken) -> None:
        """Begin the last tasks, if they belong to a token."""
        if cancel_token is not self._cancel_token:
            return
        for _ in range(_FARTHEST):
            with suppress(IndexError):
                event_loop().begin(partial(self._do, self._to_do.pop()))

    def _do(self, queued: _QueuedTask[Result]) -> None:
        try:
            self._check()
            queued.result = queued.task()
            queued.weight = self._weigh(queued.result)
            self._done_bytes += queued.weight
        except BaseException as error:  # noqa: BLE001  # raised by the consumer
            queued.error = error
            if not isinstance(error, CancelledError):
                # The consumer will raise it: no further task is begun.
                self._has_failed = True
        queued.is_done = True
        # The loop that runs this, which may be no longer that of the process.
        if self._awaited is queued and (loop := running_event_loop()):
            loop.before_sleep(partial(self._done.put, queued))

    def _check(self) -> None:
        if self._has_failed or self._cancel_token.is_cancelled:
            raise CancelledError


# The windows whose results are being taken.
_open_windows: set[_Window[Any]] = set()
