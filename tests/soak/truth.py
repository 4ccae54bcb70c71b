"""What the upstreams hold at an instant, as the rows of a perfect warehouse."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tap_purchase_orders.sandbox.process import Sandbox

    from .plan import Settings

Record = dict[str, Any]
Key = tuple[Any, ...]
Rows = dict[Key, Record]

_SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
KEYS = {
    "customers": ("id",),
    "orders": ("referenceCustomerId", "id"),
    "order_line_items": ("referenceCustomerId", "orderId", "lineItemNumber"),
    "order_attachments": ("referenceCustomerId", "orderId", "attachmentId"),
    "order_status_changes": ("referenceCustomerId", "orderId", "sequence"),
    "purchase_orders": ("purchase_order_number",),
    "purchase_order_lines": ("purchase_order_number", "line_key"),
}
# Deselected in every run: other streams have what is in them.
_ARRAYS = {"orders": "lineItems", "purchase_orders": "purchase_order_lines"}
_MICROSECONDS = 6

# Partner Center, *Order resources*: of these nothing more is to be expected.
_AT_REST = frozenset(
    {
        "cancelled",
        "completed",
        "error",
        "none",
        "partial_success",
        "po_review_rejected",
    }
)
PURCHASE_ORDER_STATES = frozenset(
    {"pending_po_upload", "po_upload_complete", "po_review_rejected"}
)


def is_open(status: str | None) -> bool:
    """Return whether an order of this status may still move."""
    return status is not None and status not in _AT_REST


@dataclass(frozen=True, slots=True)
class Order:
    """An order at an instant.

    Attributes:
        created: When it was created.
        status: Its status, if it has one.
        is_system_purchase: Whether it is listed only on request.
        rows: Its rows in `orders` and `order_line_items`, with prices, by stream and
            key.
    """

    created: dt.datetime
    status: str | None
    is_system_purchase: bool
    rows: dict[str, Rows] = field(repr=False)

    def is_listed(self, settings: Settings) -> bool:
        """Return whether a run with these settings is to have it."""
        start = settings.start_date
        return (settings.include_system_purchases or not self.is_system_purchase) and (
            start is None or self.created >= dt.datetime.fromisoformat(start)
        )


@dataclass(frozen=True, slots=True)
class World:
    """Both upstreams at an instant.

    Attributes:
        now: The instant.
        customers: The ids of all customers, in the order of their list.
        orders: The orders of each customer, by their ids.
        rows: The rows of all other streams, by stream and key.
    """

    now: dt.datetime
    customers: list[str]
    orders: dict[str, dict[str, Order]] = field(repr=False)
    rows: dict[str, Rows] = field(repr=False)


def world_of(sandbox: Sandbox) -> World:
    """Return what there is now."""
    orders: dict[str, dict[str, Order]] = {}
    everything = {"include_price": "true", "include_system_purchases": "true"}
    customers = [customer["id"] for customer in sandbox.truth("customers")]
    for payload in sandbox.truth("orders", **everything):
        of_customer = orders.setdefault(payload["referenceCustomerId"], {})
        of_customer[payload["id"]] = _order(payload)
    rows: dict[str, Rows] = {"order_attachments": {}}
    for record in sandbox.truth("order-attachments"):
        _add(rows, "order_attachments", record)
    rows |= {"purchase_orders": {}, "purchase_order_lines": {}}
    for payload in sandbox.truth("purchase-orders"):
        _add(rows, "purchase_orders", _counted(payload, "purchase_order_lines"))
        for line in payload.get("purchase_order_lines") or []:
            number = payload["purchase_order_number"]
            own = {"purchase_order_number": number, "line_key": _line_key(line)}
            _add(rows, "purchase_order_lines", {**line, **own})
    now = dt.datetime.fromisoformat(sandbox.world()["now"])
    return World(now, customers, orders, rows)


def without_prices(row: Record) -> Record:
    """Return a row of orders or their lines as it is without `include_price`."""
    return {
        name: None if name in ("totalPrice", "pricing") else value
        for name, value in row.items()
    }


def stored(value: Any, form: str | None = None) -> Any:
    """Return a value as the warehouse has it, numbers as all their digits.

    Args:
        value: The value.
        form: The format of its column, if that has one.
    """
    if isinstance(value, str):
        if form in ("date", "date-time") and not value:
            return None
        return _moment(value) if form == "date-time" else value
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return "number", f"{Decimal(value):f}"
    if isinstance(value, list):
        return [stored(item) for item in value]
    if isinstance(value, dict):
        return {name: stored(member) for name, member in value.items()}
    return value


def columns(stream: str) -> dict[str, str | None]:
    """Return the columns of a stream and their formats."""
    return _COLUMNS[stream]


def as_row(stream: str, record: Record) -> Record:
    """Return a record or a row of a table in the form in which they are compared."""
    return {
        name: stored(record.get(name), form) for name, form in columns(stream).items()
    }


def key_of(stream: str, record: Record) -> Key:
    """Return the key of a record."""
    return tuple(record[name] for name in KEYS[stream])


def _columns(stream: str) -> dict[str, str | None]:
    schema = json.loads((_SCHEMAS / f"{stream}.json").read_text(encoding="utf-8"))
    return {
        name: part.get("format")
        for name, part in schema["properties"].items()
        if name != _ARRAYS.get(stream)
    }


_COLUMNS = {stream: _columns(stream) for stream in KEYS}


def _order(payload: Record) -> Order:
    rows: dict[str, Rows] = {"orders": {}, "order_line_items": {}}
    _add(rows, "orders", _counted(payload, "lineItems"))
    own = {
        "referenceCustomerId": payload["referenceCustomerId"],
        "orderId": payload["id"],
    }
    for line in payload["lineItems"]:
        _add(rows, "order_line_items", {**line, **own})
    kind = payload.get("transactionType", "UserPurchase")
    created = dt.datetime.fromisoformat(payload["creationDate"])
    return Order(created, payload.get("status"), kind != "UserPurchase", rows)


def _counted(payload: Record, array: str) -> Record:
    return {**payload, "line_count": len(payload.get(array) or [])}


def _add(rows: dict[str, Rows], stream: str, record: Record) -> None:
    rows[stream][key_of(stream, record)] = as_row(stream, record)


def _line_key(line: Record) -> str:
    number = line["line_number"]
    text = f"{Decimal(number):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _moment(text: str) -> str:
    """Return an instant in UTC, cut off behind the microseconds."""
    moment = dt.datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        moment = moment.astimezone(dt.UTC).replace(tzinfo=None)
    return moment.isoformat(timespec="microseconds")
