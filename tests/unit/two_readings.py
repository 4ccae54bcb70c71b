"""Reading in one go and field by field: what comes of a body, to be compared."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from tap_purchase_orders.exact_json import NotJsonError, decode_body
from tap_purchase_orders.records.encoded_records import Encoded
from tap_purchase_orders.records.issues import Issue
from tap_purchase_orders.records.schemas import schema_of
from tap_purchase_orders.records.unknown_fields import UnknownFields

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_purchase_orders.records.encoded_records import Deselected
    from tap_purchase_orders.records.orders import OrderReader
    from tap_purchase_orders.records.purchase_orders import PurchaseOrderReader

NOW = dt.datetime(2026, 3, 10, 12, tzinfo=dt.UTC)

# What may be selected, by the fields that are not.
ORDER_SELECTIONS: Mapping[str, Deselected] = {
    "lines": {"orders": ("lineItems",), "order_line_items": ()},
    "headers": {"orders": ("lineItems",)},
    "lines alone": {"order_line_items": ()},
    "inside": {"orders": (), "order_line_items": ()},
    "inside alone": {"orders": ()},
    "nested": {
        "orders": ("lineItems", "status", "links.self", "client.name", "attributes"),
        "order_line_items": ("quantity", "links.sku.uri", "pricing.listPrice", "links"),
    },
    "nested inside": {"orders": ("links.self.uri", "line_count", "no such field")},
}
PURCHASE_ORDER_SELECTIONS: Mapping[str, Deselected] = {
    "lines": {
        "purchase_orders": ("purchase_order_lines",),
        "purchase_order_lines": (),
    },
    "headers": {"purchase_orders": ("purchase_order_lines",)},
    "lines alone": {"purchase_order_lines": ()},
    "inside": {"purchase_orders": (), "purchase_order_lines": ()},
    "inside alone": {"purchase_orders": ()},
    "nested": {
        "purchase_orders": (
            "purchase_order_lines",
            "total_amount.currency",
            "comments",
        ),
        "purchase_order_lines": ("unit_price.amount", "amount", "line_allocations"),
    },
    "nested inside": {"purchase_orders": ("exchange_rate.conversion_rate", "x.y")},
}

_encode = msgspec.json.Encoder(decimal_format="number").encode


def purchase_order(
    reader: PurchaseOrderReader,
    body: bytes,
    deselected: Deselected = PURCHASE_ORDER_SELECTIONS["lines"],
) -> Any:
    """Return all that comes of the body of a purchase order."""
    try:
        value = reader.decode(body)
    except NotJsonError:
        return None
    if not isinstance(value, dict | Struct):
        return value
    order = reader.read(value, "PO-1", NOW)
    return (
        order.number,
        _written("purchase_orders", [order.header], deselected),
        _written("purchase_order_lines", order.lines, deselected),
        order.issues,
        {stream: names for stream, names in order.unknown.items() if names},
    )


def orders(
    reader: OrderReader,
    body: bytes,
    deselected: Deselected = ORDER_SELECTIONS["lines"],
) -> Any:
    """Return all that comes of a page of orders; last, the unknown fields."""
    try:
        page = reader.decode(body)
    except NotJsonError:
        return None
    if not isinstance(page, dict) or not isinstance(page.get("items"), list):
        return page
    beside = {name: page[name] for name in page if name != "items"}
    unknown: dict[str, set[str]] = {}
    found = [_order(reader, item, deselected, unknown) for item in page["items"]]
    return beside, found, unknown


def _order(
    reader: OrderReader, item: Any, deselected: Deselected, unknown: dict[str, set[str]]
) -> Any:
    summary = reader.summary(item, "customer-1", NOW)
    if isinstance(summary, Issue):
        return summary
    read = reader.read([summary], NOW)[0]
    for stream, names in read.unknown.items():
        unknown.setdefault(stream, set()).update(names)
    return (
        (summary.customer_id, summary.id, summary.status, summary.created),
        summary.has_provisioning_status,
        _written("orders", [read.header], deselected),
        _written("order_line_items", read.lines, deselected),
        _whole("orders", [read.header]),
        _whole("order_line_items", read.lines),
        read.issues,
    )


def assert_same_orders(
    found: Any, expected: Any, body: bytes, *, is_first: bool = True
) -> None:
    """Assert that both readings have made the same of a page of orders.

    Args:
        found: What came of it, read in one go.
        expected: What came of it, read field by field.
        body: The page.
        is_first: Nothing was learned from another one.
    """
    if not (isinstance(found, tuple) and isinstance(expected, tuple)):
        assert found == expected
        return
    *found, unknown = found
    *expected, expected_unknown = expected
    assert found == expected
    # Of an order that is none, they are named as well.
    sent = _unknown_in(body)
    for stream in ("orders", "order_line_items"):
        names, others = unknown.get(stream, set()), expected_unknown.get(stream, set())
        assert names <= sent[stream]
        assert not is_first or others <= names


def _unknown_in(body: bytes) -> dict[str, set[str]]:
    fields = UnknownFields(
        schema_of("orders"), "lineItems", schema_of("order_line_items")
    )
    sent: dict[str, set[str]] = {"orders": set(), "order_line_items": set()}
    for item in decode_body(body)["items"]:
        for path in fields.of(item):
            if path[0] == "lineItems":
                sent["order_line_items"].add(".".join(path[1:]))
            else:
                sent["orders"].add(".".join(path))
    return sent


def without_unknown(expected: Any) -> Any:
    return (*expected[:-1], {}) if isinstance(expected, tuple) else expected


def _written(stream: str, records: Sequence[Any], deselected: Deselected) -> bytes:
    """Return records as they are to be written, none if they are not selected."""
    if stream not in deselected:
        return b""
    return b"".join(
        record.lines
        if isinstance(record, Encoded)
        else _line(stream, record, deselected[stream])
        for record in records
    )


def _whole(stream: str, records: Sequence[Any]) -> bytes:
    """Return that of records by which it is told whether there is news."""
    return b"".join(
        record.whole
        if isinstance(record, Encoded)
        else _line(stream, record, ["lineItems"])
        for record in records
    )


def _line(stream: str, record: dict[str, Any], names: Sequence[str]) -> bytes:
    fields = {name: record[name] for name in schema_of(stream)["properties"]}
    for name in names:
        fields = _without(fields, name.split("."))
    return _encode(fields) + b"\n"


def _without(record: Any, names: Sequence[str]) -> Any:
    if not isinstance(record, dict):
        return record
    if len(names) == 1:
        return {name: record[name] for name in record if name != names[0]}
    return {
        name: _without(member, names[1:]) if name == names[0] else member
        for name, member in record.items()
    }
