"""Customers and their orders, from Partner Center."""

from __future__ import annotations

from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from tap_purchase_orders.asking.answer import Answer, Failure
from tap_purchase_orders.asking.outcome import now
from tap_purchase_orders.asking.prefetch import prefetch
from tap_purchase_orders.deciding.orders import OrderRules
from tap_purchase_orders.errors import UpstreamRefusedError
from tap_purchase_orders.extraction.activity import activity_rules
from tap_purchase_orders.extraction.batch import Batch, Step, Wanted, weight
from tap_purchase_orders.extraction.orders import ORDER_STREAMS, CustomerOrders
from tap_purchase_orders.extraction.progress import Progress
from tap_purchase_orders.reading.customers import UPSTREAM, Customer, CustomerReader
from tap_purchase_orders.reading.issues import Issue, failure_issue
from tap_purchase_orders.wire.instants import instant_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_purchase_orders.asking.budget import Budget
    from tap_purchase_orders.asking.partner_center import PartnerCenter
    from tap_purchase_orders.asking.stop import Stop
    from tap_purchase_orders.deciding.activity import ActivityRules
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
        budget: Counts the requests.
        stop: Ends the asking.
    """

    def __init__(  # noqa: PLR0913  # each is one part of the house
        self,
        settings: Settings,
        section: PartnerCenterSettings,
        client: PartnerCenter,
        *,
        state: State,
        wanted: Wanted,
        budget: Budget,
        stop: Stop,
    ) -> None:
        self.upstream = UPSTREAM
        self.budget = budget
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
        self._follows_log = section.change_detection == "activity_log"
        self._orders = CustomerOrders(
            client, rules, state, wanted, keeps_last_read=self._follows_log
        )
        self._reads_everything = not self._follows_log or rules.everything
        self._list_is_complete = True
        self._began = instant_of(now())
        self.progress = Progress("Partner Center", "customers", client.waited_seconds)
        self._customers = CustomerReader()

    @property
    def is_wanted(self) -> bool:
        """Whether a selected stream needs this upstream."""
        return self._wanted.any_of(("customers", *ORDER_STREAMS))

    def batches(self, before_waiting: Callable[[], None]) -> Iterator[Batch]:
        """Yield what each answer brings, in an order that never varies.

        Raises:
            UpstreamRefusedError: The rest cannot be read.
        """
        for batch in prefetch(
            self._steps(),
            workers=self._section.max_concurrency,
            stop=self._stop,
            before_waiting=before_waiting,
            weigh=weight,
        ):
            self.progress.count(batch)
            yield batch
        if self._stop.is_requested:
            return
        has_read_orders = self._wanted.any_of(ORDER_STREAMS)
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
                if "customers" in self._wanted:
                    yield partial(self._given_customer, customer_id)
                yield from self._order_steps([customer_id], rules)
            return
        pages = self._client.customer_pages()
        first = next(pages)
        if isinstance(first, Answer):
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
        if self._reads_everything or not self._wanted.any_of(ORDER_STREAMS):
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
        if not self._wanted.any_of(ORDER_STREAMS):
            return
        for customer_id in customer_ids:
            memory = self._state.customer(customer_id)
            if rules is None or rules.chooses(customer_id, memory):
                yield partial(self._orders.batch, customer_id, memory)

    def _read_page(
        self, page: Answer | Failure, seen: set[str]
    ) -> tuple[Batch, list[str]]:
        """Return the batch of a page of customers, and the ids of those to read.

        Args:
            page: The page.
            seen: The ids of the pages before; the list may change while it is paged
                through, and nobody is read twice.
        """
        batch = Batch(page.received_at)
        if isinstance(page, Failure):
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
