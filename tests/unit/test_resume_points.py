from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tap_purchase_orders.incremental.resume import ListPosition, ResumePoint

numbers = st.lists(st.text(max_size=5), max_size=8)


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
