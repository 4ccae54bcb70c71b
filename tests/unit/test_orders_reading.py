from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pytest

from tap_purchase_orders.exact_json import decode_body, json_text
from tap_purchase_orders.records.issues import Issue
from tap_purchase_orders.records.orders import (
    Order,
    OrderReader,
    OrderSummary,
)
from tap_purchase_orders.records.repeated_orders import conflict
from tests.unit.json_values import payload, wire_errors

if TYPE_CHECKING:
    from tests.unit.json_values import Json

NOW = dt.datetime(2026, 4, 5, 6, 7, 8, tzinfo=dt.UTC)
CUSTOMER = "5e8b21cd-7f06-4a93-a2d8-0c94f3b6e715"
ORDERS = [
    "partner_center/orders--of-a-customer.json",
    "partner_center/orders--purchase-order-states.json",
    "partner_center/orders--irregular.json",
    "partner_center/orders--one-order.with-bom.body",
]


def head_of(raw: Any) -> OrderSummary:
    summary = OrderReader().summary(raw, CUSTOMER, NOW)
    assert isinstance(summary, OrderSummary)
    return summary


def refused(raw: Any) -> Issue:
    issue = OrderReader().summary(raw, CUSTOMER, NOW)
    assert isinstance(issue, Issue)
    return issue


def order_of(raw: Any) -> Order:
    return OrderReader().read([head_of(raw)], NOW)[0]


def decoded(raw: Any) -> Any:
    """Return what the wire gives for a value."""
    return decode_body(json.dumps(raw).encode())


def irregular() -> tuple[Json, Json, Json]:
    without_id, undated, odd = payload("partner_center/orders--irregular.json")["items"]
    return without_id, undated, odd


@pytest.mark.parametrize("name", ORDERS)
def test_every_order_of_the_payloads_gives_valid_records(name: str) -> None:
    for raw in payload(name)["items"]:
        summary = OrderReader().summary(raw, CUSTOMER, NOW)
        if isinstance(summary, Issue):
            assert wire_errors("extraction_issues", summary.record()) == []
            continue
        order = OrderReader().read([summary], NOW)[0]
        assert wire_errors("orders", order.header) == []
        for line in order.lines:
            assert wire_errors("order_line_items", line) == []
        for issue in order.issues:
            assert wire_errors("extraction_issues", issue.record()) == []


def test_a_head_tells_what_the_body_says() -> None:
    summary = head_of(
        {
            "id": "Zt4_oPw8",
            "referenceCustomerId": "c-1",
            "status": "Pending",
            "creationDate": "2018-03-06T17:37:05.253-08:00",
        }
    )

    assert (summary.id, summary.customer_id, summary.status) == (
        "Zt4_oPw8",
        "c-1",
        "Pending",
    )
    assert summary.created is not None
    assert summary.created.text == "2018-03-07T01:37:05.253Z"


def test_an_order_that_does_not_name_its_customer_is_of_the_one_asked_for() -> None:
    for raw in ({"id": "a"}, {"id": "a", "referenceCustomerId": " "}):
        summary = head_of(raw)
        assert summary.customer_id == CUSTOMER
        header = OrderReader().read([summary], NOW)[0].header
        assert header["referenceCustomerId"] == CUSTOMER


@pytest.mark.parametrize("status", [None, "", " ", {}, []])
def test_an_order_without_a_readable_status_has_none(status: Any) -> None:
    assert head_of({"id": "a", "status": status}).status is None
    assert head_of({"id": "a"}).status is None


@pytest.mark.parametrize("date", [None, "", "soon", 20260101, {}])
def test_a_creation_date_that_cannot_be_read_is_none(date: Any) -> None:
    assert head_of({"id": "a", "creationDate": date}).created is None


@pytest.mark.parametrize("order_id", [None, "", " ", [], {}])
def test_an_order_without_an_id_is_an_issue_with_its_payload(order_id: Any) -> None:
    raw = {"id": order_id, "status": "pending"}
    issue = refused(raw)

    assert issue.kind == "invalid_record"
    assert (issue.upstream, issue.stream) == ("partner_center", "orders")
    assert json.loads(issue.payload or "") == raw
    assert issue.record_key is not None
    assert CUSTOMER in issue.record_key


