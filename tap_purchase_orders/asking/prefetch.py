"""Many fetchers, one consumer: results in the order of the items."""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

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
            way are still yielded; the others are left out.
        before_waiting: Called on the caller's thread whenever it is about to wait.
    """
    source = iter(tasks)
    source_errors: list[Exception] = []
    pending: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="fetch")

    def begin(count: int) -> None:
        if stop.is_requested or source_errors:
            return
        try:
            pending.extend(pool.submit(task) for task in islice(source, count))
        except StoppedError:
            pass
        except Exception as error:  # noqa: BLE001  # raised below, in its turn
            source_errors.append(error)

    try:
        begin(_LOOK_AHEAD_PER_WORKER * workers)
        deadline = _Deadline(stop)
        while pending:
            future = pending.popleft()
            if not future.done():
                before_waiting()
            if stop.is_requested and future.cancel():
                continue
            try:
                result = deadline.result(future)
            except StoppedError:
                continue
            begin(1)
            yield result
        if source_errors:
            raise source_errors[0]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


class _Deadline:
    """Waits for results; once the run is to end, not for long."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._ends_at: float | None = None

    def result(self, future: Future[Result]) -> Result:
        """Return a result.

        Raises:
            StoppedError: It did not come in the time that is left.
        """
        while not future.done():
            if self._stop.is_requested:
                now = time.monotonic()
                self._ends_at = self._ends_at or now + _GRACE_SECONDS
                if now >= self._ends_at:
                    raise StoppedError
            wait([future], timeout=_LOOK_SECONDS)
        return future.result()
