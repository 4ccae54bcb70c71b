"""The orders of one customer and their children, as one batch."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tap_purchase_orders.asking.answer import Answer, Failure
from tap_purchase_orders.extraction.batch import Batch, Wanted
from tap_purchase_orders.extraction.order_children import CHILD_STREAMS, OrderChildren
from tap_purchase_orders.reading.encoded import encoded
from tap_purchase_orders.reading.issues import Issue, failure_issue, moment_text
from tap_purchase_orders.reading.orders import (
    UPSTREAM,
    OrderHead,
    OrderReader,
)
from tap_purchase_orders.wire.instants import instant_of

if TYPE_CHECKING:
    from tap_purchase_orders.asking.partner_center import PartnerCenter
    from tap_purchase_orders.deciding.memory import CustomerMemory
    from tap_purchase_orders.deciding.orders import (
        DecidedOrder,
        OrderRules,
        StatusChange,
    )
    from tap_purchase_orders.deciding.state import State
    from tap_purchase_orders.reading.records import Record

_CHANGES = "order_status_changes"
ORDER_STREAMS = (
    "orders",
    "order_line_items",
    _CHANGES,
    *CHILD_STREAMS,
)


class CustomerOrders:
    """Asks for a customer's orders, decides what is news, asks for what they need.

    Safe on any thread; only what a batch remembers belongs to the writer's.

    Args:
        client: Asks.
        rules: Decide which orders are emitted and followed.
        state: Takes what is to be remembered.
        wanted: The selected streams.
        keeps_last_read: Remember when each customer was read.
    """

    def __init__(
        self,
        client: PartnerCenter,
        rules: OrderRules,
        state: State,
        wanted: Wanted,
        *,
        keeps_last_read: bool,
    ) -> None:
        self._client = client
        self._rules = rules
        self._state = state
        self._wanted = wanted
        self._keeps_last_read = keeps_last_read
        self._reader = OrderReader(wanted.deselected(("orders", "order_line_items")))
        self._children = OrderChildren(client, wanted)

    def batch(self, customer_id: str, memory: CustomerMemory) -> Batch:
        """Return what a customer's orders bring.

        Args:
            customer_id: The customer.
            memory: What is known of the customer's orders from earlier runs.
        """
        outcome = self._client.orders(customer_id, self._reader.decode)
        if isinstance(outcome, Failure):
            return self._failed(customer_id, outcome)
        # The first answer's time: a header and its lines are never newer than that.
        first = outcome[0]
        batch = Batch(first.received_at, key_was_refused=False)
        # A server that tells a time long past must not make all orders ones to come.
        latest = max(first.as_of, first.received_at)
        decision = self._rules.decide(
            self._heads(batch, customer_id, outcome),
            memory,
            partial(self._reader.read, received_at=batch.received_at),
            instant_of(latest),
        )
        observed_at = moment_text(batch.received_at)
        unfinished = []
        for decided in decision.orders:
            self._add_order(batch, decided, observed_at)
            if not self._children.add_to(batch, decided):
                unfinished.append(decided)
        new_memory = decision.memory_owing(unfinished, memory)
        if self._keeps_last_read and not unfinished:
            new_memory = replace(new_memory, last_read=instant_of(first.as_of))
        batch.remember = partial(self._state.remember_customer, customer_id, new_memory)
        return batch

    def _failed(self, customer_id: str, failure: Failure) -> Batch:
        return Batch(
            failure.received_at,
            issues=[failure_issue(UPSTREAM, "orders", customer_id, failure)],
            remember=partial(self._state.forget_last_read, customer_id),
            key_was_refused=failure.is_refusal,
        )

    def _heads(
        self, batch: Batch, customer_id: str, answers: list[Answer]
    ) -> list[OrderHead]:
        """Return what identifies each order; those without a key become issues."""
        heads = []
        for raw in (item for answer in answers for item in answer.body["items"]):
            head = self._reader.head(raw, customer_id, batch.received_at)
            if isinstance(head, Issue):
                batch.issues.append(head)
            else:
                heads.append(head)
        return heads

    def _add_order(self, batch: Batch, decided: DecidedOrder, observed_at: str) -> None:
        order, full_table = decided.order, self._wanted.full_table
        has_header = decided.is_news or "orders" in full_table
        has_lines = decided.is_news or "order_line_items" in full_table
        if has_header:
            batch.rows.append(("orders", order.header))
        if has_lines:
            batch.rows.extend([("order_line_items", line) for line in order.lines])
        if decided.change is not None and _CHANGES in self._wanted:
            row = self._change(decided.head, decided.change, observed_at)
            batch.rows.append((_CHANGES, row))
        if has_header or has_lines:
            batch.note(order.issues, order.unknown)

    def _change(
        self, head: OrderHead, change: StatusChange, observed_at: str
    ) -> Record:
        record = {
            "referenceCustomerId": head.customer_id,
            "orderId": head.id,
            "sequence": change.sequence,
            "previousStatus": change.previous_status,
            "status": change.status,
            "orderCreationDate": None if head.created is None else head.created.text,
            "observedAt": observed_at,
        }
        deselected = self._wanted.plain.get(_CHANGES)
        return record if deselected is None else encoded([record], deselected)