@pytest.mark.parametrize("raw", [None, 5, "order", [], [{"id": "a"}]])
def test_what_is_no_object_is_an_issue_with_its_payload(raw: Any) -> None:
    issue = refused(raw)

    assert issue.kind == "invalid_record"
    assert json.loads(issue.payload or "") == raw


def test_an_id_that_is_a_number_becomes_text() -> None:
    assert head_of({"id": 583164}).id == "583164"
    assert order_of({"id": 583164}).header["id"] == "583164"


def test_an_order_of_the_payloads_is_read_field_by_field() -> None:
    raw = payload("partner_center/order--with-a-cancelled-line.json")
    order = order_of(raw)

    assert order.issues == []
    assert not any(order.unknown.values())
    assert order.header["creationDate"] == "2020-02-29T23:59:59.0400001Z"
    assert order.header["line_count"] == 2
    assert order.header["totalPrice"] is None
    assert order.header["client"] == {}
    assert order.header["links"] == raw["links"]
    assert order.header["lineItems"] == raw["lineItems"]
    assert [line["quantity"] for line in order.lines] == [0, 17]


def test_lines_bear_the_keys_of_their_order_and_nulls_where_nothing_came() -> None:
    raw = payload("partner_center/order--with-a-cancelled-line.json")
    order = order_of(raw)

    for number, line in enumerate(order.lines):
        assert line["referenceCustomerId"] == raw["referenceCustomerId"]
        assert line["orderId"] == raw["id"]
        assert line["lineItemNumber"] == number
        assert line["subscriptionId"] is None
        assert list(line)[:3] == ["referenceCustomerId", "orderId", "lineItemNumber"]
    # As documented: only what came.
    assert "subscriptionId" not in order.header["lineItems"][0]


@pytest.mark.parametrize("lines", [None, []])
def test_an_order_may_have_no_lines(lines: Any) -> None:
    order = order_of({"id": "a", "lineItems": lines})

    assert order.header["line_count"] == 0
    assert order.header["lineItems"] == lines
    assert order.lines == []
    assert order.issues == []


def test_lines_that_are_blank_text_are_no_lines() -> None:
    order = order_of({"id": "a", "lineItems": ""})

    assert order.issues == []
    assert order.header["lineItems"] is None


def test_lines_that_are_no_array_are_an_unreadable_value() -> None:
    order = order_of({"id": "a", "lineItems": {"0": {}}})

    (issue,) = order.issues
    assert (issue.kind, issue.field) == ("unreadable_value", "lineItems")
    assert issue.record_key == f"{CUSTOMER}/a"
    assert json.loads(issue.payload or "") == {"0": {}}
    assert order.header["lineItems"] is None
    assert order.lines == []


def test_a_count_of_lines_that_was_sent_is_neither_read_nor_news() -> None:
    order = order_of(
        {"id": "a", "lineItems": [{"lineItemNumber": 0}], "line_count": []}
    )

    assert order.header["line_count"] == 1
    assert order.issues == []
    assert not any(order.unknown.values())


def test_the_irregular_order_is_read_losslessly_where_that_is_possible() -> None:
    order = order_of(irregular()[2])
    first, second = order.lines

    assert order.header["alternateId"] == "583164"
    assert json_text(order.header["totalPrice"]) == "437.50"
    assert order.header["creationDate"] == "2026-04-01T18:30:00.0000000Z"
    assert order.header["line_count"] == 3
    assert (first["lineItemNumber"], second["lineItemNumber"]) == (0, 1)
    assert first["friendlyName"] == "365"
    assert first["quantity"] == 3
    assert first["attestationAccepted"] is True
    assert first["additionalPartnerIdsOnRecord"] == ["5120448", None]
    assert first["provisioningContext"] == {
        "scope": "single",
        "seats": "2",
        "zone": None,
    }
    assert first["renewsTo"] == {"termDuration": "P1M"}
    assert second["quantity"] is None


