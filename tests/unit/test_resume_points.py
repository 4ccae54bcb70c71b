from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_purchase_orders.incremental.resume import (
    ChangesRead,
    DigestMark,
    ListPosition,
    ResumePoint,
)
from tap_purchase_orders.instants import Instant, parse_instant

numbers = st.lists(st.text(max_size=5), max_size=8)
JANUARY, MARCH = map(parse_instant, ("2026-01-01T00:00:00Z", "2026-03-01T00:00:00Z"))


def point(taken: list[str], identity: str = "") -> ResumePoint:
    position = ListPosition(identity)
    for number in taken:
        position.take(number)
    return position.point()


@given(numbers)
def test_the_same_way_along_the_same_list_ends_at_the_same_point(
    taken: list[str],
) -> None:
    assert point(taken) == point(taken)
    assert point(taken).position == len(taken)


@given(numbers, numbers)
def test_another_way_ends_at_another_point(one: list[str], other: list[str]) -> None:
    assert (point(one) == point(other)) == (one == other)


@given(numbers, st.text(max_size=3), st.text(max_size=3))
def test_the_same_way_along_another_list_ends_at_another_point(
    taken: list[str], one: str, other: str
) -> None:
    assert (point(taken, one) == point(taken, other)) == (one == other)


def test_every_step_tells_the_point_behind_it() -> None:
    position = ListPosition()

    assert position.take("PO-1") == position.point() == point(["PO-1"])
    assert position.take("PO-2") == position.point() == point(["PO-1", "PO-2"])


def test_half_a_surrogate_pair_is_a_number_like_any_other() -> None:
    assert point(["\ud800"]) != point(["\udc00"])


def test_points_and_digests_are_the_same_for_every_version_of_the_tap() -> None:
    # A state holds them: with others, a run that was interrupted would begin anew.
    assert point(["PO-1", "PO-2"], "a list") == ResumePoint(2, "36c36d6aebcbd8cf")
    assert DigestMark(3).digest("PO-1") == "ea36149dca85da78"


@pytest.mark.parametrize(
    ("since", "moment", "has_all"),
    [
        (None, None, True),
        (None, JANUARY, True),
        (JANUARY, None, False),
        (JANUARY, JANUARY, True),
        (JANUARY, MARCH, True),
        (MARCH, JANUARY, False),
    ],
)
def test_changes_are_all_read_if_they_are_read_from_that_early_on(
    since: Instant | None,
    moment: Instant | None,
    has_all: bool,  # noqa: FBT001
) -> None:
    assert ChangesRead("source", MARCH, since).has_all_since(moment) is has_all
