"""Extraction of Partner Center customers and their orders."""

from __future__ import annotations

from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from tap_purchase_orders.concurrency.ordered_map import ordered_map
from tap_purchase_orders.errors import UpstreamRefusedError
from tap_purchase_orders.extraction.activity import activity_rules
from tap_purchase_orders.extraction.batch import Batch, Selection, Step, weight
from tap_purchase_orders.extraction.failure_issues import failure_issue
from tap_purchase_orders.extraction.orders import ORDER_STREAMS, CustomerOrders
from tap_purchase_orders.extraction.progress import Progress
from tap_purchase_orders.http.api_response import ApiResponse, RequestFailure
from tap_purchase_orders.http.response_reader import now
from tap_purchase_orders.incremental.change_detection import ChangeDetector
from tap_purchase_orders.instants import instant_of
from tap_purchase_orders.records.customers import UPSTREAM, Customer, CustomerReader
from tap_purchase_orders.records.issues import Issue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_purchase_orders.clients.partner_center import PartnerCenter
    from tap_purchase_orders.concurrency.cancellation import CancelToken
    from tap_purchase_orders.config import PartnerCenterSettings, Settings
    from tap_purchase_orders.http.budget import Budget
    from tap_purchase_orders.incremental.activity import ActivityRules
    from tap_purchase_orders.incremental.state import State


class PartnerCenterExtraction:
    """Reads what is wanted from Partner Center, customer by customer.

    Args:
        settings: All settings.
        section: The section `partner_center`.
        client: Asks.
        state: What earlier runs left.
        selection: The selected streams.
        budget: Counts the requests.
        cancel_token: Ends the asking.
    """

    def __init__(  # noqa: PLR0913  # each is one part of the house
        self,
        settings: Settings,
        section: PartnerCenterSettings,
        client: PartnerCenter,
        *,
        state: State,
        selection: Selection,
        budget: Budget,
        cancel_token: CancelToken,
    ) -> None:
        self.upstream = UPSTREAM
        self.budget = budget
        self._section = section
        self._shard = settings.shard
        self._client = client
        self._state = state
        self._selection = selection
        self._cancel_token = cancel_token
        rules = ChangeDetector(
            settings.start_date,
            section.lookback_days,
            everything=not selection.full_table.isdisjoint(ORDER_STREAMS),
        )
        self._follows_log = section.change_detection == "activity_log"
        self._orders = CustomerOrders(
            client,
            rules,
            state,
            selection,
            keeps_last_read=self._follows_log,
            decimal_type=settings.decimal_type,
        )
        self._reads_everything = not self._follows_log or rules.everything
        self._list_is_complete = True
        self._began = instant_of(now())
        self.progress = Progress("Partner Center", "customers", client.waited_seconds)
        self._customers = CustomerReader()

    @property
    def is_wanted(self) -> bool:
        """Whether a selected stream needs this upstream."""
        return self._selection.any_of(("customers", *ORDER_STREAMS))

    def batches(self, before_waiting: Callable[[], None]) -> Iterator[Batch]:
        """Yield what each answer brings, in an order that never varies.

        Raises:
            UpstreamRefusedError: The rest cannot be read.
        """
        for batch in ordered_map(
            self._steps(),
            workers=self._section.max_concurrency,
            cancel_token=self._cancel_token,
            before_waiting=before_waiting,
            weigh=weight,
        ):
            self.progress.count(batch)
            yield batch
        if self._cancel_token.is_requested:
            return
        has_read_orders = self._selection.any_of(ORDER_STREAMS)
        if self._follows_log and self._list_is_complete and has_read_orders:
            self._state.remember_activity(self._began)
        if self.progress.is_all_refused and self._reads_everything:
            msg = (
                f"Partner Center: the orders of all customers ({self.progress.done}) "
                f"were refused; check the app registration and "
                f"`partner_center.customer_ids`"
            )
            raise UpstreamRefusedError(msg)

    def _steps(self) -> Iterator[Step]:
        """Yield what is to be asked for, pages of the customer list in between.

        A page is asked for on the thread that takes the steps, when the look-ahead
        comes to its end: the token of a page is in the page before it.
        """
        if not self.is_wanted:
            return
        if self._section.customer_ids:
            rules = self._activity_rules()
            given = list(filter(self._shard.takes, self._section.customer_ids))
            if rules is None:
                self.progress.total = len(given)
            for customer_id in given:
                if "customers" in self._selection:
                    yield partial(self._given_customer, customer_id)
                yield from self._order_steps([customer_id], rules)
            return
        pages = self._client.customer_pages()
        first = next(pages)
        if isinstance(first, ApiResponse):
            # What the upstream says of the time, its log and its orders say too.
            self._began = instant_of(first.as_of)
        rules = self._activity_rules()
        seen: set[str] = set()
        for page in chain([first], pages):
            batch, customer_ids = self._read_page(page, seen)
            yield partial(_made_already, batch)
            yield from self._order_steps(customer_ids, rules)
        if rules is None:
            self.progress.total = len(seen)

    def _activity_rules(self) -> ActivityRules | None:
        """Return the rules that pick the customers to read, none for all of them."""
        if self._reads_everything or not self._selection.any_of(ORDER_STREAMS):
            return None
        rules = activity_rules(
            self._client,
            self._state.activity_read_until,
            self._began,
            self._section.full_read_days,
        )
        self._reads_everything = rules is None
        return rules

    def _order_steps(
        self, customer_ids: list[str], rules: ActivityRules | None
    ) -> Iterator[Step]:
        if not self._selection.any_of(ORDER_STREAMS):
            return
        for customer_id in customer_ids:
            customer_bookmark = self._state.customer(customer_id)
            if rules is None or rules.chooses(customer_id, customer_bookmark):
                yield partial(self._orders.batch, customer_id, customer_bookmark)

    def _read_page(
        self, page: ApiResponse | RequestFailure, seen: set[str]
    ) -> tuple[Batch, list[str]]:
        """Return the batch of a page of customers, and the ids of those to read.

        Args:
            page: The page.
            seen: The ids of the pages before; the list may change while it is paged
                through, and nobody is read twice.
        """
        batch = Batch(page.received_at)
        if isinstance(page, RequestFailure):
            self._list_is_complete = False
            batch.issues.append(failure_issue(UPSTREAM, "customers", None, page))
            return batch, []
        customer_ids = []
        for raw in page.body["items"]:
            customer = self._customers.read(raw, page.received_at)
            if isinstance(customer, Issue):
                batch.issues.append(customer)
            elif customer.id not in seen and self._shard.takes(customer.id):
                seen.add(customer.id)
                self._add_customer(batch, customer)
                customer_ids.append(customer.id)
        return batch, customer_ids

    def _given_customer(self, customer_id: str) -> Batch:
        """Return the batch of a customer that is asked for by id."""
        outcome = self._client.customer(customer_id)
        batch = Batch(outcome.received_at)
        if isinstance(outcome, RequestFailure):
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
        if "customers" in self._selection:
            batch.rows.append(("customers", customer.record))
            batch.note(customer.issues, customer.unknown)


def _made_already(batch: Batch) -> Batch:
    return batch
