from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, cast

import pytest

from tap_purchase_orders.concurrency import ordered_map as module
from tap_purchase_orders.concurrency.cancellation import CancelToken
from tap_purchase_orders.concurrency.ordered_map import ordered_map
from tap_purchase_orders.errors import CancelledError
from tests.unit.sync_primitives import (
    PATIENCE_SECONDS,
    Gate,
    Meeting,
    fail,
    give,
    settle,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

pytestmark = pytest.mark.timeout(120)

# Nobody waits for that: a test would end by its own time before.
LONG_SECONDS = 3_600.0


def test_after_a_stop_what_is_under_way_is_given_and_nothing_is_begun() -> None:
    cancel_token = CancelToken()
    both_have_begun, may_end = Meeting(2), Gate()
    begun: list[int] = []

    def task(value: int) -> int:
        begun.append(value)
        both_have_begun.come_by()
        may_end.wait()
        return value

    results = ordered_map(
        [partial(give, -1), *(partial(task, value) for value in range(50))],
        workers=2,
        cancel_token=cancel_token,
        before_waiting=lambda: may_end.open() if cancel_token.is_cancelled else None,
    )
    assert next(results) == -1
    both_have_begun.wait()
    cancel_token.cancel()
    assert list(results) == [0, 1]
    settle()
    assert begun == [0, 1]


def test_a_stop_while_results_are_waited_for_ends_the_wait() -> None:
    cancel_token = CancelToken()
    both_wait = Meeting(2)

    def task() -> int:
        both_wait.come_by()
        cancel_token.wait(LONG_SECONDS)
        return 1

    def end() -> None:
        both_wait.wait()
        cancel_token.cancel()

    with ThreadPoolExecutor(1) as pool:
        ending = pool.submit(end)
        assert list(ordered_map([task] * 9, workers=2, cancel_token=cancel_token)) == []
        ending.result(PATIENCE_SECONDS)


def test_a_task_may_stop_the_others() -> None:
    cancel_token = CancelToken()

    def last() -> int:
        cancel_token.cancel()
        return 1

    more = [partial(give, 2)] * 9
    tasks: list[Callable[[], int]] = [partial(give, 0), last, *more]
    assert list(ordered_map(tasks, workers=1, cancel_token=cancel_token)) == [0, 1]


def test_what_does_not_end_soon_after_a_stop_is_done_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_GRACE_SECONDS", 0.0)
    cancel_token = CancelToken()
    has_begun, may_end = Gate(), Gate()

    def task() -> int:
        has_begun.open()
        may_end.wait()
        return 1

    tasks: list[Callable[[], int]] = [partial(give, 0), task, partial(give, 2)]
    results = ordered_map(tasks, workers=1, cancel_token=cancel_token)
    assert next(results) == 0
    has_begun.wait()
    cancel_token.cancel()
    assert list(results) == []
    may_end.open()
    settle()


def test_a_task_that_was_stopped_is_left_out() -> None:
    def stopped() -> int:
        raise CancelledError

    tasks: list[Callable[[], int]] = [partial(give, 0), stopped, partial(give, 2)]
    assert list(ordered_map(tasks, workers=1, cancel_token=CancelToken())) == [0, 2]


def test_a_stop_before_the_first_task_begins_none() -> None:
    cancel_token = CancelToken()
    cancel_token.cancel()

    assert (
        list(ordered_map([partial(fail, 0)], workers=2, cancel_token=cancel_token))
        == []
    )


def test_what_is_not_taken_to_its_end_lets_go_of_what_was_not_begun() -> None:
    may_end = Gate()
    begun: list[int] = []

    def task(value: int) -> int:
        begun.append(value)
        may_end.wait()
        return value

    tasks = [partial(give, -1), *(partial(task, value) for value in range(9))]
    results = ordered_map(tasks, workers=1, cancel_token=CancelToken())
    with contextlib.closing(cast("Generator[int]", results)):
        assert next(results) == -1
    may_end.open()
    settle()
    assert begun in ([], [0])


def test_no_task_waits_for_ever_when_the_consumer_leaves() -> None:
    cancel_token = CancelToken()
    have_begun, have_ended = Meeting(3), Meeting(3)

    def task() -> int:
        have_begun.come_by()
        try:
            cancel_token.wait(LONG_SECONDS)
        finally:
            have_ended.come_by()
        return 1

    tasks: list[Callable[[], int]] = [partial(give, 0), *[task] * 20]
    results = ordered_map(tasks, workers=3, cancel_token=cancel_token)
    with contextlib.closing(cast("Generator[int]", results)):
        assert next(results) == 0
        have_begun.wait()
    have_ended.wait()
