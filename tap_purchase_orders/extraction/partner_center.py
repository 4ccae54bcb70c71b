"""Extraction of Partner Center customers and their orders."""

from __future__ import annotations

import logging
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from tap_purchase_orders.clients.partner_center import PRICING_NOT_GRANTED
from tap_purchase_orders.concurrency.ordered_map import ordered_map
from tap_purchase_orders.errors import UpstreamRefusedError
from tap_purchase_orders.extraction.batch import Batch, Selection, Step, weight
from tap_purchase_orders.extraction.orders import ORDER_STREAMS
from tap_purchase_orders.extraction.progress import Progress
from tap_purchase_orders.http.api_response import RequestFailure
from tap_purchase_orders.records.customers import UPSTREAM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_purchase_orders.clients.partner_center import PartnerCenter
    from tap_purchase_orders.extraction.customer_list import CustomerList
    from tap_purchase_orders.extraction.customer_plan import CustomerPlan
    from tap_purchase_orders.extraction.orders import CustomerOrders

logger = logging.getLogger(__name__)


class PartnerCenterExtraction:
    """Reads the selected streams of Partner Center, customer by customer.

    Args:
        client: The client for Partner Center.
        customers: The customers to read.
        orders: Reads the orders of one customer.
        plan: Chooses the customers whose orders are read.
        selection: The selected streams.
    """

    def __init__(
        self,
        client: PartnerCenter,
        customers: CustomerList,
        orders: CustomerOrders,
        plan: CustomerPlan,
        selection: Selection,
    ) -> None:
        self.upstream = UPSTREAM
        self.budget = client.budget
        self._client = client
        self._customers = customers
        self._orders = orders
        self._plan = plan
        self._selection = selection
        self._cancel_token = client.cancel_token
        self._reads_orders = selection.any_of(ORDER_STREAMS)
        self.progress = Progress("Partner Center", "customers", client.pace)

    @property
    def is_wanted(self) -> bool:
        """Whether a selected stream needs this upstream."""
        return self._selection.any_of(("customers", *ORDER_STREAMS))

    def batches(self, before_waiting: Callable[[], None]) -> Iterator[Batch]:
        """Yield one batch for each response, in an order that never varies.

        Raises:
            UpstreamRefusedError: The rest cannot be read.
        """
        for batch in ordered_map(
            self._steps(),
            workers=self._client.max_concurrency,
            cancel_token=self._cancel_token,
            before_waiting=before_waiting,
            weigh=weight,
        ):
            self.progress.count(batch)
            yield batch
        if self._cancel_token.is_cancelled:
            return
        if (shortfall := self._customers.shortfall) is not None:
            logger.warning("%s", shortfall)
        list_failure = self._customers.failure
        if self._reads_orders and list_failure is None:
            self._plan.checkpoint()
        self._check(list_failure)

    def _check(self, list_failure: RequestFailure | None) -> None:
        """Check whether what could not be read makes the run a failed one.

        Raises:
            UpstreamRefusedError: It does.
        """
        if self._orders.refused_prices:
            msg = (
                f"Partner Center: HTTP 403, code {PRICING_NOT_GRANTED}: prices came in "
                f"earlier runs and are refused now; the orders of "
                f"{self._orders.refused_prices} customers were not written without "
                f"them: check the rights of `partner_center.auth`, or "
                f"`partner_center.include_price`"
            )
            raise UpstreamRefusedError(msg)
        if list_failure is not None and list_failure.is_refusal:
            msg = (
                f"Partner Center: a page of the list of customers was refused "
                f"({list_failure.message}), after pages with {self._customers.count} "
                f"customers: those behind it were not read; the next run begins the "
                f"list anew"
            )
            raise UpstreamRefusedError(msg)
        if (
            self.progress.is_all_refused
            and self._plan.reads_everyone
            and not self._reads_other_shards()
        ):
            orders = "the orders of " if self._reads_orders else ""
            msg = (
                f"Partner Center: {orders}all customers ({self.progress.done}) were "
                f"refused; check the app registration and "
                f"`partner_center.customer_ids`"
            )
            raise UpstreamRefusedError(msg)

    def _reads_other_shards(self) -> bool:
        """Return whether a customer of another shard can be read.

        A shard has few customers, and all of them may be refused for good reasons.
        """
        client = self._client
        read: Callable[[str], object] = (
            client.orders if self._reads_orders else client.customer
        )
        tries = [partial(read, customer_id) for customer_id in self._customers.others]
        outcomes = ordered_map(tries, workers=1, cancel_token=self._cancel_token)
        return any(not isinstance(outcome, RequestFailure) for outcome in outcomes)

    def _steps(self) -> Iterator[Step]:
        """Yield the requests to make, with the pages of the customer list in between.

        A page is requested by the thread that takes the steps, when the look-ahead
        comes to its end: the token of a page is in the page before it.
        """
        if not self.is_wanted:
            return
        if self._customers.are_given:
            yield from self._given_customers()
        else:
            yield from self._listed_customers()

    def _given_customers(self) -> Iterator[Step]:
        self._begin()
        customer_ids = self._customers.take_given()
        if self._plan.reads_everyone:
            self.progress.total = len(customer_ids)
        for customer_id in customer_ids:
            if "customers" in self._selection:
                is_key = not self._reads_orders
                yield partial(self._customers.given, customer_id, is_key=is_key)
            yield from self._order_steps([customer_id])

    def _listed_customers(self) -> Iterator[Step]:
        pages = self._client.customer_pages()
        first = next(pages)
        # After the first page, which tells by how much the upstream's clock is behind.
        self._begin()
        reads_everyone = self._plan.reads_everyone
        if reads_everyone and self._reads_orders:
            self.progress.expected = self._plan.known_customers
        for page in chain([first], pages):
            batch, customer_ids = self._customers.page(page)
            if reads_everyone and self._customers.is_complete:
                self.progress.total = self._customers.count
            yield partial(_as_made, batch)
            yield from self._order_steps(customer_ids)
        if reads_everyone:
            self.progress.total = self._customers.count

    def _begin(self) -> None:
        if self._reads_orders:
            self._plan.begin()

    def _order_steps(self, customer_ids: list[str]) -> Iterator[Step]:
        if not self._reads_orders:
            return
        for customer_id in customer_ids:
            bookmark = self._orders.bookmark(customer_id)
            if self._plan.reads(customer_id, bookmark):
                whole = self._plan.is_due_in_full(customer_id)
                yield partial(self._orders.batch, customer_id, bookmark, whole=whole)


def _as_made(batch: Batch) -> Batch:
    return batch