def test_the_irregular_order_names_what_it_could_not_read() -> None:
    order = order_of(irregular()[2])
    key = f"{CUSTOMER}/5b83a1d6c0f7"

    unreadable = {
        (issue.record_key, issue.field): json.loads(issue.payload or "")
        for issue in order.issues
        if issue.kind == "unreadable_value"
    }
    assert unreadable == {
        (f"{key}/1", "quantity"): 2.5,
    }
    assert order.unknown == {
        "orders": {"fulfilmentHint"},
        "order_line_items": {"pricing.surcharge"},
    }


def test_a_line_without_a_number_is_an_issue_and_no_row() -> None:
    order = order_of(irregular()[2])

    (issue,) = [issue for issue in order.issues if issue.kind == "invalid_record"]
    assert issue.stream == "order_line_items"
    assert json.loads(issue.payload or "") == irregular()[2]["lineItems"][2]
    assert len(order.lines) == 2
    assert len(order.header["lineItems"]) == 3


@pytest.mark.parametrize(
    ("numbers", "kept"),
    [
        ([0, 0], [0]),
        ([0, "0", 1.0, 1], [0, 1]),
        ([None, -1, 2.5, "x", True, 3], [-1, 3]),
    ],
)
def test_no_two_rows_of_an_order_have_one_number(
    numbers: list[Any], kept: list[int]
) -> None:
    lines = [{"lineItemNumber": number} for number in numbers]
    order = order_of(decoded({"id": "a", "lineItems": lines}))

    assert [line["lineItemNumber"] for line in order.lines] == kept
    invalid = [issue for issue in order.issues if issue.kind == "invalid_record"]
    assert len(invalid) == len(numbers) - len(kept)
    assert order.header["line_count"] == len(numbers)


def test_a_line_that_is_no_object_is_an_issue_and_no_row() -> None:
    order = order_of({"id": "a", "lineItems": ["x", None, {"lineItemNumber": 1}]})

    assert [line["lineItemNumber"] for line in order.lines] == [1]
    assert [issue.kind for issue in order.issues] == ["invalid_record"] * 2
    assert [json.loads(issue.payload or "") for issue in order.issues] == ["x", None]
    assert order.header["line_count"] == 3


def test_unusable_lines_of_one_order_are_issues_of_their_own() -> None:
    order = order_of({"id": "a", "lineItems": [{"quantity": 1}, {"quantity": 2}, {}]})

    assert len({issue.issue_id for issue in order.issues}) == 3


def test_the_key_of_an_issue_never_says_none() -> None:
    order = order_of({"id": "a", "lineItems": [{"quantity": 2.5}]})

    assert all("None" not in str(issue.record_key) for issue in order.issues)


def test_ids_that_differ_only_in_case_are_two_orders() -> None:
    ids = {
        head_of(raw).id
        for name in ORDERS
        for raw in payload(name)["items"]
        if raw.get("id")
    }

    assert len({order_id.lower() for order_id in ids}) == len(ids) - 1


def summary_by(reader: OrderReader, orders: list[Json]) -> OrderSummary:
    """Return the summary of the first order of a page."""
    item, *_ = reader.decode(json.dumps({"items": orders}).encode())["items"]
    summary = reader.summary(item, CUSTOMER, NOW)
    assert isinstance(summary, OrderSummary)
    return summary


