"""Many fetchers, one consumer: results in the order of the items."""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import suppress
from itertools import islice
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Generic, TypeVar

from tap_purchase_orders.asking.useful_workers import UsefulWorkers
from tap_purchase_orders.errors import StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_purchase_orders.asking.stop import Stop

Result = TypeVar("Result")

# Enough to keep every worker busy while the consumer is behind, and little to hold.
_LOOK_AHEAD_PER_WORKER = 2
# Where so many are begun, a consumer that was woken lets a few more get done: to wake
# it for each of them costs both sides more than to write what it takes.
_MANY = 16
_GATHER_SECONDS = 0.004
# How often a waiting consumer looks whether the run is to end.
_LOOK_SECONDS = 0.5
# How often an idle worker looks whether the program is at its end.
_IDLE_SECONDS = 5.0
# How long requests that are under way may still take when the run is to end.
_GRACE_SECONDS = 10.0


def prefetch(
    tasks: Iterable[Callable[[], Result]],
    *,
    workers: int,
    stop: Stop,
    before_waiting: Callable[[], None] = lambda: None,
) -> Iterator[Result]:
    """Yield what each task returns, in the order of the tasks.

    At most `workers` tasks are under way, fewer where more would be in each other's
    way, and a few more results wait to be taken.
    The tasks are taken from their iterable on the caller's thread, and called on
    others.

    Args:
        tasks: What to do. An error in a task is raised here, in its turn; one in the
            iterable when all that was begun before has been yielded.
        workers: How many threads there are.
        stop: When it is requested, no task is begun. Results of those that are under
            way are still yielded; the others are left out. It is requested here when
            the tasks come to a bad end.
        before_waiting: Called on the caller's thread whenever it is about to wait.
    """
    window = _Window(tasks, workers, stop)
    try:
        window.fill(_LOOK_AHEAD_PER_WORKER * workers)
        while window.pending:
            turn = window.pending.popleft()
            if not turn.is_done:
                before_waiting()
                window.wait_for(turn)
                if len(window.pending) >= _MANY:
                    time.sleep(_GATHER_SECONDS)
            if isinstance(turn.error, StoppedError):
                continue
            result = turn.outcome()
            window.fill(1)
            yield result
        window.raise_source_error()
    except BaseException:
        # Nobody takes the rest: what still waits for its turn need not wait.
        stop.request()
        raise
    finally:
        window.close()


class _Turn(Generic[Result]):
    """One task, and what came of it.

    Attributes:
        task: What to do.
        result: What it returned, once it is done.
        error: What it raised instead, or `StoppedError` if it was not begun.
        is_done: Whether one of these is there.
    """

    __slots__ = ("error", "is_done", "result", "task")

    result: Result

    def __init__(self, task: Callable[[], Result]) -> None:
        self.task = task
        self.error: BaseException | None = None
        self.is_done = False

    def outcome(self) -> Result:
        """Return what the task returned, or raise what it raised."""
        if self.error is not None:
            raise self.error
        return self.result


