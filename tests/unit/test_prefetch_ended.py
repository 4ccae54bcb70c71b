from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, cast

import pytest
from gates import PATIENCE_SECONDS, Gate, Meeting, fail, give, settle

from tap_purchase_orders.asking import prefetch as module
from tap_purchase_orders.asking.prefetch import prefetch
from tap_purchase_orders.asking.stop import Stop
from tap_purchase_orders.errors import StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

pytestmark = pytest.mark.timeout(120)

# Nobody waits for that: a test would end by its own time before.
LONG_SECONDS = 3_600.0


def test_after_a_stop_what_is_under_way_is_given_and_nothing_is_begun() -> None:
    stop = Stop()
    both_have_begun, may_end = Meeting(2), Gate()
    begun: list[int] = []

    def task(value: int) -> int:
        begun.append(value)
        both_have_begun.come_by()
        may_end.wait()
        return value

    results = prefetch(
        [partial(give, -1), *(partial(task, value) for value in range(50))],
        workers=2,
        stop=stop,
        before_waiting=lambda: may_end.open() if stop.is_requested else None,
    )
    assert next(results) == -1
    both_have_begun.wait()
    stop.request()
    assert list(results) == [0, 1]
    settle()
    assert begun == [0, 1]


def test_a_stop_while_results_are_waited_for_ends_the_wait() -> None:
    stop = Stop()
    both_wait = Meeting(2)

    def task() -> int:
        both_wait.come_by()
        stop.wait(LONG_SECONDS)
        return 1

    def end() -> None:
        both_wait.wait()
        stop.request()

    with ThreadPoolExecutor(1) as pool:
        ending = pool.submit(end)
        assert list(prefetch([task] * 9, workers=2, stop=stop)) == []
        ending.result(PATIENCE_SECONDS)


def test_a_task_may_stop_the_others() -> None:
    stop = Stop()

    def last() -> int:
        stop.request()
        return 1

    more = [partial(give, 2)] * 9
    tasks: list[Callable[[], int]] = [partial(give, 0), last, *more]
    assert list(prefetch(tasks, workers=1, stop=stop)) == [0, 1]


def test_what_does_not_end_soon_after_a_stop_is_done_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_GRACE_SECONDS", 0.0)
    stop = Stop()
    has_begun, may_end = Gate(), Gate()

    def task() -> int:
        has_begun.open()
        may_end.wait()
        return 1

    tasks: list[Callable[[], int]] = [partial(give, 0), task, partial(give, 2)]
    results = prefetch(tasks, workers=1, stop=stop)
    assert next(results) == 0
    has_begun.wait()
    stop.request()
    assert list(results) == []
    may_end.open()
    settle()


def test_a_task_that_was_stopped_is_left_out() -> None:
    def stopped() -> int:
        raise StoppedError

    tasks: list[Callable[[], int]] = [partial(give, 0), stopped, partial(give, 2)]
    assert list(prefetch(tasks, workers=1, stop=Stop())) == [0, 2]


def test_a_stop_before_the_first_task_begins_none() -> None:
    stop = Stop()
    stop.request()

    assert list(prefetch([partial(fail, 0)], workers=2, stop=stop)) == []


def test_what_is_not_taken_to_its_end_lets_go_of_what_was_not_begun() -> None:
    may_end = Gate()
    begun: list[int] = []

    def task(value: int) -> int:
        begun.append(value)
        may_end.wait()
        return value

    tasks = [partial(give, -1), *(partial(task, value) for value in range(9))]
    results = prefetch(tasks, workers=1, stop=Stop())
    with contextlib.closing(cast("Generator[int]", results)):
        assert next(results) == -1
    may_end.open()
    settle()
    assert begun in ([], [0])


def test_nobody_waits_for_ever_when_the_results_are_no_longer_wanted() -> None:
    stop = Stop()
    have_begun, have_ended = Meeting(3), Meeting(3)

    def task() -> int:
        have_begun.come_by()
        try:
            stop.wait(LONG_SECONDS)
        finally:
            have_ended.come_by()
        return 1

    tasks: list[Callable[[], int]] = [partial(give, 0), *[task] * 20]
    results = prefetch(tasks, workers=3, stop=stop)
    with contextlib.closing(cast("Generator[int]", results)):
        assert next(results) == 0
        have_begun.wait()
    have_ended.wait()
