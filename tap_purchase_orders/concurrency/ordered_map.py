"""Runs tasks concurrently and yields their results in order."""

from __future__ import annotations

import time
from collections import deque
from contextlib import suppress
from functools import partial
from itertools import islice
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from tap_purchase_orders.concurrency.event_loop import event_loop
from tap_purchase_orders.errors import CancelledError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_purchase_orders.concurrency.cancellation import CancelToken

Result = TypeVar("Result")

# Enough to keep all busy while the consumer is behind, and little to hold; what is
# asked for ahead is asked for in vain where the consumer leaves early.
_AHEAD_PER_WORKER = 4
_MANY_AHEAD = 48
_LEAST_AHEAD_PER_WORKER = 2
# What the results that wait may weigh before no more is begun.
_MOST_WAITING_BYTES = 16 * 1024 * 1024
# A part of them is begun at once: to wake those who do them costs more than to hold
# these.
_PARTS = 4
# Where so many are begun, a consumer that was woken lets a few more get done: to wake
# it for each of them costs both sides more than to write what it takes.
_MANY = 16
_GATHER_SECONDS = 0.016
# How often a waiting consumer looks whether the run is to end.
_LOOK_SECONDS = 0.5
# How long requests that are under way may still take when the run is to end: what
# asks it to expects its end within 10 seconds.
_GRACE_SECONDS = 8.0
# So many are begun beside the others, where these get no answer.
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
    of the loop: they give way to each other where they ask and where they wait.

    Args:
        tasks: What to do. An error in a task is raised here, in its turn; one in the
            iterable when all that was begun before has been yielded.
        workers: How many tasks are under way at once, at most.
        cancel_token: Once cancelled, no task is begun. Results of those that are under
            way are still yielded; the others are left out. Then its reason is raised,
            if it has one. It is cancelled here when the tasks come to a bad end.
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
                if len(window.pending) >= _MANY:
                    window.gather()
            if isinstance(queued.error, CancelledError) or window.is_reason(
                queued.error
            ):
                continue
            result = queued.outcome()
            window.taken(queued)
            if (room := most - len(window.pending)) >= most // _PARTS:
                window.fill(room)
            yield result
        window.raise_reason()
    except BaseException:
        # Nobody takes the rest: what still waits for its turn need not wait.
        cancel_token.cancel()
        raise
    finally:
        _open_windows.discard(window)
        window.leave_out()


def begin_farthest(cancel_token: CancelToken) -> None:
    """Begin those tasks whose turn is the last, beside those at work; for the loop.

    Args:
        cancel_token: What the tasks belong to.
    """
    for window in list(_open_windows):
        window.begin_farthest(cancel_token)


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

    def outcome(self) -> Result:
        """Return what the task returned, or raise what it raised."""
        if self.error is not None:
            raise self.error
        return self.result


class _Window(Generic[Result]):
    """The tasks that are begun and not yet yielded.

    Between the two threads there are two queues and no lock: whoever has done a task
    finds the next one at once, and the consumer is woken for the very result that it
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
        # Those at work, and what results weighed so far. Only the loop's thread changes
        # these; only the other one, what was taken of them.
        self._working = 0
        self._is_calling = False
        self._done_bytes = 0
        self._taken_bytes = 0
        self._cancel_token = cancel_token
        self._to_do: deque[_QueuedTask[Result]] = deque()
        self._awaited: _QueuedTask[Result] | None = None
        self._done: SimpleQueue[_QueuedTask[Result]] = SimpleQueue()
        self._has_failed = False
        self._ends_at: float | None = None

    def fill(self, count: int) -> None:
        """Begin some more tasks, if there are any and nothing speaks against it."""
        if self._cancel_token.is_cancelled or self._source_error is not None:
            return
        try:
            for task in islice(self._source, count):
                queued = _QueuedTask(task)
                self.pending.append(queued)
                self._to_do.append(queued)
                # The next one may be long in coming.
                self._call()
        except CancelledError:
            pass
        except Exception as error:  # noqa: BLE001  # raised by the caller, in its turn
            self._source_error = error

    def taken(self, queued: _QueuedTask[Result]) -> None:
        """Take in that a result waits no longer."""
        if queued.weight:
            self._taken_bytes += queued.weight
            self._call()

    def _call(self) -> None:
        """Have all at work who are of use."""
        # Who has nothing to do says so before a last look at what there is, and so
        # does who calls in others.
        is_of_use = self._working < self._workers and not self._is_full
        if self._to_do and is_of_use and not self._is_calling:
            self._is_calling = True
            event_loop().begin(self._call_in)

    @property
    def _is_full(self) -> bool:
        """Whether the results that wait are too large for more."""
        return self._done_bytes - self._taken_bytes > _MOST_WAITING_BYTES

    def is_reason(self, error: BaseException | None) -> bool:
        """Return whether an error is the one that ends all asking."""
        return error is not None and error is self._cancel_token.reason

    def raise_reason(self) -> None:
        """Raise the error that ended the asking or the iterable, if one did."""
        if self._cancel_token.reason is not None:
            raise self._cancel_token.reason
        if self._source_error is not None:
            raise self._source_error

    def wait_for(
        self, queued: _QueuedTask[Result], while_waiting: Callable[[], None]
    ) -> None:
        """Wait until a task is done; once cancelled, not for long."""
        # The worker looks who is awaited when it is done, and we look whether it is
        # done when we await it: one of us sees the other.
        self._awaited = queued
        while not (queued.is_done or self._is_given_up(queued)):
            event_loop().check()
            try:
                self._done.get(timeout=_LOOK_SECONDS)
            except Empty:
                while_waiting()

    def gather(self) -> None:
        """Wait a moment for half of the tasks; the others keep all busy meanwhile."""
        self._awaited = middle = self.pending[len(self.pending) // 2]
        if not middle.is_done:
            with suppress(Empty):
                self._done.get(timeout=_GATHER_SECONDS)

    def _is_given_up(self, queued: _QueuedTask[Result]) -> bool:
        """Return whether a task need not be waited for: asking is to end."""
        if not self._cancel_token.is_cancelled:
            return False
        self.leave_out()
        now = time.monotonic()
        self._ends_at = self._ends_at or now + _GRACE_SECONDS
        if not queued.is_done and now >= self._ends_at:
            queued.error = CancelledError()
        return queued.error is not None

    def leave_out(self) -> None:
        """Do without the tasks that nobody has begun."""
        with suppress(IndexError):
            while True:
                queued = self._to_do.popleft()
                queued.error = CancelledError()
                queued.is_done = True

    def _call_in(self) -> None:
        """Have as many at work as there may be."""
        self._is_calling = False
        for _ in range(min(len(self._to_do), self._workers - self._working)):
            event_loop().begin(self._work)

    def _work(self) -> None:
        """Do what there is to do, unless enough others do."""
        while self._to_do and self._working < self._workers and not self._is_full:
            self._working += 1
            with suppress(IndexError):
                while not self._is_full:
                    self._do(self._to_do.popleft())
            self._working -= 1

    def begin_farthest(self, cancel_token: CancelToken) -> None:
        """Begin those whose turn is the last, if they belong to a stop."""
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
                # It ends everything in its turn: nothing more is to be begun.
                self._has_failed = True
        queued.is_done = True
        if self._awaited is queued:
            self._done.put(queued)

    def _check(self) -> None:
        if self._has_failed:
            raise CancelledError
        self._cancel_token.check()


# Those whose results are being taken.
_open_windows: set[_Window[Any]] = set()
