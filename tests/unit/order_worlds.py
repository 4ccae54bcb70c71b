"""Orders of one customer, and runs over them that remember."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import TYPE_CHECKING, Any

from tap_purchase_orders.incremental.change_detection import (
    ChangeDetector,
    Decision,
    OrderDecision,
)
from tap_purchase_orders.incremental.customer_bookmark import CustomerBookmark
from tap_purchase_orders.instants import parse_instant
from tap_purchase_orders.records.orders import OrderReader, OrderSummary

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.unit.json_values import Json

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
    *,
    start_date: str | None = None,
    lookback_days: int = 8,
    everything: bool = False,
    tells_steps: bool = True,
    first_sequence: int = 1,
) -> ChangeDetector:
    return ChangeDetector(
        None if start_date is None else parse_instant(start_date),
        lookback_days,
        everything=everything,
        tells_steps=tells_steps,
        first_sequence=first_sequence,
    )


class Customer:
    """A customer who is read again and again.

    Attributes:
        customer_bookmark: What was remembered of the last run.
    """

    def __init__(
        self,
        by: ChangeDetector | None = None,
        customer_bookmark: CustomerBookmark | None = None,
    ) -> None:
        self.rules = by or rules()
        self.customer_bookmark = customer_bookmark or CustomerBookmark()
        self._reader = READER

    def look(
        self, orders: Iterable[Json], by: ChangeDetector | None = None
    ) -> Decision:
        """Return what a run over these orders decides; nothing is remembered."""
        summaries = []
        for raw in orders:
            summary = self._reader.summary(raw, "c", READ_AT)
            assert isinstance(summary, OrderSummary)
            summaries.append(summary)
        return (by or self.rules).decide(
            summaries,
            self.customer_bookmark,
            partial(self._reader.read, received_at=READ_AT),
            AS_OF,
        )

    def run(self, *orders: Json, by: ChangeDetector | None = None) -> Decision:
        """Return what a run over these orders decides, and remember it."""
        decision = self.look(orders, by)
        self.customer_bookmark = decision.customer_bookmark
        return decision

    def news(self, *orders: Json, by: ChangeDetector | None = None) -> list[str]:
        """Run, and return the ids of the orders that are emitted."""
        return ids(self.run(*orders, by=by))

    def header(self, raw: Json) -> Json:
        """Return the record of an order as it is at present."""
        summary = READER.summary(raw, "c", READ_AT)
        assert isinstance(summary, OrderSummary)
        header: Json = self._reader.read([summary], READ_AT)[0].header
        return header


def emitted(decision: Decision) -> list[OrderDecision]:
    return [decided for decided in decision.orders if decided.should_emit]


def ids(decision: Decision) -> list[str]:
    return [decided.summary.id for decided in emitted(decision)]


def steps(decision: Decision) -> list[tuple[str, int, str | None, str]]:
    """Return the rows of `order_status_changes`, in short."""
    return [
        (it.summary.id, it.change.sequence, it.change.previous_status, it.change.status)
        for it in decision.orders
        if it.change is not None
    ]
