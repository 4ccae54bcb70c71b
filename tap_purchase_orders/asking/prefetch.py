"""Many fetchers, one consumer: results in the order of the items."""

from __future__ import annotations

import threading
import time
from collections import deque
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import TYPE_CHECKING, Generic, TypeVar

from tap_purchase_orders.errors import StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_purchase_orders.asking.stop import Stop

Result = TypeVar("Result")

# Enough to keep every worker busy while the consumer is behind, and little to hold.
_LOOK_AHEAD_PER_WORKER = 2
# How often a waiting consumer looks whether the run is to end.
_LOOK_SECONDS = 0.5
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

    At most `workers` tasks are under way, and a few more results wait to be taken.
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
            future = window.pending.popleft()
            if not future.done():
                before_waiting()
            try:
                result = window.result(future)
            except (StoppedError, CancelledError):
                continue
            window.fill(1)
            yield result
        window.raise_source_error()
    except BaseException:
        # Nobody takes the rest: what still waits for its turn need not wait.
        stop.request()
        raise
    finally:
        window.close()


class _Window(Generic[Result]):
    """The tasks that are begun and not yet yielded."""

    def __init__(
        self, tasks: Iterable[Callable[[], Result]], workers: int, stop: Stop
    ) -> None:
        self.pending: deque[Future[Result]] = deque()
        self._source_error: Exception | None = None
        self._source = iter(tasks)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="fetch")
        self._stop = stop
        self._has_failed = threading.Event()
        self._ends_at: float | None = None

    def fill(self, count: int) -> None:
        """Begin some more tasks, if there are any and nothing speaks against it."""
        if self._stop.is_requested or self._source_error is not None:
            return
        try:
            for task in islice(self._source, count):
                self.pending.append(self._pool.submit(self._guarded, task))
        except StoppedError:
            pass
        except Exception as error:  # noqa: BLE001  # raised by the caller, in its turn
            self._source_error = error

    def raise_source_error(self) -> None:
        """Raise the error that ended the iterable of the tasks, if one did."""
        if self._source_error is not None:
            raise self._source_error

    def result(self, future: Future[Result]) -> Result:
        """Return a result; once asking is to end, do not wait for it long.

        Raises:
            CancelledError: The task was not begun, and will not be.
            StoppedError: It did not come in the time that is left.
        """
        while not future.done():
            if self._stop.is_requested and not future.cancel():
                now = time.monotonic()
                self._ends_at = self._ends_at or now + _GRACE_SECONDS
                if now >= self._ends_at:
                    raise StoppedError
            wait([future], timeout=_LOOK_SECONDS)
        return future.result()

    def close(self) -> None:
        """Let go of the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _guarded(self, task: Callable[[], Result]) -> Result:
        if self._has_failed.is_set():
            raise StoppedError
        try:
            return task()
        except StoppedError:
            raise
        except Exception:
            # It ends everything in its turn: nothing more is to be begun meanwhile.
            self._has_failed.set()
            raise
