"""Each number has its turn, however runs are cut short and lists change between."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_purchase_orders.extraction.digest_order import NumbersByDigest
from tap_purchase_orders.incremental.resume import DigestMark
from tap_purchase_orders.incremental.state import State
from tests.unit.configs import appzen
from tests.unit.number_queues import number_queue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tap_purchase_orders.extraction.number_queue import NumberQueue

NUMBERS = [f"N{number}" for number in range(10)]
BUDGET = 3
CHANGES: dict[str, Callable[[int], list[str]]] = {
    "nothing": lambda _: NUMBERS,
    "added-at-the-end": lambda night: [*NUMBERS, *(f"X{n}" for n in range(night))],
    "added-at-the-front": lambda night: [*(f"X{n}" for n in range(night)), *NUMBERS],
    "reversed": lambda night: NUMBERS[:: (-1) ** night],
    "turned-round": lambda night: NUMBERS[night % 10 :] + NUMBERS[: night % 10],
    "one-taken-away": lambda night: [n for n in NUMBERS if n != f"N{night % 7}"],
    # As many new ones as a run may ask for, where the last run stopped.
    "added-behind-what-was-asked-for": lambda night: [
        *NUMBERS[:BUDGET],
        *(f"X{n}" for n in reversed(range(BUDGET * night))),
        *NUMBERS[BUDGET:],
    ],
}


def opened(
    listed: Sequence[str], state: State, *, reads_all: bool = False
) -> NumberQueue:
    source = {"source": "list", "numbers": [*listed]}
    config = appzen(purchase_order_numbers=source)
    return number_queue(config, state, reads_all=reads_all)


def run(
    listed: Sequence[str],
    state: dict[str, Any],
    most: int,
    unread: int = 0,
    *,
    reads_all: bool = False,
) -> tuple[list[str], dict[str, Any]]:
    """Return what a run asks for, and the state that it leaves.

    Args:
        listed: The list.
        state: The state that it begins with.
        most: How many it may ask for.
        unread: How many of these, the last ones, a server that goes down leaves unread.
        reads_all: No budget ends it.
    """
    kept = State(json.loads(json.dumps(state)))
    numbers = opened(listed, kept, reads_all=reads_all)
    queue = numbers.queue()
    asked: list[str] = []
    for queued in queue:
        if len(asked) == most:
            queue.close()  # type: ignore[attr-defined]  # it is a generator
            break
        asked.append(str(queued.item))
        is_read = len(asked) <= most - unread
        (queued.checkpoint if is_read else queued.checkpoint_unread)()
    else:
        numbers.finish()
    if unread:
        numbers.go_back()
    return asked, kept.value()


@pytest.mark.parametrize("change", CHANGES)
def test_every_number_is_read_however_the_list_changes(change: str) -> None:
    state: dict[str, Any] = {}
    asked: set[str] = set()
    for night in range(20):
        batch, state = run(CHANGES[change](night), state, BUDGET)
        asked.update(batch)

    assert set(NUMBERS) <= asked


@given(st.lists(st.permutations(NUMBERS), min_size=9, max_size=9))
def test_every_number_is_read_in_whatever_order_the_list_comes(
    lists: list[list[str]],
) -> None:
    state: dict[str, Any] = {}
    asked: set[str] = set()
    for listed in lists:
        batch, state = run(listed, state, BUDGET)
        asked.update(batch)

    assert asked == set(NUMBERS)


def test_a_run_without_a_budget_reads_a_changed_list_from_end_to_end() -> None:
    state: dict[str, Any] = {}
    read: set[str] = set()
    for night in range(3):
        batch, state = run([f"X{night}", *NUMBERS], state, BUDGET)
        # The first one finds no list that it could have changed from.
        read.update(batch if night else ())
    listed = ["X9", *NUMBERS]
    asked, state = run(listed, state, 100, reads_all=True)

    assert sorted(asked) == sorted(listed)
    # Those that no run has read come first.
    unread = [number for number in asked if number not in read]
    assert asked[: len(unread)] == unread
    assert state == {"bookmarks": {"purchase_orders": {"resume": None}}}


@given(st.permutations(NUMBERS), st.integers(1, 9), st.integers(1, 4))
def test_a_complete_run_reads_what_is_left_and_clears_the_resume_point(
    listed: list[str], most: int, nights: int
) -> None:
    state: dict[str, Any] = {}
    for _ in range(nights):
        _, state = run(NUMBERS, state, most)
    before = state["bookmarks"]["purchase_orders"]["resume"]
    asked, state = run(listed, state, 100)

    assert len(set(asked)) == len(asked)
    assert state == {"bookmarks": {"purchase_orders": {"resume": None}}}
    position = 0 if before is None else before[0]
    if listed[:position] != NUMBERS[:position]:
        assert sorted(asked) == NUMBERS
    else:
        assert asked == listed[position:]


def test_numbers_left_unread_by_an_outage_come_first_in_the_next_run() -> None:
    asked, state = run(NUMBERS, {}, 6, unread=2)
    assert asked == NUMBERS[:6]

    asked, state = run(NUMBERS, state, 100)
    assert asked == NUMBERS[4:]


def test_an_outage_neither_skips_nor_repeats_a_number() -> None:
    _, state = run(NUMBERS, {}, 6, unread=2)
    for _ in range(3):
        _, state = run(NUMBERS, state, 2, unread=2)
    asked, state = run(NUMBERS, state, 100)

    assert sorted(asked) == NUMBERS[4:]
    assert state["bookmarks"]["purchase_orders"]["resume"] is None


def test_unreadable_numbers_do_not_stop_every_run_at_the_same_position() -> None:
    """Each run is ended by the first of them that it comes to."""
    broken = {"N2", "N3"}
    state: dict[str, Any] = {}
    read: set[str] = set()
    for _ in range(30):
        kept = State(json.loads(json.dumps(state)))
        numbers = opened(NUMBERS, kept)
        for queued in numbers.queue():
            if queued.item in broken:
                queued.checkpoint_unread()
                numbers.go_back()
                break
            queued.checkpoint()
            read.add(str(queued.item))
        state = kept.value()

    assert read == set(NUMBERS) - broken


@given(st.lists(st.text(max_size=3)), st.integers(1, 5), st.integers(0, 3))
def test_more_numbers_than_fit_into_memory_come_in_the_same_order(
    listed: list[str], most: int, number: int
) -> None:
    mark = DigestMark(number)
    with NumbersByDigest(mark) as all_of_them, NumbersByDigest(mark, most) as few:
        for each in dict.fromkeys(listed):
            all_of_them.add(each)
            few.add(each)
        expected = sorted((mark.digest(each), each) for each in set(listed))
        assert list(all_of_them) == list(few) == expected
        for digest, _ in expected[:1]:
            with NumbersByDigest(DigestMark(number, digest), most) as rest:
                for each in dict.fromkeys(listed):
                    rest.add(each)
                assert list(rest) == expected[1:]
