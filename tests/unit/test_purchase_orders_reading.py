from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tap_purchase_orders.exact_json import json_text
from tap_purchase_orders.records.purchase_orders import (
    PurchaseOrder,
    PurchaseOrderReader,
)
from tests.unit.json_values import payload, wire_errors

if TYPE_CHECKING:
    from tests.unit.json_values import Json

NOW = dt.datetime(2026, 4, 5, 6, 7, 8, tzinfo=dt.UTC)
NAMES = ["full", "irregular-lines", "minimal", "null-lines", "without-number"]


def read(raw: Json, asked: str = "ASKED-1") -> PurchaseOrder:
    return PurchaseOrderReader().read(raw, asked, NOW)


def body(name: str) -> Json:
    value: Json = payload(f"appzen/purchase-order--{name}.json")
    return value


@pytest.mark.parametrize("name", NAMES)
def test_every_purchase_order_of_the_payloads_gives_valid_records(name: str) -> None:
    order = read(body(name))

    assert wire_errors("purchase_orders", order.header) == []
    for line in order.lines:
        assert wire_errors("purchase_order_lines", line) == []
    for issue in order.issues:
        assert wire_errors("extraction_issues", issue.record()) == []
    assert order.header["line_count"] == len(order.lines)
    assert {line["purchase_order_number"] for line in order.lines} <= {order.number}


@pytest.mark.parametrize("name", ["full", "minimal", "null-lines", "without-number"])
def test_what_the_documents_say_is_read_without_an_issue(name: str) -> None:
    order = read(body(name))

    assert order.issues == []
    assert not any(order.unknown.values())


def test_header_and_lines_have_every_digit_of_the_wire() -> None:
    order = read(body("full"))
    texts = json_text([order.header, *order.lines])

    assert "12345678901234.123456789" in texts
    assert '"amount":100.00' in texts


def test_the_number_of_the_body_is_the_key() -> None:
    assert read(body("minimal"), asked="917").number == "000917"
    order = read({"purchase_order_number": 193, "purchase_order_lines": [{}]})
    assert order.number == order.header["purchase_order_number"] == "193"
    assert order.lines[0]["purchase_order_number"] == "193"


@pytest.mark.parametrize("number", [None, "", " "])
def test_without_a_number_the_one_asked_for_is_the_key(number: str | None) -> None:
    order = read({"purchase_order_number": number, "purchase_order_lines": [{}]}, " A ")

    assert order.number == order.header["purchase_order_number"] == " A "
    assert order.lines[0]["purchase_order_number"] == " A "
    assert read(body("without-number")).number == "ASKED-1"


def test_a_number_that_cannot_be_read_is_an_issue_under_the_one_asked_for() -> None:
    order = read({"purchase_order_number": {"value": 1}})

    (issue,) = order.issues
    assert order.number == issue.record_key == "ASKED-1"
    assert (issue.kind, issue.field) == ("unreadable_value", "purchase_order_number")


@pytest.mark.parametrize(
    ("raw", "documented"),
    [
        ({}, None),
        ({"purchase_order_lines": None}, None),
        ({"purchase_order_lines": []}, []),
    ],
)
def test_a_purchase_order_may_have_no_lines(raw: Json, documented: Any) -> None:
    order = read({"purchase_order_number": "1", **raw})

    assert order.lines == []
    assert order.issues == []
    assert order.header["line_count"] == 0
    assert order.header["purchase_order_lines"] == documented


def test_lines_that_are_no_array_are_an_unreadable_value() -> None:
    order = read({"purchase_order_lines": {"line_number": 1}})

    (issue,) = order.issues
    assert (issue.stream, issue.kind) == ("purchase_orders", "unreadable_value")
    assert issue.field == "purchase_order_lines"
    assert json.loads(issue.payload or "") == {"line_number": 1}
    assert order.header["purchase_order_lines"] is None


def test_a_count_of_lines_that_was_sent_is_neither_read_nor_news() -> None:
    order = read({"purchase_order_lines": [{"line_number": 1}], "line_count": "many"})

    assert order.header["line_count"] == 1
    assert order.issues == []
    assert not any(order.unknown.values())


def test_a_line_that_is_null_is_an_issue_with_its_payload() -> None:
    (issue,) = read({"purchase_order_lines": [None]}).issues

    assert (issue.kind, issue.payload) == ("invalid_record", "null")


def test_lines_that_are_blank_text_are_no_lines() -> None:
    order = read({"purchase_order_lines": " "})

    assert order.issues == []
    assert order.header["purchase_order_lines"] is None


