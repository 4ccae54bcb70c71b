"""A state that a person or a program gives: what is taken, and what is refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tap_purchase_orders.errors import SettingsError
from tap_purchase_orders.incremental.customer_bookmark import (
    ATTACHMENTS_OWED,
    NOT_EMITTED,
    PAST_ATTACHMENTS,
    CustomerBookmark,
)
from tap_purchase_orders.incremental.state import State, state_value
from tap_purchase_orders.instants import parse_instant

if TYPE_CHECKING:
    from tests.unit.json_values import Json

MARCH = "2026-03-01T10:00:00.1234567Z"
VALUE = {"bookmarks": {"orders": {"full_table_until": MARCH}}}


@pytest.mark.parametrize(
    "given", [VALUE, {"type": "STATE", "value": VALUE}, {"value": 5, **VALUE}]
)
def test_a_state_may_be_given_as_it_is_or_as_a_whole_message(given: Json) -> None:
    assert state_value(given)["bookmarks"] == VALUE["bookmarks"]


@pytest.mark.parametrize("given", [{}, {"type": "STATE", "value": {}}])
def test_an_empty_state_is_one(given: Json) -> None:
    assert state_value(given) == {}


@pytest.mark.parametrize(
    "given",
    [
        {"bookmark": {}},
        {"value": VALUE},
        {"type": "RECORD", "value": VALUE},
        {"type": "STATE", "value": "bookmarks"},
        {"type": "STATE", "value": {"singer_state": {}}},
    ],
)
def test_what_has_no_bookmarks_is_no_state(given: Json) -> None:
    with pytest.raises(SettingsError, match="it has no `bookmarks`"):
        state_value(given)


@pytest.mark.parametrize("kind", ["RECORD", "SCHEMA", None, 5])
def test_another_message_is_no_state_though_it_has_bookmarks(kind: Json) -> None:
    with pytest.raises(SettingsError, match="a message of another type"):
        state_value({"type": kind, **VALUE})


def test_how_far_customers_were_fully_read_is_known_to_the_next_run() -> None:
    state = State({})
    assert state.full_table_until is None
    state.checkpoint_full_table(parse_instant(MARCH))

    assert state.value() == VALUE
    assert State(VALUE).full_table_until == parse_instant(MARCH)


def test_where_no_customer_is_ever_due_nothing_is_said_of_it() -> None:
    state = State({})
    state.checkpoint_full_table(None)

    assert state.value() == {}


def test_customers_are_counted_of_whom_something_is_known() -> None:
    state = State({})
    assert state.customer_count == 0
    bookmark = CustomerBookmark(parse_instant(MARCH))
    for customer_id in ("c-1", "c-2", "c-1"):
        state.checkpoint_customer(customer_id, bookmark)

    assert state.customer_count == State(state.value()).customer_count == 2


def test_what_is_forgotten_of_listed_orders_is_all_of_it() -> None:
    part = {"context": {"customer_id": "c-1"}, "ids": "AAAAAAA"}
    state = State({"bookmarks": {"orders": {"partitions": [part]}}})
    assert state.customer("c-1").ids is not None
    state.forget_ids()

    assert state.customer("c-1").ids is None


def test_marks_are_the_same_for_every_version_of_the_tap() -> None:
    assert (NOT_EMITTED, ATTACHMENTS_OWED) == ("", "!")
    assert PAST_ATTACHMENTS == "order_attachments:past"


FIRST = "bookmarks.orders.partitions[0]"


def partition(**members: Any) -> Json:
    part = {"context": {"customer_id": "c-1"}, **members}
    return {"partitions": [part]}


@pytest.mark.parametrize(
    ("orders", "place"),
    [
        ({"activity_read_until": "x"}, "bookmarks.orders.activity_read_until"),
        ({"full_table_until": "x"}, "bookmarks.orders.full_table_until"),
        (partition(ids=5), f"{FIRST}.ids"),
        (partition(ids="AAA"), f"{FIRST}.ids"),
        (partition(highest_sequence=-1), f"{FIRST}.highest_sequence"),
        (partition(highest_sequence=True), f"{FIRST}.highest_sequence"),
        (partition(highest_sequence=2**63), f"{FIRST}.highest_sequence"),
        (partition(owed="orders"), f"{FIRST}.owed"),
        (partition(owed=[5]), f"{FIRST}.owed"),
    ],
)
def test_a_member_that_cannot_be_read_is_refused_with_its_place(
    orders: Json, place: str
) -> None:
    with pytest.raises(SettingsError, match=re.escape(f"`{place}`")):
        State({"bookmarks": {"orders": orders}})
