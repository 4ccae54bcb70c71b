from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from tap_purchase_orders.incremental.change_detection import is_of_future
from tap_purchase_orders.instants import parse_instant
from tests.unit.order_worlds import AS_OF, Customer, ids, order, rules, steps

if TYPE_CHECKING:
    from tests.unit.json_values import Json

RECENT = order("recent", "2026-03-01T10:00:00Z")


def history(year: int, count: int) -> list[Json]:
    """Return old orders of a year; their names do not follow their dates."""
    return [
        order(f"{year}-{number * 37 % count}", f"{year}-03-01T10:{number:02}:00Z")
        for number in range(count)
    ]


@pytest.mark.parametrize("late", [2023, 2025])
def test_many_late_orders_are_told_by_their_dates_in_whatever_order_they_come(
    late: int,
) -> None:
    customer = Customer(rules(lookback_days=0))
    before, new = history(2024, 50), history(late, 4)
    customer.run(RECENT, *before)
    listed = [RECENT, *before, *new]
    random.Random(1).shuffle(listed)  # noqa: S311

    found = customer.run(*listed)

    assert set(ids(found)) == {raw["id"] for raw in new}
    assert {step[0] for step in steps(found)} == set(ids(found))
    assert customer.news(*listed) == []


def quiet(*orders: Json) -> Customer:
    """Return a customer of whose orders there is no news."""
    customer = Customer()
    customer.run(*orders)
    assert customer.news(*orders) == []
    return customer


OLD = order("old", "2024-03-01T10:00:00Z")


def test_old_orders_are_emitted_again_once_where_a_stream_is_owed() -> None:
    customer = quiet(OLD, RECENT)
    customer.customer_bookmark = replace(
        customer.customer_bookmark, owed=frozenset({"order_line_items"})
    )

    assert customer.news(OLD, RECENT) == ["old", "recent"]
    assert customer.news(OLD, RECENT) == []


def test_where_only_steps_are_owed_only_steps_are_written() -> None:
    customer = Customer(rules(tells_steps=False))
    customer.run(OLD, RECENT)
    customer.customer_bookmark = replace(
        customer.customer_bookmark, owed=frozenset({"order_status_changes"})
    )

    found = customer.run(OLD, RECENT, by=rules())

    assert ids(found) == []
    assert [step[0] for step in steps(found)] == ["old", "recent"]


def test_old_orders_are_emitted_again_where_it_is_not_certain_which_are_new() -> None:
    before = history(2024, 50)
    customer = quiet(RECENT, *before)
    new = [before[0] | {"id": f"new-{number}"} for number in range(4)]
    listed = [RECENT, *before[:10], *new, *before[11:]]

    assert set(customer.news(*listed)) == {raw["id"] for raw in listed}
    assert customer.news(*listed) == []


def test_where_as_many_old_orders_go_as_come_no_step_is_written_again() -> None:
    before = history(2024, 50)
    customer = quiet(RECENT, *before)
    listed = [RECENT, *before[1:], order("late", "2024-03-01T10:30:30Z")]

    found = customer.run(*listed)

    assert set(ids(found)) == {raw["id"] for raw in listed}
    assert steps(found) == []


@pytest.mark.parametrize(
    ("bookmark", "is_wrong"),
    [
        ("2026-03-10T12:00:00Z", False),
        ("2026-03-11T12:00:00Z", False),
        ("2026-03-11T12:00:00.0000001Z", True),
    ],
)
def test_a_bookmark_may_be_a_day_ahead_and_no_more(
    bookmark: str,
    is_wrong: bool,  # noqa: FBT001
) -> None:
    assert is_of_future(parse_instant(bookmark), AS_OF) is is_wrong


def test_the_step_of_an_old_order_is_not_written_again_when_all_others_are_gone() -> (
    None
):
    customer = Customer()
    assert len(steps(customer.run(OLD, RECENT))) == 2
    customer.run(OLD)

    for _ in range(2):
        assert steps(customer.run(OLD, by=rules(lookback_days=3650))) == []


def test_orders_without_any_step_leave_no_number_behind() -> None:
    customer = Customer(rules(tells_steps=False))
    customer.run(OLD, RECENT)

    assert customer.customer_bookmark.highest_gone == 0
