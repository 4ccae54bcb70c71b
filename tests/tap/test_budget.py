"""A budget of requests: it is kept to, and the next run goes on behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.tap.tap import Run, run_tap
from tests.tap.upstream import Reply, Upstream
from tests.tap.worlds import (
    appzen,
    appzen_error,
    number_path,
    purchase_order,
    serve_purchase_orders,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NUMBERS = [f"N{number}" for number in range(10)]


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as started:
        serve_purchase_orders(started, {n: purchase_order(n) for n in NUMBERS})
        yield started


def read(
    upstream: Upstream,
    state: Any = None,
    numbers: Sequence[str] = NUMBERS,
    **settings: Any,
) -> Run:
    upstream.asked.clear()
    return run_tap({"appzen": appzen(upstream, numbers, **settings)}, state=state)


def emitted(run: Run) -> list[str]:
    return [r["purchase_order_number"] for r in run.records("purchase_orders")]


def test_runs_with_a_budget_share_the_list_and_then_start_over(
    upstream: Upstream,
) -> None:
    runs: list[Run] = []
    asked = []
    for _ in range(4):
        state = runs[-1].state if runs else None
        runs.append(read(upstream, state, max_requests_per_run=4))
        asked.append(len(upstream.asked))

    assert [emitted(run) for run in runs] == [
        NUMBERS[:4],
        NUMBERS[4:8],
        NUMBERS[8:],
        NUMBERS[:4],
    ]
    assert asked == [4, 4, 2, 4]
    assert [run.status for run in runs] == [0] * 4
    assert [len(run.warnings) for run in runs] == [1, 1, 0, 1]
    assert (
        "max_requests_per_run" in runs[0].warnings[0]
        or "budget" in (runs[0].warnings[0])
    )


def test_repeats_count_against_the_budget(upstream: Upstream) -> None:
    upstream.answer_first(number_path("N1"), Reply(b"", 503))

    run = read(upstream, max_requests_per_run=4, max_tries=2, max_concurrency=1)

    assert len(upstream.asked) == 4
    assert emitted(run) == NUMBERS[:3]
    assert run.status == 0


def test_a_budget_that_is_just_enough_finishes_the_run(upstream: Upstream) -> None:
    run = read(upstream, max_requests_per_run=len(NUMBERS))

    assert emitted(run) == NUMBERS
    assert run.warnings == []
    assert read(upstream, run.state).records("purchase_orders")


def test_a_finished_run_forgets_where_the_one_before_it_was_interrupted(
    upstream: Upstream,
) -> None:
    # So many that there are STATE lines on the way, each with a place in the list.
    numbers = [f"M{number}" for number in range(100)]
    serve_purchase_orders(upstream, {n: purchase_order(n) for n in numbers})

    run = read(upstream, numbers=numbers)

    assert "purchase_orders" in run.states[0]["bookmarks"]
    assert run.messages[-1] == {"type": "STATE", "value": {"bookmarks": {}}}
    assert emitted(read(upstream, run.state, numbers)) == numbers


def test_another_list_starts_from_its_beginning(upstream: Upstream) -> None:
    first = read(upstream, max_requests_per_run=4)

    second = read(upstream, first.state, NUMBERS[::-1])

    assert emitted(second) == NUMBERS[::-1]


def test_a_rest_of_the_list_that_is_not_there_is_no_failure(upstream: Upstream) -> None:
    for number in NUMBERS[4:]:
        upstream.answer(number_path(number), appzen_error(404))
    first = read(upstream, max_requests_per_run=4)

    second = read(upstream, first.state)

    assert second.status == 0
    assert len(second.issues(kind="not_found")) == 6


def test_a_run_that_was_refused_goes_on_where_it_stopped(upstream: Upstream) -> None:
    upstream.answer(number_path("N3"), appzen_error(403))
    first = read(upstream)
    upstream.answer(number_path("N3"), appzen_error(404))

    second = read(upstream, first.state)

    assert first.status == 1
    assert emitted(first) == NUMBERS[:3]
    assert emitted(second) == NUMBERS[4:]
    assert [issue["record_key"] for issue in second.issues()] == ["N3"]


def test_the_state_does_not_grow_with_the_numbers(upstream: Upstream) -> None:
    few = read(upstream, max_requests_per_run=2)
    many = read(upstream, max_requests_per_run=9)

    assert len(str(many.state)) == len(str(few.state))
