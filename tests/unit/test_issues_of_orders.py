"""Of which stream the issues of orders and of purchase orders are."""

from __future__ import annotations

import datetime as dt

from tap_purchase_orders.records.orders import OrderReader, OrderSummary
from tap_purchase_orders.records.purchase_orders import PurchaseOrderReader

NOW = dt.datetime(2026, 4, 5, 6, 7, 8, tzinfo=dt.UTC)
# Neither a number nor a text that is one.
UNREADABLE = {"unexpected": True}
EVENING = "2026-03-04T23:17:42.318-05:00"


def test_an_unreadable_value_is_an_issue_of_the_stream_that_has_it() -> None:
    reader = OrderReader()
    line = {"lineItemNumber": 1, "quantity": UNREADABLE}
    raw = {"id": "o", "totalPrice": UNREADABLE, "lineItems": [line]}
    summary = reader.summary(raw, "c", NOW)
    assert isinstance(summary, OrderSummary)

    issues = reader.read([summary], NOW)[0].issues
    assert [(it.upstream, it.stream, it.record_key, it.field) for it in issues] == [
        ("partner_center", "orders", "c/o", "totalPrice"),
        ("partner_center", "order_line_items", "c/o/1", "quantity"),
    ]


def test_dates_with_a_time_are_told_of_header_and_lines() -> None:
    lines = [{"line_number": 1, "closed_date": EVENING}, {"line_number": 2}]
    raw = {
        "purchase_order_number": "A",
        "start_date": EVENING,
        "purchase_order_lines": lines,
    }

    order = PurchaseOrderReader().read(raw, "A", NOW)

    assert order.shortened == {
        "purchase_orders": {"start_date"},
        "purchase_order_lines": {"closed_date"},
    }
    assert order.header["start_date"] == "2026-03-05"
    assert [line["closed_date"] for line in order.lines] == ["2026-03-05", None]
