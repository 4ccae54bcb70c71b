"""What the state holds of purchase orders: the streams, and the changes of a source."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tap_purchase_orders.errors import SettingsError
from tap_purchase_orders.incremental.resume import ChangesRead, ResumePoint
from tap_purchase_orders.incremental.state import State
from tap_purchase_orders.instants import parse_instant

if TYPE_CHECKING:
    from tests.unit.json_values import Json

JANUARY = parse_instant("2026-01-01T00:00:00Z")
MARCH = parse_instant("2026-03-01T10:00:00.1234567Z")
STREAMS = {"purchase_orders": "abc", "purchase_order_lines": ""}


def next_run(state: State) -> State:
    return State(json.loads(json.dumps(state.value())))


def numbers_of(state: State) -> Json:
    numbers: Json = state.value()["bookmarks"]["purchase_orders"]
    return numbers


@pytest.mark.parametrize("since", [None, JANUARY])
def test_up_to_when_changes_were_read_is_known_to_the_next_run(since: Any) -> None:
    assert State({}).changes_read is None
    state = State({})
    changes = ChangesRead("invoices", MARCH, since)
    state.checkpoint_changes(changes)

    assert state.changes_read == next_run(state).changes_read == changes
    assert numbers_of(state) == {
        "changes_read": {
            "source": "invoices",
            "until": MARCH.text,
            "since": None if since is None else since.text,
        },
        "resume": None,
    }


def test_changes_that_are_read_end_the_list_that_was_interrupted() -> None:
    state = State({})
    state.checkpoint_resume_point(ResumePoint(17, "abc"))
    state.checkpoint_changes(ChangesRead("invoices", MARCH))

    assert state.resume_point is next_run(state).resume_point is None


def test_numbers_that_are_forgotten_are_all_read_anew() -> None:
    state = State({})
    state.checkpoint_changes(ChangesRead("invoices", MARCH, JANUARY))
    state.checkpoint_resume_point(ResumePoint(17, "abc"))
    state.forget_numbers()

    for it in (state, next_run(state)):
        assert it.changes_read is None
        assert it.resume_point is None
    # By name: who merges states would keep what is left out.
    assert numbers_of(state) == {
        "changes_read": {
            "source": "invoices",
            "until": None,
            "since": JANUARY.text,
        },
        "resume": None,
    }


def test_without_anything_to_forget_there_is_only_the_end_of_a_list() -> None:
    state = State({})
    state.forget_numbers()

    assert numbers_of(state) == {"resume": None}


def test_the_streams_of_the_numbers_are_known_to_the_next_run() -> None:
    state = State({})
    state.checkpoint_number_streams(STREAMS)
    assert state.number_streams == STREAMS
    # They are those of something that was read.
    assert state.value() == {}

    state.checkpoint_resume_point(ResumePoint(17, "abc"))
    assert next_run(state).number_streams == STREAMS
    assert numbers_of(state)["streams"] == [
        "purchase_order_lines:",
        "purchase_orders:abc",
    ]


PLACE = "bookmarks.purchase_orders"


@pytest.mark.parametrize(
    ("numbers", "place"),
    [
        ({"changes_read": 5}, f"{PLACE}.changes_read"),
        ({"changes_read": {}}, f"{PLACE}.changes_read"),
        ({"changes_read": {"source": 5}}, f"{PLACE}.changes_read"),
        (
            {"changes_read": {"source": "s", "until": "soon"}},
            f"{PLACE}.changes_read.until",
        ),
        (
            {"changes_read": {"source": "s", "until": None, "since": 5}},
            f"{PLACE}.changes_read.since",
        ),
        ({"streams": {}}, f"{PLACE}.streams"),
        ({"streams": [5]}, f"{PLACE}.streams"),
        ({"resume": [5, "abc", "soon"]}, f"{PLACE}.resume"),
    ],
)
def test_numbers_that_cannot_be_read_are_refused_with_the_place(
    numbers: Json, place: str
) -> None:
    with pytest.raises(SettingsError, match=re.escape(f"`{place}`")):
        State({"bookmarks": {"purchase_orders": numbers}})
