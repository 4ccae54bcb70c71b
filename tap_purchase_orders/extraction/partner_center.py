"""Customers and their orders, from Partner Center."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tap_purchase_orders.asking.answer import Answer, Failure
from tap_purchase_orders.asking.prefetch import prefetch
from tap_purchase_orders.deciding.orders import OrderRules
from tap_purchase_orders.errors import UpstreamRefusedError
from tap_purchase_orders.extraction.batch import Batch, Step, Wanted
from tap_purchase_orders.extraction.orders import ORDER_STREAMS, CustomerOrders
from tap_purchase_orders.reading.customers import UPSTREAM, Customer, CustomerReader
from tap_purchase_orders.reading.issues import Issue, failure_issue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_purchase_orders.asking.partner_center import PartnerCenter
    from tap_purchase_orders.asking.stop import Stop
    from tap_purchase_orders.deciding.state import State
    from tap_purchase_orders.settings.model import PartnerCenterSettings, Settings


class PartnerCenterExtraction:
    """Reads what is wanted from Partner Center, customer by customer.

    Args:
        settings: All settings.
        section: The section `partner_center`.
        client: Asks.
        state: What earlier runs left.
        wanted: The selected streams.
        stop: Ends the asking.
    """

    name = "Partner Center"

    def __init__(  # noqa: PLR0913  # each is one part of the house
        self,
        settings: Settings,
        section: PartnerCenterSettings,
        client: PartnerCenter,
        *,
        state: State,
        wanted: Wanted,
        stop: Stop,
    ) -> None:
        self._section = section
        self._shard = settings.shard
        self._client = client
        self._state = state
        self._wanted = wanted
        self._stop = stop
        rules = OrderRules(
            settings.start_date,
            section.lookback_days,
            everything=not wanted.full_table.isdisjoint(ORDER_STREAMS),
        )
        self._orders = CustomerOrders(client, rules, state, wanted)
        self._customers = CustomerReader()

    def batches(self, before_waiting: Callable[[], None]) -> Iterator[Batch]:
        """Yield what each answer brings, in an order that never varies.

        Raises:
            UpstreamRefusedError: The rest cannot be read.
        """
        asked = refused = 0
        for batch in prefetch(
            self._steps(),
            workers=self._section.max_concurrency,
            stop=self._stop,
            before_waiting=before_waiting,
        ):
            if batch.key_was_refused is not None:
                asked += 1
                refused += batch.key_was_refused
            yield batch
        if asked and asked == refused and not self._stop.is_requested:
            msg = (
                f"Partner Center: the orders of all customers ({asked}) were refused; "
                f"check the app registration and `partner_center.customer_ids`"
            )
            raise UpstreamRefusedError(msg)

    def _steps(self) -> Iterator[Step]:
        """Yield what is to be asked for, pages of the customer list in between.

        A page is asked for on the thread that takes the steps, when the look-ahead
        comes to its end: the token of a page is in the page before it.
        """
        if not self._wanted.any_of(("customers", *ORDER_STREAMS)):
            return
        if self._section.customer_ids:
            for customer_id in filter(self._shard.takes, self._section.customer_ids):
                if "customers" in self._wanted:
                    yield partial(self._given_customer, customer_id)
                yield from self._order_steps([customer_id])
            return
        seen: set[str] = set()
        for page in self._client.customer_pages():
            batch, customer_ids = self._read_page(page)
            yield partial(_made_already, batch)
            # The list may change while it is paged through: nobody is read twice.
            new = [known for known in dict.fromkeys(customer_ids) if known not in seen]
            seen.update(new)
            yield from self._order_steps(new)

    def _order_steps(self, customer_ids: list[str]) -> Iterator[Step]:
        if self._wanted.any_of(ORDER_STREAMS):
            for customer_id in customer_ids:
                memory = self._state.customer(customer_id)
                yield partial(self._orders.batch, customer_id, memory)

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

    def _given_customer(self, customer_id: str) -> Batch:
        """Return the batch of a customer that is asked for by id."""
        outcome = self._client.customer(customer_id)
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


def _made_already(batch: Batch) -> Batch:
    return batch
