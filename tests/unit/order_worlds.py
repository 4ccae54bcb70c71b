"""Orders of one customer, and runs over them that remember."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from tap_purchase_orders.deciding.memory import CustomerMemory
from tap_purchase_orders.deciding.orders import DecidedOrder, Decision, OrderRules
from tap_purchase_orders.reading.orders import OrderHead, OrderReader
from tap_purchase_orders.wire.instants import parse_instant

if TYPE_CHECKING:
    from collections.abc import Iterable

    from json_values import Json

READ_AT = dt.datetime(2026, 3, 10, 12, tzinfo=dt.UTC)
READER = OrderReader()
AS_OF = parse_instant("2026-03-10T12:00:00Z")

MOVING = (
    "unknown",
    "pending",
    "pending_review",
    "pending_po_upload",
    "po_upload_complete",
    "suspended",
    "waiting_for_the_harvest",
)
AT_REST = (
    "completed",
    "cancelled",
    "po_review_rejected",
    "partial_success",
    "error",
    "none",
)


def order(
    order_id: str, created: Any, status: str | None = "completed", quantity: int = 1
) -> Json:
    """Return an order with one line; without a status if that is none."""
    raw: Json = {
        "id": order_id,
        "referenceCustomerId": "c",
        "creationDate": created,
        "lineItems": [{"lineItemNumber": 0, "quantity": quantity}],
    }
    return raw if status is None else {**raw, "status": status}


def rules(
    *, start_date: str | None = None, lookback_days: int = 8, everything: bool = False
) -> OrderRules:
    return OrderRules(
        None if start_date is None else parse_instant(start_date),
        lookback_days,
        everything=everything,
    )


class Customer:
    """A customer who is read again and again.

    Attributes:
        memory: What was remembered of the last run.
    """

    def __init__(
        self, by: OrderRules | None = None, memory: CustomerMemory | None = None
    ) -> None:
        self.rules = by or rules()
        self.memory = memory or CustomerMemory()
        self._reader = READER

    def look(self, orders: Iterable[Json], by: OrderRules | None = None) -> Decision:
        """Return what a run over these orders decides; nothing is remembered."""
        heads = []
        for raw in orders:
            head = self._reader.head(raw, "c", READ_AT)
            assert isinstance(head, OrderHead)
            heads.append(head)
        return (by or self.rules).decide(
            heads, self.memory, lambda head: self._reader.read(head, READ_AT), AS_OF
        )

    def run(self, *orders: Json, by: OrderRules | None = None) -> Decision:
        """Return what a run over these orders decides, and remember it."""
        decision = self.look(orders, by)
        self.memory = decision.memory
        return decision

    def news(self, *orders: Json, by: OrderRules | None = None) -> list[str]:
        """Run, and return the ids of the orders that are emitted."""
        return ids(self.run(*orders, by=by))

    def header(self, raw: Json) -> Json:
        """Return the record of an order as it is at present."""
        head = READER.head(raw, "c", READ_AT)
        assert isinstance(head, OrderHead)
        header: Json = self._reader.read(head, READ_AT).header
        return header


def emitted(decision: Decision) -> list[DecidedOrder]:
    return [decided for decided in decision.orders if decided.is_news]


def ids(decision: Decision) -> list[str]:
    return [decided.head.id for decided in emitted(decision)]


def steps(decision: Decision) -> list[tuple[str, int, str | None, str]]:
    """Return the rows of `order_status_changes`, in short."""
    return [
        (it.head.id, it.change.sequence, it.change.previous_status, it.change.status)
        for it in decision.orders
        if it.change is not None
    ]
