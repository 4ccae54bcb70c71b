"""Many fetchers, one consumer: results in the order of the items."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from tap_purchase_orders.errors import StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_purchase_orders.asking.stop import Stop

Item = TypeVar("Item")
Result = TypeVar("Result")

# Enough to keep every worker busy while the consumer is behind, and little to hold.
_LOOK_AHEAD_PER_WORKER = 2


def prefetch(
    fetch: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    workers: int,
    stop: Stop,
    before_waiting: Callable[[], None] = lambda: None,
) -> Iterator[tuple[Item, Result]]:
    """Yield each item with what was fetched for it, in the order of the items.

    At most `workers` fetches are under way and a few more results wait to be taken.
    The items are taken from their iterable on the caller's thread.

    Args:
        fetch: Called on a worker thread; an error in it is raised here, in its turn.
        items: What to fetch for. An error in them is raised when all that was begun
            before has been yielded.
        workers: How many threads fetch.
        stop: When it is requested, nothing more is begun. Results that are already
            under way are still yielded; items that were not asked for are left out.
        before_waiting: Called on the caller's thread whenever it is about to wait.
    """
    source = iter(items)
    pool = ThreadPoolExecutor(workers, thread_name_prefix="fetch")
    pending: deque[tuple[Item, Future[Result]]] = deque()

    source_errors: list[Exception] = []

    def begin(count: int) -> None:
        if stop.is_requested or source_errors:
            return
        try:
            for item in islice(source, count):
                pending.append((item, pool.submit(fetch, item)))
        except StoppedError:
            pass
        except Exception as error:  # noqa: BLE001  # raised below, in its turn
            source_errors.append(error)

    try:
        begin(_LOOK_AHEAD_PER_WORKER * workers)
        while pending:
            item, future = pending.popleft()
            if not future.done():
                before_waiting()
            try:
                result = future.result()
            except StoppedError:
                continue
            begin(1)
            yield item, result
        if source_errors:
            raise source_errors[0]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
