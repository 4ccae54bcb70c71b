from __future__ import annotations

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_purchase_orders.concurrency.cancellation import CancelToken
from tap_purchase_orders.concurrency.ordered_map import begin_last_tasks, ordered_map
from tap_purchase_orders.errors import CancelledError, UpstreamDownError
from tests.unit.sync_primitives import Gate, Meeting, done, fail, give, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

pytestmark = pytest.mark.timeout(120)

# Nobody waits for that: a test would end by its own time before.
LONG_SECONDS = 3_600.0
# How many results wait to be taken at most, where few workers fetch them.
MOST_AHEAD = 48


@given(st.lists(st.integers(), max_size=50), st.integers(1, 9))
def test_results_come_in_the_order_of_the_tasks(
    values: list[int], workers: int
) -> None:
    tasks = [partial(give, value) for value in values]

    assert (
        list(ordered_map(tasks, workers=workers, cancel_token=CancelToken())) == values
    )


@given(st.lists(st.integers(0, 9), max_size=40), st.integers(1, 9))
def test_however_often_tasks_give_way_they_keep_their_order_and_their_number(
    pauses: list[int], workers: int
) -> None:
    under_way: list[int] = []
    most = 0

    def task(number: int) -> int:
        nonlocal most
        under_way.append(number)
        most = max(most, len(under_way))
        for _ in range(pauses[number]):
            CancelToken().wait(0.0)
        under_way.remove(number)
        return number

    tasks = [partial(task, number) for number in range(len(pauses))]
    results = list(ordered_map(tasks, workers=workers, cancel_token=CancelToken()))

    assert results == list(range(len(pauses)))
    assert most <= workers
    assert under_way == []


def test_results_come_in_order_though_the_first_is_done_last() -> None:
    others = Meeting(2)

    def first() -> int:
        others.wait()
        return 0

    def other(value: int) -> int:
        others.come_by()
        return value

    tasks: list[Callable[[], int]] = [first, partial(other, 1), partial(other, 2)]
    assert list(ordered_map(tasks, workers=3, cancel_token=CancelToken())) == [0, 1, 2]


def test_all_workers_are_busy_at_once_and_no_more() -> None:
    all_at_once = Meeting(4)
    under_way = 0
    most = 0

    def task(value: int) -> int:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        all_at_once.come()
        CancelToken().wait(0.0)
        under_way -= 1
        return value

    tasks = [partial(task, value) for value in range(40)]
    assert list(ordered_map(tasks, workers=4, cancel_token=CancelToken())) == list(
        range(40)
    )
    assert most == 4


@pytest.mark.parametrize("workers", [1, 3, 8, 50])
def test_only_a_few_tasks_are_begun_ahead_of_what_was_taken(workers: int) -> None:
    begun = 0

    def endless() -> Iterator[Callable[[], int]]:
        nonlocal begun
        for value in count():
            begun += 1
            yield partial(give, value)

    for taken, value in enumerate(
        ordered_map(endless(), workers=workers, cancel_token=CancelToken())
    ):
        assert value == taken
        assert begun <= taken + 1 + max(min(4 * workers, MOST_AHEAD), 2 * workers)
        if taken == 50:
            break


def test_tasks_are_run_ahead_of_the_consumer() -> None:
    # Two for each worker.
    ahead = Meeting(2 * MOST_AHEAD)

    def task(value: int) -> int:
        ahead.come_by()
        return value

    tasks = [partial(task, value) for value in range(500)]
    results = ordered_map(tasks, workers=MOST_AHEAD, cancel_token=CancelToken())
    assert next(results) == 0
    ahead.wait()
    assert list(results) == list(range(1, 500))


def test_a_task_is_begun_while_the_next_one_is_still_looked_for() -> None:
    has_begun = [Gate() for _ in range(5)]

    def task(number: int) -> int:
        has_begun[number].open()
        return number

    def named() -> Iterator[Callable[[], int]]:
        for number in range(5):
            yield partial(task, number)
            has_begun[number].wait()

    assert list(ordered_map(named(), workers=2, cancel_token=CancelToken())) == list(
        range(5)
    )


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_no_task_is_forgotten_however_quick_they_are(workers: int) -> None:
    """Workers run out of tasks at the very moment when there is one more."""
    tasks = (partial(give, value) for value in range(5_000))

    assert list(
        ordered_map(tasks, workers=workers, cancel_token=CancelToken())
    ) == list(range(5_000))


def test_tasks_are_taken_on_the_callers_thread_and_called_on_the_loops() -> None:
    taken_on: set[int] = set()

    def tasks() -> Iterator[Callable[[], int]]:
        for _ in range(20):
            taken_on.add(threading.get_ident())
            yield threading.get_ident

    called_on = set(ordered_map(tasks(), workers=2, cancel_token=CancelToken()))
    assert taken_on == {threading.get_ident()}
    assert called_on == {done(threading.get_ident)}


def test_an_error_is_raised_after_the_results_before_it() -> None:
    tasks = [partial(give, 0), partial(give, 1), partial(fail, 2), partial(give, 3)]
    results = ordered_map(tasks, workers=4, cancel_token=CancelToken())

    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(LookupError, match="task 2 failed"):
        next(results)
    assert list(results) == []


def test_an_error_waits_for_what_was_begun_before_it() -> None:
    has_failed = Gate()

    def late() -> int:
        has_failed.wait()
        return 0

    def failing() -> int:
        has_failed.open()
        return fail(1)

    results = ordered_map([late, failing], workers=2, cancel_token=CancelToken())
    assert next(results) == 0
    with pytest.raises(LookupError, match="task 1 failed"):
        next(results)


