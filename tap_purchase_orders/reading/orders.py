"""An order of Partner Center, header and line items, from one answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tap_purchase_orders.reading.issues import Issue, unreadable_issues
from tap_purchase_orders.reading.records import Notes, RecordReader
from tap_purchase_orders.reading.schemas import schema_of
from tap_purchase_orders.reading.values import UnreadableError, to_text
from tap_purchase_orders.wire.body import json_text
from tap_purchase_orders.wire.instants import Instant, instant_or_none

if TYPE_CHECKING:
    import datetime as dt

UPSTREAM = "partner_center"


@dataclass(frozen=True, slots=True)
class OrderHead:
    """The few members of an order by which it is decided what becomes of it.

    Attributes:
        raw: The order as it was sent.
        customer_id: The customer that it is kept under.
        id: Its id, case-sensitive.
        status: Its status as it was sent, if it has one.
        created: When it was created, none if that cannot be read.
    """

    raw: Mapping[str, Any]
    customer_id: str
    id: str
    status: str | None
    created: Instant | None


@dataclass(frozen=True, slots=True)
class Order:
    """An order read in full.

    Attributes:
        header: The record of `orders`, with the line items as documented.
        lines: The records of `order_line_items`.
        issues: What could not be read.
        unknown: Names of fields that the schemas do not know, by stream.
    """

    header: dict[str, Any]
    lines: list[dict[str, Any]]
    issues: list[Issue]
    unknown: dict[str, set[str]] = field(default_factory=dict)


def read_head(
    raw: Any, customer_id: str, received_at: dt.datetime
) -> OrderHead | Issue:
    """Return what identifies an order, or the issue that it has no usable key."""
    if not isinstance(raw, Mapping):
        return _unusable("an order is not an object", customer_id, raw, received_at)
    order_id = _text(raw.get("id"))
    if order_id is None:
        return _unusable("an order has no id", customer_id, raw, received_at)
    return OrderHead(
        raw,
        # The body has the id in its own spelling, whatever that of the path was.
        customer_id=_text(raw.get("referenceCustomerId")) or customer_id,
        id=order_id,
        status=_text(raw.get("status")),
        created=instant_or_none(raw.get("creationDate")),
    )


class OrderReader:
    """Reads orders by the schemas of their streams."""

    def __init__(self) -> None:
        ours = ("referenceCustomerId", "orderId")
        self._header = RecordReader(schema_of("orders"), ("lineItems", "line_count"))
        self._line = RecordReader(schema_of("order_line_items"), ours)
        self._blank_line = dict.fromkeys(schema_of("order_line_items")["properties"])

    def read(self, head: OrderHead, received_at: dt.datetime) -> Order:
        """Return the records of an order."""
        notes = Notes()
        header = self._header.read(head.raw, notes)
        header["referenceCustomerId"] = head.customer_id
        header["id"] = head.id
        raw_lines = head.raw.get("lineItems")
        if raw_lines is not None and not isinstance(raw_lines, list):
            notes.unreadable.append(("lineItems", raw_lines))
            raw_lines = None
        key = f"{head.customer_id}/{head.id}"
        order = Order(
            header,
            [],
            unreadable_issues(UPSTREAM, "orders", key, notes, received_at),
            {"orders": notes.unknown},
        )
        header["line_count"] = len(raw_lines or ())
        header["lineItems"] = self._read_lines(order, key, raw_lines, received_at)
        return order

    def _read_lines(
        self, order: Order, key: str, raw_lines: list[Any] | None, moment: dt.datetime
    ) -> list[dict[str, Any]] | None:
        """Return the line items as documented, and add them to the order's lines."""
        if raw_lines is None:
            return None
        documented = []
        numbers = set()
        unknown = order.unknown.setdefault("order_line_items", set())
        for position, raw in enumerate(raw_lines, start=1):
            notes = Notes()
            is_object = isinstance(raw, Mapping)
            line = self._line.read_present(raw, notes) if is_object else {}
            number = line.get("lineItemNumber")
            line_key = f"{key}/{number}"
            if number is None or number in numbers:
                line_key = f"{key}/row:{position}"
                why = "no usable number" if number is None else "a number used before"
                message = f"a line item of order {key} has {why}"
                order.issues.append(
                    _unusable(message, line_key, raw, moment, stream="order_line_items")
                )
            else:
                order.lines.append(
                    {
                        **self._blank_line,
                        **line,
                        "referenceCustomerId": order.header["referenceCustomerId"],
                        "orderId": order.header["id"],
                    }
                )
            if is_object:
                documented.append(line)
            numbers.add(number)
            unknown |= notes.unknown
            order.issues.extend(
                unreadable_issues(UPSTREAM, "order_line_items", line_key, notes, moment)
            )
        return documented


def _text(value: Any) -> str | None:
    """Return a value as text that is not blank, or none."""
    try:
        text = None if value is None else to_text(value)
    except UnreadableError:
        return None
    return text if text and text.strip() else None


def _unusable(
    message: str,
    key: str,
    raw: Any,
    moment: dt.datetime,
    stream: str = "orders",
) -> Issue:
    return Issue(
        upstream=UPSTREAM,
        stream=stream,
        kind="invalid_record",
        message=f"{message}; it was not emitted",
        observed_at=moment,
        record_key=key,
        payload=json_text(raw),
    )
