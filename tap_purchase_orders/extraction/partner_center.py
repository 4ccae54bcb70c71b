"""Customers and their orders, from Partner Center."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_purchase_orders.asking.answer import Answer, Failure
from tap_purchase_orders.asking.prefetch import prefetch
from tap_purchase_orders.deciding.orders import DecidedOrder, OrderRules
from tap_purchase_orders.errors import UpstreamRefusedError
from tap_purchase_orders.extraction.batch import Batch, Step, Wanted
from tap_purchase_orders.reading.customers import Customer, CustomerReader
from tap_purchase_orders.reading.issues import Issue, failure_issue, moment_text
from tap_purchase_orders.reading.orders import (
    UPSTREAM,
    OrderHead,
    OrderReader,
    read_head,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_purchase_orders.asking.partner_center import PartnerCenter
    from tap_purchase_orders.asking.stop import Stop
    from tap_purchase_orders.deciding.state import State
    from tap_purchase_orders.settings.model import Settings

ORDER_STREAMS = ("orders", "order_line_items", "order_status_changes")


@dataclass(slots=True)
class _Tally:
    """How many customers' orders were asked for, and how many were refused."""

    asked: int = 0
    refused: int = 0


class PartnerCenterExtraction:
    """Reads what is wanted from Partner Center, customer by customer.

    Args:
        settings: All settings; the section `partner_center` is there.
        client: Asks.
        state: What earlier runs left.
        wanted: The selected streams.
        stop: Ends the asking.
    """

    upstream = UPSTREAM
    name = "Partner Center"

    def __init__(
        self,
        settings: Settings,
        client: PartnerCenter,
        state: State,
        wanted: Wanted,
        stop: Stop,
    ) -> None:
        assert settings.partner_center is not None  # noqa: S101  # the caller's promise
        self._section = settings.partner_center
        self._shard = settings.shard
        self._client = client
        self._state = state
        self._wanted = wanted
        self._stop = stop
        self._rules = OrderRules(
            settings.start_date,
            self._section.lookback_days,
            everything=not wanted.full_table.isdisjoint(ORDER_STREAMS),
        )
        self._customers = CustomerReader()
        self._orders = OrderReader()
        self._tally = _Tally()

    def batches(self, before_waiting: Callable[[], None]) -> Iterator[Batch]:
        """Yield what each answer brings, in an order that never varies.

        Raises:
            UpstreamRefusedError: The rest cannot be read.
        """
        for step, outcome in prefetch(
            lambda step: step.fetch(),
            self._steps(),
            workers=self._section.max_concurrency,
            stop=self._stop,
            before_waiting=before_waiting,
        ):
            yield step.read(outcome)
        if self._tally.asked and self._tally.refused == self._tally.asked:
            msg = (
                f"Partner Center: the orders of all {self._tally.asked} customers "
                f"were refused; check the app registration and "
                f"`partner_center.customer_ids`"
            )
            raise UpstreamRefusedError(msg)

    def _steps(self) -> Iterator[Step]:
        """Yield what is to be asked for, the pages of the customer list included.

        A page is asked for on the thread that takes the steps, when the look-ahead
        comes to its end: the token of a page is in the page before it.
        """
        if self._section.customer_ids:
            for customer_id in self._section.customer_ids:
                if self._shard.takes(customer_id):
                    yield from self._steps_of_given(customer_id)
            return
        if not self._wanted.any_of(("customers", *ORDER_STREAMS)):
            return
        for page in self._client.customer_pages():
            batch, customer_ids = self._read_page(page)
            yield Step.ready(batch)
            if self._wanted.any_of(ORDER_STREAMS):
                for customer_id in customer_ids:
                    yield self._orders_step(customer_id)

    def _steps_of_given(self, customer_id: str) -> Iterator[Step]:
        if "customers" in self._wanted:
            yield Step(
                lambda: self._client.customer(customer_id),
                lambda outcome: self._read_customer(customer_id, outcome),
            )
        if self._wanted.any_of(ORDER_STREAMS):
            yield self._orders_step(customer_id)

    def _orders_step(self, customer_id: str) -> Step:
        return Step(
            lambda: self._client.orders(customer_id),
            lambda outcome: self._read_orders(customer_id, outcome),
        )

    def _read_page(self, page: Answer | Failure) -> tuple[Batch, list[str]]:
        """Return the batch of a page of customers, and the ids of those to read."""
        batch = Batch(page.received_at)
        if isinstance(page, Failure):
            batch.issues.append(failure_issue(UPSTREAM, "customers", None, page))
            return batch, []
        customer_ids = []
        for raw in page.body["items"]:
            customer = self._customers.read(raw, page.received_at)
            if isinstance(customer, Issue):
                batch.issues.append(customer)
            elif self._shard.takes(customer.id):
                self._add_customer(batch, customer)
                customer_ids.append(customer.id)
        return batch, customer_ids

    def _read_customer(self, customer_id: str, outcome: Answer | Failure) -> Batch:
        batch = Batch(outcome.received_at)
        if isinstance(outcome, Failure):
            issue = failure_issue(UPSTREAM, "customers", customer_id, outcome)
            batch.issues.append(issue)
            return batch
        customer = self._customers.read(outcome.body, outcome.received_at)
        if isinstance(customer, Issue):
            batch.issues.append(customer)
        else:
            self._add_customer(batch, customer)
        return batch

    def _add_customer(self, batch: Batch, customer: Customer) -> None:
        if "customers" in self._wanted:
            batch.rows.append(("customers", customer.record))
            batch.note(customer.issues, customer.unknown)

    def _read_orders(self, customer_id: str, outcome: list[Answer] | Failure) -> Batch:
        """Return the batch of a customer's orders, and what to remember of them."""
        self._tally.asked += 1
        if isinstance(outcome, Failure):
            self._tally.refused += outcome.is_refusal
            issue = failure_issue(UPSTREAM, "orders", customer_id, outcome)
            return Batch(outcome.received_at, issues=[issue])
        received_at = outcome[-1].received_at
        batch = Batch(received_at)
        heads: list[OrderHead] = []
        for raw in (item for answer in outcome for item in answer.body["items"]):
            head = read_head(raw, customer_id, received_at)
            if isinstance(head, Issue):
                batch.issues.append(head)
            else:
                heads.append(head)
        decision = self._rules.decide(
            heads,
            self._state.customer(customer_id),
            lambda head: self._orders.read(head, received_at),
        )
        for decided in decision.orders:
            self._add_order(batch, decided)
        batch.remember = lambda: self._state.remember_customer(
            customer_id, decision.memory
        )
        return batch

    def _add_order(self, batch: Batch, decided: DecidedOrder) -> None:
        rows: dict[str, list[dict[str, Any]]] = {
            "orders": [decided.order.header],
            "order_line_items": decided.order.lines,
        }
        for stream, records in rows.items():
            if decided.is_news or stream in self._wanted.full_table:
                batch.rows.extend((stream, record) for record in records)
        if decided.change is not None:
            batch.rows.append(
                ("order_status_changes", _change_row(decided, batch.received_at))
            )
        batch.note(decided.order.issues, decided.order.unknown)


def _change_row(decided: DecidedOrder, observed_at: Any) -> dict[str, Any]:
    assert decided.change is not None  # noqa: S101  # the caller's promise
    created = decided.head.created
    return {
        "referenceCustomerId": decided.head.customer_id,
        "orderId": decided.head.id,
        "sequence": decided.change.sequence,
        "previousStatus": decided.change.previous_status,
        "status": decided.change.status,
        "orderCreationDate": None if created is None else created.text,
        "observedAt": moment_text(observed_at),
    }
