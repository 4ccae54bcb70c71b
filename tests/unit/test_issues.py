from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tap_purchase_orders.extraction.batch import failure_issue
from tap_purchase_orders.http.api_response import RequestFailure
from tap_purchase_orders.records.field_reader import ParseNotes
from tap_purchase_orders.records.issues import (
    UNREAD_KINDS,
    Issue,
    moment_text,
    unreadable_issues,
)
from tests.unit.json_values import any_json, wire_errors

NOW = dt.datetime(2026, 3, 1, 10, 11, 12, 7, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(days=3)
ISSUE = Issue(
    upstream="appzen",
    stream="purchase_orders",
    kind="not_found",
    message="HTTP 404: no such order",
    observed_at=NOW,
    record_key="PO-1",
    field="a.b[0]",
    http_status=404,
    error_code="Not Found",
    correlation_id="c",
    payload='{"a":1}',
)


def test_the_row_of_an_issue_has_everything_and_is_valid() -> None:
    record = ISSUE.record()

    assert wire_errors("extraction_issues", record) == []
    assert record == {
        "issue_id": ISSUE.issue_id,
        "upstream": "appzen",
        "stream": "purchase_orders",
        "record_key": "PO-1",
        "kind": "not_found",
        "field": "a.b[0]",
        "http_status": 404,
        "error_code": "Not Found",
        "message": "HTTP 404: no such order",
        "correlation_id": "c",
        "payload": '{"a":1}',
        "observed_at": "2026-03-01T10:11:12.000007Z",
    }


@pytest.mark.parametrize(
    "other",
    [
        {"observed_at": LATER},
        {"message": "other words"},
        {"http_status": 410},
        {"error_code": None},
        {"correlation_id": "another"},
        {"payload": "{}"},
    ],
)
def test_the_same_problem_has_the_same_id_in_every_run(other: dict[str, Any]) -> None:
    assert replace(ISSUE, **other).issue_id == ISSUE.issue_id


@pytest.mark.parametrize(
    "other",
    [
        {"upstream": "partner_center"},
        {"stream": "purchase_order_lines"},
        {"kind": "forbidden"},
        {"record_key": "PO-2"},
        {"record_key": None},
        {"field": "a.b[1]"},
        {"field": None},
    ],
)
def test_another_problem_has_another_id(other: dict[str, Any]) -> None:
    assert replace(ISSUE, **other).issue_id != ISSUE.issue_id


def test_the_id_is_the_same_on_every_machine() -> None:
    assert ISSUE.issue_id == "efe64df6c4c2ecc67f532424a0e3dcb8"
    odd = Issue("appzen", "purchase_order_lines", "invalid_record", "odd", NOW, "PO-1")
    assert odd.issue_id == "85814cb6cfb2f66667517262610377b5"


def test_a_run_has_failed_if_something_that_may_be_there_was_not_read() -> None:
    assert sorted(UNREAD_KINDS) == [
        "invalid_response",
        "refused_redirect",
        "unavailable",
    ]


def test_issue_ids_without_a_key_differ_by_occurrence_not_payload() -> None:
    nameless = replace(ISSUE, kind="invalid_record", record_key=None)
    first, changed, second = (
        replace(nameless, payload=payload, occurrence=occurrence).issue_id
        for payload, occurrence in (("{}", 1), ('{"etag":2}', 1), ("{}", 2))
    )

    assert first == changed != second


def test_a_key_that_has_no_bytes_has_an_id_of_its_own() -> None:
    # JSON settings may have half a surrogate pair in a number.
    one, other = (replace(ISSUE, record_key=f"{half}x") for half in "\ud800\ud801")

    assert one.issue_id != other.issue_id
    assert one.record()["record_key"] == "\ufffdx"


texts = st.none() | st.text(st.characters(codec="utf-8"), max_size=5)


@given(st.tuples(texts, texts), st.tuples(texts, texts))
def test_no_parts_of_an_id_run_into_each_other(
    one: tuple[str | None, str | None], other: tuple[str | None, str | None]
) -> None:
    ids = [
        replace(ISSUE, record_key=key, field=name).issue_id
        for key, name in (one, other)
    ]

    assert (ids[0] == ids[1]) == (one == other)


@given(any_json(st.text(st.characters(codec="utf-8"), max_size=4)))
def test_the_payload_of_an_unreadable_value_is_its_json_text(value: Any) -> None:
    notes = ParseNotes(unreadable=[("price.amount", value)])
    (issue,) = unreadable_issues("appzen", "purchase_orders", "PO-1", notes, NOW)

    assert json.loads(issue.payload or "", parse_float=Decimal) == value
    assert (issue.kind, issue.field) == ("unreadable_value", "price.amount")
    assert (issue.record_key, issue.observed_at) == ("PO-1", NOW)
    assert wire_errors("extraction_issues", issue.record()) == []


def test_a_payload_has_every_digit_of_the_wire() -> None:
    notes = ParseNotes(unreadable=[("a", [Decimal("100.00"), 10**30])])
    (issue,) = unreadable_issues("appzen", "purchase_orders", "PO-1", notes, NOW)

    assert issue.payload == f"[100.00,{10**30}]"


def test_a_failure_becomes_an_issue_with_all_that_is_known() -> None:
    failure = RequestFailure("forbidden", "HTTP 403", NOW, 403, "20002", "c", '"body"')
    issue = failure_issue("partner_center", "orders", "c-1", failure)

    record = issue.record()
    assert wire_errors("extraction_issues", record) == []
    assert record == {
        "issue_id": issue.issue_id,
        "upstream": "partner_center",
        "stream": "orders",
        "record_key": "c-1",
        "kind": "forbidden",
        "field": None,
        "http_status": 403,
        "error_code": "20002",
        "message": "HTTP 403",
        "correlation_id": "c",
        "payload": '"body"',
        "observed_at": "2026-03-01T10:11:12.000007Z",
    }


def test_a_failure_without_an_answer_is_an_issue_too() -> None:
    failure = RequestFailure("unavailable", "the connection failed", NOW)
    record = failure_issue("partner_center", "customers", None, failure).record()

    assert wire_errors("extraction_issues", record) == []
    assert record["http_status"] is record["record_key"] is None


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (NOW, "2026-03-01T10:11:12.000007Z"),
        (dt.datetime(2026, 3, 1, tzinfo=dt.UTC), "2026-03-01T00:00:00.000000Z"),
    ],
)
def test_a_moment_is_written_in_utc_with_six_digits(
    moment: dt.datetime, expected: str
) -> None:
    assert moment_text(moment) == expected


def test_a_payload_is_json_text() -> None:
    assert json.loads(ISSUE.payload or "") == {"a": 1}
