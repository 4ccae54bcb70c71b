"""Reads attachments and provisioning status of an order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from tap_purchase_orders.exact_json import json_text
from tap_purchase_orders.records.field_reader import ParseNotes, RecordReader
from tap_purchase_orders.records.issues import Issue, unreadable_issues
from tap_purchase_orders.records.schemas import schema_of

if TYPE_CHECKING:
    import datetime as dt

    from tap_purchase_orders.records.orders import OrderSummary

UPSTREAM = "partner_center"


class OrderChildren(Struct, frozen=True):
    """The records of one child stream of an order.

    Attributes:
        records: The records.
        issues: What could not be read.
        unknown: Names of fields that the schema does not know, by stream.
    """

    records: list[dict[str, Any]] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    unknown: dict[str, set[str]] = field(default_factory=dict)


class OrderChildReader:
    """Reads the items of a collection as records of a child stream of orders.

    Args:
        stream: The name of the stream.
        key: The field that tells the items of one order apart.
    """

    def __init__(self, stream: str, key: str) -> None:
        self._stream = stream
        self._key = key
        self._reader = RecordReader(
            schema_of(stream), ("referenceCustomerId", "orderId")
        )

    def read(
        self, items: list[Any], summary: OrderSummary, moment: dt.datetime
    ) -> OrderChildren:
        """Return the records of an order's items; without a key there is none."""
        children = OrderChildren()
        order_key = f"{summary.customer_id}/{summary.id}"
        unknown = children.unknown.setdefault(self._stream, set())
        known: set[Any] = set()
        for raw in items:
            notes = ParseNotes()
            record = self._reader.read(raw, notes) if isinstance(raw, dict) else {}
            value = record.get(self._key)
            if value is None or not str(value).strip() or value in known:
                children.issues.append(
                    Issue(
                        upstream=UPSTREAM,
                        stream=self._stream,
                        kind="invalid_record",
                        message=(
                            f"an item has no usable {self._key}, or that of another; "
                            f"it was not emitted"
                        ),
                        observed_at=moment,
                        record_key=order_key,
                        payload=json_text(raw),
                    )
                )
                continue
            known.add(value)
            record["referenceCustomerId"] = summary.customer_id
            record["orderId"] = summary.id
            children.records.append(record)
            unknown |= notes.unknown
            children.issues.extend(
                unreadable_issues(
                    UPSTREAM, self._stream, f"{order_key}/{value}", notes, moment
                )
            )
        return children