# They change how those beside them are read, and those that come later.
@pytest.mark.parametrize(
    "odd",
    [{"id": "b", "totalPrice": "much"}, {"id": "b", "news": 1, "lineItems": [{}]}],
)
@pytest.mark.parametrize("encodes", [True, False])
def test_an_order_that_comes_again_is_the_same_however_it_is_read(
    odd: Json, *, encodes: bool
) -> None:
    raw = {
        "id": "a",
        "creationDate": "2026-03-01T10:00:00.1234567+02:00",
        "totalPrice": 12.50,
        "news": {"a": 1},
        "lineItems": [{"lineItemNumber": 0, "quantity": 1, "renewsTo": []}],
    }
    reader = OrderReader({"orders": ()}) if encodes else OrderReader()
    summaries = [
        summary_by(reader, orders) for orders in ([raw], [raw, odd], [raw], [raw, odd])
    ]

    assert [conflict(reader, summaries[0], it, NOW) for it in summaries] == [None] * 4
    changed = summary_by(reader, [{**raw, "totalPrice": 12.51}, odd])
    assert conflict(reader, summaries[0], changed, NOW) is not None


@pytest.mark.parametrize("reader", [OrderReader(), OrderReader({"orders": ()})])
def test_an_order_that_comes_again_otherwise_is_an_issue_with_its_payload(
    reader: OrderReader,
) -> None:
    raw = {"id": "a", "status": "pending", "lineItems": [{"lineItemNumber": 0}]}
    first = summary_by(reader, [raw])
    last = summary_by(reader, [{**raw, "status": "completed"}])

    issue = conflict(reader, first, last, NOW)

    assert issue is not None
    assert (issue.stream, issue.kind) == ("orders", "invalid_record")
    assert issue.record_key == f"{CUSTOMER}/a"
    assert json.loads(issue.payload or "").items() >= raw.items()
    assert wire_errors("extraction_issues", issue.record()) == []


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ({"termDuration": "P1Y"}, {"termDuration": "P1Y"}),
        ([{"termDuration": "P1Y"}], {"termDuration": "P1Y"}),
        ([], None),
        (None, None),
    ],
)
def test_a_renewal_may_be_an_object_or_stand_in_an_array(sent: Any, read: Any) -> None:
    order = order_of(with_line(renewsTo=sent))

    assert order.lines[0]["renewsTo"] == read
    assert order.header["lineItems"][0]["renewsTo"] == read
    assert order.issues == []


def test_two_renewals_of_one_line_are_an_issue() -> None:
    sent = [{"termDuration": "P1Y"}, {"termDuration": "P1M"}]
    order = order_of(with_line(renewsTo=sent))

    (issue,) = order.issues
    assert (issue.kind, issue.field) == ("unreadable_value", "renewsTo")
    assert json.loads(issue.payload or "") == sent


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (["5139005", "5139006"], ["5139005", "5139006"]),
        ("5139005", ["5139005"]),
        ("", None),
        (None, None),
    ],
)
def test_additional_partners_may_be_an_array_or_a_text(sent: Any, read: Any) -> None:
    order = order_of(with_line(additionalPartnerIdsOnRecord=sent))

    assert order.lines[0]["additionalPartnerIdsOnRecord"] == read
    assert order.issues == []


def with_line(**members: Any) -> Any:
    line = {"lineItemNumber": 0, "offerId": "A", **members}
    return decoded({"id": "o1", "lineItems": [line]})


def test_lines_without_a_number_of_their_own_are_issues_by_their_place() -> None:
    numbers = [{"lineItemNumber": number} for number in (0, None, 0)]
    order = order_of({"id": "o", "lineItems": numbers})

    key = f"{CUSTOMER}/o"
    assert [(issue.record_key, issue.message) for issue in order.issues] == [
        (
            f"{key}/row:2",
            f"a line item of order {key} has no usable number; it was not emitted",
        ),
        (
            f"{key}/row:3",
            f"a line item of order {key} has a number used before; it was not emitted",
        ),
    ]


@pytest.mark.parametrize(
    ("kind", "is_by_system"),
    [
        ("SystemPurchase", True),
        ("systemBilling", True),
        ("UserPurchase", False),
        ("", False),
        (None, False),
        (5, False),
    ],
)
def test_what_the_system_bought_is_told(kind: Any, is_by_system: bool) -> None:  # noqa: FBT001
    head = head_of({"id": "o", "transactionType": kind})

    assert head.is_system_purchase is is_by_system