def test_after_an_error_nothing_new_is_begun() -> None:
    begun_after: list[int] = []

    def later(value: int) -> int:
        begun_after.append(value)
        return value

    tasks = [partial(give, 1), partial(fail, 0), *[partial(later, 2)] * 500]
    # The one worker is through with the failing task before it gets another.
    results = ordered_map(tasks, workers=1, cancel_token=CancelToken())
    assert next(results) == 1
    with pytest.raises(LookupError, match="task 0 failed"):
        next(results)
    settle()
    assert begun_after == []


def test_an_error_ends_the_waits_of_later_tasks() -> None:
    cancel_token = CancelToken()
    ended = Meeting(3)
    others_wait = Meeting(3)

    def failing() -> int:
        others_wait.wait()
        return fail(0)

    def waiting() -> int:
        others_wait.come_by()
        try:
            cancel_token.wait(LONG_SECONDS)
        finally:
            ended.come_by()
        return 1

    with pytest.raises(LookupError):
        list(
            ordered_map([failing, *[waiting] * 3], workers=4, cancel_token=cancel_token)
        )
    ended.wait()


def test_an_error_of_the_source_surfaces_after_all_results_before_it() -> None:
    def tasks() -> Iterator[Callable[[], int]]:
        yield partial(give, 0)
        yield partial(give, 1)
        msg = "no more numbers to be had"
        raise LookupError(msg)

    results = ordered_map(tasks(), workers=8, cancel_token=CancelToken())

    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(LookupError, match="no more numbers"):
        next(results)


def test_a_source_that_is_stopped_ends_without_an_error() -> None:
    def tasks() -> Iterator[Callable[[], int]]:
        yield partial(give, 0)
        raise CancelledError

    assert list(ordered_map(tasks(), workers=2, cancel_token=CancelToken())) == [0]


def test_without_tasks_there_are_no_results() -> None:
    assert list(ordered_map([], workers=2, cancel_token=CancelToken())) == []


def test_before_waiting_is_called_before_a_wait() -> None:
    may_end = Gate()

    def task() -> int:
        may_end.wait()
        return 1

    results = ordered_map(
        [task], workers=1, cancel_token=CancelToken(), before_waiting=may_end.open
    )
    assert list(results) == [1]


def test_what_names_the_tasks_may_fetch_itself() -> None:
    """Numbers on invoices are fetched, and then what they name is."""
    whole = CancelToken()

    def named() -> Iterator[Callable[[], int]]:
        for first in range(0, 60, 20):
            invoices = [partial(give, first + value) for value in range(20)]
            for value in ordered_map(
                invoices, workers=4, cancel_token=CancelToken(whole)
            ):
                yield partial(give, value)

    assert list(ordered_map(named(), workers=3, cancel_token=whole)) == list(range(60))


def test_what_names_the_tasks_may_leave_off_without_ending_the_rest() -> None:
    whole = CancelToken()

    def named() -> Iterator[Callable[[], int]]:
        for value in range(9):
            search = [partial(give, value), partial(give, -1), partial(give, -1)]
            results = ordered_map(search, workers=1, cancel_token=CancelToken(whole))
            with contextlib.closing(cast("Generator[int]", results)):
                yield partial(give, next(results))

    assert list(ordered_map(named(), workers=2, cancel_token=whole)) == list(range(9))
    assert not whole.is_cancelled


def test_two_threads_may_fetch_at_once() -> None:
    at_once = Meeting(6)

    def task(value: int) -> int:
        at_once.come()
        return value

    def fetched(first: int) -> list[int]:
        tasks = [partial(task, first + value) for value in range(30)]
        return list(ordered_map(tasks, workers=3, cancel_token=CancelToken()))

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(fetched, [0, 100]))
    assert results == [list(range(30)), list(range(100, 130))]


def test_the_last_tasks_can_be_begun_beside_those_under_way() -> None:
    """And their results still come in their turn."""
    cancel_token = CancelToken()
    is_answered = Gate()
    done_by: list[int] = []
    seen: list[list[int]] = []

    def do(number: int) -> int:
        if number == 0:
            is_answered.wait()
        done_by.append(number)
        return number

    def look() -> None:
        if not seen:
            for whose in (CancelToken(), cancel_token):
                begin_last_tasks(whose)
                settle()
                seen.append(list(done_by))
            is_answered.open()

    tasks = [partial(do, number) for number in range(4)]
    results = list(
        ordered_map(tasks, workers=1, cancel_token=cancel_token, before_waiting=look)
    )

    assert seen == [[], [3, 2]]
    assert results == [0, 1, 2, 3]


def test_what_ended_the_run_is_raised_behind_all_that_was_done() -> None:
    cancel_token = CancelToken()
    error = UpstreamDownError("down")

    def do(number: int) -> int:
        if number == 1:
            cancel_token.cancel(error)
            raise error
        return number

    tasks = [partial(do, number) for number in range(3)]
    results = ordered_map(tasks, workers=1, cancel_token=cancel_token)
    assert next(results) == 0
    with pytest.raises(UpstreamDownError) as caught:
        next(results)
    assert caught.value is error


def test_the_consumer_is_called_again_and_again_while_it_waits() -> None:
    gate = Gate()
    calls = 0

    def while_waiting() -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            gate.open()

    results = ordered_map(
        [gate.wait],
        workers=1,
        cancel_token=CancelToken(),
        before_waiting=while_waiting,
    )

    list(results)
    assert calls == 3