class _Window(Generic[Result]):
    """The tasks that are begun and not yet yielded.

    Between the threads there are two queues and no lock: a worker that has done a task
    finds the next one at once, and the consumer is woken for the very result that it
    waits for.
    """

    def __init__(
        self, tasks: Iterable[Callable[[], Result]], workers: int, stop: Stop
    ) -> None:
        self.pending: deque[_Turn[Result]] = deque()
        self._source_error: Exception | None = None
        self._source = iter(tasks)
        self._useful = UsefulWorkers(workers)
        self._lock = threading.Lock()
        # All that were ever called in, and those of them that are sent home.
        self._threads = 0
        self._idle = 0
        self._calls: SimpleQueue[None] = SimpleQueue()
        self._stop = stop
        # Ends a worker: none.
        self._to_do: SimpleQueue[_Turn[Result] | None] = SimpleQueue()
        self._awaited: _Turn[Result] | None = None
        self._done: SimpleQueue[_Turn[Result]] = SimpleQueue()
        self._has_failed = False
        self._is_closed = False
        self._ends_at: float | None = None

    def fill(self, count: int) -> None:
        """Begin some more tasks, if there are any and nothing speaks against it."""
        if self._stop.is_requested or self._source_error is not None:
            return
        try:
            for task in islice(self._source, count):
                turn = _Turn(task)
                self.pending.append(turn)
                self._to_do.put(turn)
                if self._threads < self._useful.count:
                    self._call_in()
        except StoppedError:
            pass
        except Exception as error:  # noqa: BLE001  # raised by the caller, in its turn
            self._source_error = error

    def raise_source_error(self) -> None:
        """Raise the error that ended the iterable of the tasks, if one did."""
        if self._source_error is not None:
            raise self._source_error

    def wait_for(self, turn: _Turn[Result]) -> None:
        """Wait until a task is done; once asking is to end, not for long."""
        # The worker looks who is awaited when it is done, and we look whether it is
        # done when we await it: one of us sees the other.
        self._awaited = turn
        while not (turn.is_done or self._is_given_up(turn)):
            with suppress(Empty):
                self._done.get(timeout=_LOOK_SECONDS)

    def _is_given_up(self, turn: _Turn[Result]) -> bool:
        """Return whether a task need not be waited for: asking is to end."""
        if not self._stop.is_requested:
            return False
        self._leave_out()
        now = time.monotonic()
        self._ends_at = self._ends_at or now + _GRACE_SECONDS
        if not turn.is_done and now >= self._ends_at:
            turn.error = StoppedError()
        return turn.error is not None

    def close(self) -> None:
        """Let go of the threads."""
        self._leave_out()
        self._is_closed = True
        for _ in range(self._threads):
            self._to_do.put(None)
            self._calls.put(None)

    def _leave_out(self) -> None:
        """Do without the tasks that no worker has begun."""
        while True:
            try:
                turn = self._to_do.get_nowait()
            except Empty:
                return
            if turn is not None:
                turn.error = StoppedError()
                turn.is_done = True

    def _work(self) -> None:
        while (turn := self._next()) is not None:
            try:
                self._check()
                turn.result = turn.task()
            except BaseException as error:  # noqa: BLE001  # raised by the consumer
                turn.error = error
                if not isinstance(error, StoppedError):
                    # It ends everything in its turn: nothing more is to be begun.
                    self._has_failed = True
            turn.is_done = True
            if self._awaited is turn:
                self._done.put(turn)
            # What it holds may be large, and the next task long in coming.
            del turn
            if self._useful.done():
                self._adjust()
            if self._threads - self._idle > self._useful.count:
                self._go_home()

    def _adjust(self) -> None:
        """Call in as many as are now of use; those too many go home by themselves."""
        while self._threads - self._idle < self._useful.count and not self._is_closed:
            self._call_in()

    def _call_in(self) -> None:
        """Have one more worker, if one more is of use."""
        with self._lock:
            if self._threads - self._idle >= self._useful.count:
                return
            if self._idle:
                self._idle -= 1
                self._calls.put(None)
                return
            self._threads += 1
            name = f"fetch-{self._threads}"
        threading.Thread(target=self._work, name=name).start()

    def _go_home(self) -> None:
        """Wait until called in again, unless others have gone meanwhile."""
        with self._lock:
            if self._is_closed or self._threads - self._idle <= self._useful.count:
                return
            self._idle += 1
        while threading.main_thread().is_alive():
            with suppress(Empty):
                self._calls.get(timeout=_IDLE_SECONDS)
                return

    def _next(self) -> _Turn[Result] | None:
        """Return what is to be done next, none if nothing more is."""
        # Whoever forgets to close this must not keep the interpreter from ending.
        while threading.main_thread().is_alive():
            with suppress(Empty):
                return self._to_do.get(timeout=_IDLE_SECONDS)
        return None

    def _check(self) -> None:
        if self._has_failed:
            raise StoppedError
        self._stop.check()