def test_a_line_that_is_no_object_is_an_issue_and_keeps_its_position() -> None:
    order = read({"purchase_order_lines": ["x", {"gl_code": "1"}]})

    assert [line["line_key"] for line in order.lines] == ["row:2"]
    kinds = [issue.kind for issue in order.issues]
    assert kinds == ["invalid_record", "irregular_line"]
    assert json.loads(order.issues[0].payload or "") == "x"
    assert order.header["line_count"] == 2


def test_the_irregular_lines_get_keys_of_their_own() -> None:
    order = read(body("irregular-lines"))

    assert [line["line_key"] for line in order.lines] == [
        "1",
        "1#2",
        "6.1",
        "6.1#2",
        "7",
        "7#2",
        "id:000451",
        "row:8",
        "007",
        "A-1",
        "id:00019",
        "id:000451#2",
        "8",
        "9",
    ]


def test_the_irregular_lines_are_issues() -> None:
    order = read(body("irregular-lines"))

    irregular = [issue for issue in order.issues if issue.kind == "irregular_line"]
    assert {issue.field for issue in irregular} == {"line_number"}
    assert [issue.record_key for issue in irregular] == [
        "IRR-0014/1#2",
        "IRR-0014/6.1#2",
        "IRR-0014/7#2",
        "IRR-0014/id:000451",
        "IRR-0014/row:8",
        "IRR-0014/id:00019",
        "IRR-0014/id:000451#2",
    ]
    assert len({issue.issue_id for issue in order.issues}) == len(order.issues)


def test_what_the_irregular_lines_cannot_hold_is_named_with_its_raw_value() -> None:
    order = read(body("irregular-lines"))

    unreadable = {
        (str(issue.record_key), issue.field): json.loads(issue.payload or "")
        for issue in order.issues
        if issue.kind == "unreadable_value"
    }
    assert unreadable == {
        ("IRR-0014", "end_date"): "31/12/2026",
        ("IRR-0014", "total_amount.amount"): "1,200.00",
        ("IRR-0014/A-1", "line_number"): "A-1",
        ("IRR-0014/8", "taxable_flag"): "Y",
        ("IRR-0014/9", "quantity"): "a dozen",
        ("IRR-0014/9", "unit_price"): 100.00,
        ("IRR-0014/9", "line_vat_breakdown"): {"code": "VAT", "rate": 20.5},
        ("IRR-0014/9", "line_allocations[0]"): "al-1",
        ("IRR-0014/9", "closed_flag"): "perhaps",
        ("IRR-0014/9", "closed_date"): "31/12/2026",
        ("IRR-0014/9", "amortization_schedule_details.id"): 7.5,
    }
    assert order.unknown == {
        "purchase_orders": {"approval_route"},
        "purchase_order_lines": {"amount.rounding", "packing"},
    }


def test_what_the_irregular_lines_can_hold_is_converted_losslessly() -> None:
    order = read(body("irregular-lines"))
    line, last = order.lines[12:]

    assert order.header["entity_id"] == "1002"
    assert order.header["start_date"] is None
    assert order.header["total_amount"] == {"amount": None, "currency": "EUR"}
    assert order.header["custom_json"] == "plain text"
    assert order.header["appzen_purchase_order_status"] == "PO_REOPENED"
    assert {
        name: line[name] for name in ("po_line_id", "gl_code", "line_item_code")
    } == {
        "po_line_id": "55",
        "gl_code": "4000.10",
        "line_item_code": "true",
    }
    assert json_text([line["quantity"], line["price_per_unit"]]) == "[12.50,3]"
    assert line["amount"] == {"amount": Decimal("37.50"), "currency": "978"}
    assert (line["closed_flag"], line["cancel_flag"]) == (True, False)
    assert line["closed_date"] is line["cancel_date"] is None
    assert line["received_quantity"] == 100
    assert line["custom_json"] == 42
    assert last["amortization_end_date"] == "2026-12-31T10:00:00Z"
    assert last["line_allocations"] == [
        None,
        {
            "external_allocation_id": "al-2",
            "gl_code": "0042",
            "amount": Decimal("12.50"),
        },
    ]


def test_lines_are_as_documented_in_the_header_and_in_full_in_their_stream() -> None:
    order = read(body("minimal"))

    (documented,) = order.header["purchase_order_lines"]
    (line,) = order.lines
    assert list(documented) == [
        name for name in line if name in body("minimal")["purchase_order_lines"][0]
    ]
    assert line["buyer"] is None
    assert "buyer" not in documented
    assert "line_key" not in documented


def test_a_hollow_exchange_rate_and_any_custom_json_stay_as_they_came() -> None:
    header = read(body("null-lines")).header

    assert header["exchange_rate"] == {
        "conversion_rate": 0,
        "from_currency_code": "",
        "to_currency_code": "",
    }
    assert header["custom_json"] == ["a list", {"where": "an object is documented"}]
    assert header["total_amount"] == {}
    assert header["requester"] == ""
    assert header["start_date"] is None
