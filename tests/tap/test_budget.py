"""A budget of requests: it is kept to, and the next run goes on behind it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.tap.tap import Run, run_tap
from tests.tap.upstream import Asked, Reply, Upstream, json_reply
from tests.tap.worlds import (
    appzen,
    appzen_error,
    number_path,
    purchase_order,
    serve_purchase_orders,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

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


def resume_of(run: Run) -> list[Any]:
    """Return what the state says of an interruption; nothing if it does not say."""
    numbers = run.state["bookmarks"]["purchase_orders"]
    return [numbers["resume"]] if "resume" in numbers else []


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
    # By name: those who merge states would keep what is left out.
    assert run.messages[-1]["type"] == "STATE"
    assert resume_of(run) == [None]
    assert emitted(read(upstream, run.state, numbers)) == numbers


def test_another_list_is_asked_for_as_a_whole(upstream: Upstream) -> None:
    first = read(upstream, max_requests_per_run=4)

    second = read(upstream, first.state, NUMBERS[::-1])

    assert sorted(emitted(second)) == NUMBERS
    assert resume_of(second) == [None]


def nights(
    upstream: Upstream, lists: Iterable[Sequence[str]], **settings: Any
) -> list[set[str]]:
    """Return what a run asks for with each of some lists, one after another."""
    asked, state = [], None
    for numbers in lists:
        serve_purchase_orders(upstream, {n: purchase_order(n) for n in numbers})
        run = read(upstream, state, numbers, **settings)
        state = run.state
        asked.append({each.path.rpartition("/")[2] for each in upstream.asked})
    return asked


def test_every_number_is_read_though_one_is_added_each_night(
    upstream: Upstream,
) -> None:
    """Other changes of the list: `tests/unit/test_turns_of_numbers.py`."""
    lists = [[*(f"X{n}" for n in range(night)), *NUMBERS] for night in range(7)]

    asked = nights(upstream, lists, max_requests_per_run=3)

    assert max(map(len, asked)) == 3
    assert set(NUMBERS) <= set().union(*asked)


def test_a_list_that_only_grows_at_its_end_goes_on_where_it_stopped(
    upstream: Upstream,
) -> None:
    lists = [NUMBERS[:5], NUMBERS[:7], NUMBERS[:8]]

    asked = nights(upstream, lists, max_requests_per_run=3)

    assert asked == [{"N0", "N1", "N2"}, {"N3", "N4", "N5"}, {"N6", "N7"}]


def test_a_number_that_uses_up_the_budget_blocks_no_other(
    upstream: Upstream,
) -> None:
    upstream.answer(number_path("N0"), Reply(b"", 503))
    section: Any = {"max_requests_per_run": 2, "max_tries": 3, "max_concurrency": 1}

    first = read(upstream, **section)
    second = read(upstream, first.state, **section)

    assert [i["record_key"] for i in first.issues(kind="unavailable")] == ["N0"]
    assert first.status == 1
    assert emitted(second) == ["N1", "N2"]
    assert second.status == 0


def test_a_quota_that_is_used_up_at_the_server_works_as_a_budget_does(
    upstream: Upstream,
) -> None:
    """Whatever is added to the list meanwhile."""
    asked: list[set[str]] = []
    state: Any = None
    for night in range(6):
        numbers = [*(f"X{n}" for n in range(night)), *NUMBERS]
        left = [4]
        for number in numbers:
            upstream.answer(number_path(number), partial(_granted, number, left))
        run = read(upstream, state, numbers, max_concurrency=1)
        state = run.state
        asked.append(set(emitted(run)))
        is_finished = run.state["bookmarks"]["purchase_orders"]["resume"] is None
        assert run.status == (0 if is_finished else 1)
        assert run.issues() == []
        # One more than was granted tells that no more is to be had.
        assert len(upstream.asked) <= 5

    assert set(NUMBERS) <= set().union(*asked)


def _granted(number: str, left: list[int], _: Asked) -> Reply:
    left[0] -= 1
    if left[0] < 0:
        return Reply(b"", 429, {"Retry-After": "86400"})
    return json_reply(purchase_order(number))


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
