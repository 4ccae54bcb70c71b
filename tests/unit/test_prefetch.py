from __future__ import annotations

import contextlib
import threading
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_purchase_orders.asking.prefetch import prefetch
from tap_purchase_orders.asking.stop import Stop
from tap_purchase_orders.errors import StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

# How long a test waits for another thread before it is called broken.
PATIENCE_SECONDS = 60.0


def give(value: int) -> int:
    return value


def fail(value: int) -> int:
    msg = f"task {value} failed"
    raise LookupError(msg)


def wait_for(event: threading.Event) -> None:
    assert event.wait(PATIENCE_SECONDS)


def wait_for_threads() -> None:
    """Return when all threads that fetch have ended."""
    for thread in threading.enumerate():
        if thread.name.startswith("fetch"):
            thread.join(PATIENCE_SECONDS)


@given(st.lists(st.integers(), max_size=50), st.integers(1, 9))
def test_results_come_in_the_order_of_the_tasks(
    values: list[int], workers: int
) -> None:
    tasks = [partial(give, value) for value in values]

    assert list(prefetch(tasks, workers=workers, stop=Stop())) == values


def test_results_come_in_order_however_late_the_first_is() -> None:
    others_are_done = threading.Barrier(3)

    def late(value: int) -> int:
        others_are_done.wait(PATIENCE_SECONDS)
        return value

    tasks = [partial(late, value) for value in range(3)]
    assert list(prefetch(tasks, workers=3, stop=Stop())) == [0, 1, 2]


def test_all_workers_are_busy_at_once_and_no_more() -> None:
    all_at_once = threading.Barrier(4)
    under_way = 0
    most = 0
    lock = threading.Lock()

    def task(value: int) -> int:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        if value < 4:
            all_at_once.wait(PATIENCE_SECONDS)
        with lock:
            under_way -= 1
        return value

    tasks = [partial(task, value) for value in range(40)]
    assert list(prefetch(tasks, workers=4, stop=Stop())) == list(range(40))
    assert most == 4


@pytest.mark.parametrize("workers", [1, 3, 8])
def test_only_a_few_tasks_are_begun_ahead_of_what_was_taken(workers: int) -> None:
    begun = 0

    def endless() -> Iterator[Callable[[], int]]:
        nonlocal begun
        for value in count():
            begun += 1
            yield partial(give, value)

    for taken, value in enumerate(prefetch(endless(), workers=workers, stop=Stop())):
        assert value == taken
        assert begun <= taken + 1 + 2 * workers
        if taken == 50:
            break


def test_tasks_are_taken_on_the_callers_thread_and_called_on_others() -> None:
    taken_on: set[int] = set()

    def tasks() -> Iterator[Callable[[], int]]:
        for _ in range(20):
            taken_on.add(threading.get_ident())
            yield threading.get_ident

    called_on = set(prefetch(tasks(), workers=2, stop=Stop()))
    assert taken_on == {threading.get_ident()}
    assert threading.get_ident() not in called_on


def test_an_error_surfaces_in_its_turn() -> None:
    tasks = [partial(give, 0), partial(give, 1), partial(fail, 2), partial(give, 3)]
    results = prefetch(tasks, workers=4, stop=Stop())

    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(LookupError, match="task 2 failed"):
        next(results)
    assert list(results) == []


def test_after_an_error_nothing_new_is_begun() -> None:
    fails = threading.Event()
    begun_after: list[int] = []

    def failing() -> int:
        fails.set()
        return fail(0)

    def later(value: int) -> int:
        begun_after.append(value)
        return value

    def tasks() -> Iterator[Callable[[], int]]:
        yield partial(give, 1)
        yield failing
        wait_for(fails)
        for value in count():
            yield partial(later, value)

    # The one worker is through with the failing task before it gets another.
    results = prefetch(tasks(), workers=1, stop=Stop())
    assert next(results) == 1
    with pytest.raises(LookupError, match="task 0 failed"):
        next(results)
    wait_for_threads()
    assert begun_after == []


def test_an_error_of_the_source_surfaces_after_all_results_before_it() -> None:
    def tasks() -> Iterator[Callable[[], int]]:
        yield partial(give, 0)
        yield partial(give, 1)
        msg = "no more numbers to be had"
        raise LookupError(msg)

    results = prefetch(tasks(), workers=8, stop=Stop())

    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(LookupError, match="no more numbers"):
        next(results)


def test_a_source_that_is_stopped_ends_without_an_error() -> None:
    def tasks() -> Iterator[Callable[[], int]]:
        yield partial(give, 0)
        raise StoppedError

    assert list(prefetch(tasks(), workers=2, stop=Stop())) == [0]


def test_without_tasks_there_are_no_results() -> None:
    assert list(prefetch([], workers=2, stop=Stop())) == []


def test_after_a_stop_what_is_under_way_is_given_and_nothing_is_begun() -> None:
    stop = Stop()
    may_end = threading.Event()
    begun: list[int] = []

    def task(value: int) -> int:
        begun.append(value)
        wait_for(may_end)
        return value

    results = prefetch(
        [partial(give, -1), *(partial(task, value) for value in range(50))],
        workers=2,
        stop=stop,
        before_waiting=may_end.set,
    )
    assert next(results) == -1
    stop.request()
    given_after = list(results)
    # Those that had begun are given, in their order; there is one for each worker,
    # and one more where a worker was quick.
    assert given_after == sorted(given_after)
    assert set(given_after) <= set(begun)
    assert len(begun) <= 4


def test_a_task_that_was_stopped_is_left_out() -> None:
    def stopped() -> int:
        raise StoppedError

    tasks: list[Callable[[], int]] = [partial(give, 0), stopped, partial(give, 2)]
    assert list(prefetch(tasks, workers=1, stop=Stop())) == [0, 2]


def test_a_stop_before_the_first_task_begins_none() -> None:
    stop = Stop()
    stop.request()

    assert list(prefetch([partial(fail, 0)], workers=2, stop=stop)) == []


def test_whoever_waits_is_told_before_the_wait() -> None:
    may_end = threading.Event()

    def task() -> int:
        wait_for(may_end)
        return 1

    results = prefetch([task], workers=1, stop=Stop(), before_waiting=may_end.set)
    assert list(results) == [1]


def test_what_is_not_taken_to_its_end_lets_go_of_what_was_not_begun() -> None:
    may_end = threading.Event()
    begun: list[int] = []

    def task(value: int) -> int:
        begun.append(value)
        wait_for(may_end)
        return value

    tasks = [partial(give, -1), *(partial(task, value) for value in range(9))]
    results = prefetch(tasks, workers=1, stop=Stop())
    with contextlib.closing(cast("Generator[int]", results)):
        assert next(results) == -1
    may_end.set()
    wait_for_threads()
    assert begun in ([], [0])
