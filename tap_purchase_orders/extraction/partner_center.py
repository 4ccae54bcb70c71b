"""Extraction of Partner Center customers and their orders."""

from __future__ import annotations

import logging
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from msgspec import Struct

from tap_purchase_orders.clients.partner_center import PRICING_NOT_GRANTED
from tap_purchase_orders.concurrency.ordered_map import ordered_map
from tap_purchase_orders.errors import UpstreamRefusedError
from tap_purchase_orders.extraction.activity import activity_rules
from tap_purchase_orders.extraction.batch import Batch, Selection, Step, weight
from tap_purchase_orders.extraction.customer_list import CustomerList
from tap_purchase_orders.extraction.orders import ORDER_STREAMS, CustomerOrders
from tap_purchase_orders.extraction.progress import Progress
from tap_purchase_orders.extraction.scope import enter_scope
from tap_purchase_orders.http.api_response import ApiResponse, RequestFailure
from tap_purchase_orders.http.response_reader import now
from tap_purchase_orders.http.upstream_clock import UpstreamClock
from tap_purchase_orders.incremental.change_detection import (
    STATUS_CHANGES,
    ChangeDetector,
)
from tap_purchase_orders.incremental.read_schedule import FullTableSchedule
from tap_purchase_orders.incremental.scope import Scope, customers_digest
from tap_purchase_orders.instants import instant_of
from tap_purchase_orders.records.customers import UPSTREAM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_purchase_orders.clients.partner_center import PartnerCenter
    from tap_purchase_orders.concurrency.cancellation import CancelToken
    from tap_purchase_orders.config import PartnerCenterSettings, Settings
    from tap_purchase_orders.http.budget import Budget
    from tap_purchase_orders.incremental.activity import ActivityRules
    from tap_purchase_orders.incremental.state import State
    from tap_purchase_orders.instants import Instant

logger = logging.getLogger(__name__)


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
        self._settings = settings
        self._section = section
        self._client = client
        self._state = state
        self._selection = selection
        self._cancel_token = cancel_token
        streams = selection.fingerprints_of(ORDER_STREAMS)
        rules = ChangeDetector(
            settings.start_date,
            section.lookback_days,
            everything=not selection.full_table.isdisjoint(ORDER_STREAMS),
            tells_steps=STATUS_CHANGES in selection,
            first_sequence=section.first_sequence,
        )
        self._scope = Scope(
            streams,
            section.include_price,
            section.include_system_purchases,
            None if settings.start_date is None else settings.start_date.text,
            customers_digest(section.customer_ids),
        )
        self._everything = rules.everything
        self._follows_log = section.change_detection == "activity_log"
        self._clock = UpstreamClock()
        self._began = now()
        self._full_reads_until = self._present
        self._orders = CustomerOrders(
            client,
            rules,
            state,
            selection,
            clock=self._clock,
            asks_for_prices=section.include_price,
            keeps_last_read=self._follows_log,
            decimal_type=settings.decimal_type,
        )
        self._reads_everything = not self._follows_log or rules.everything
        self._customers = CustomerList(
            client, state, settings.shard, emits="customers" in selection
        )
        self.progress = Progress("Partner Center", "customers", client.pace)

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
        if self._cancel_token.is_cancelled:
            return
        if (shortfall := self._customers.shortfall) is not None:
            logger.warning("%s", shortfall)
        list_failure = self._customers.failure
        if self._reads_orders and list_failure is None:
            self._remember_moment()
        self._check(list_failure)

    def _remember_moment(self) -> None:
        """Take in up to when everything that was due has been read."""
        if self._follows_log:
            self._state.remember_activity(self._present)
        days = self._section.full_table_days
        self._state.remember_full_table(
            None if days is None else self._full_reads_until
        )

    def _check(self, list_failure: RequestFailure | None) -> None:
        """Return unless what could not be read makes the run a failed one.

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
            and self._reads_everything
            and not self._reads_anybody_else()
        ):
            msg = (
                f"Partner Center: the orders of all customers ({self.progress.done}) "
                f"were refused; check the app registration and "
                f"`partner_center.customer_ids`"
            )
            raise UpstreamRefusedError(msg)

    def _reads_anybody_else(self) -> bool:
        """Return whether the orders of a customer of another shard can be read.

        One shard has few customers, and may have none but such as are refused.
        """
        tries = [
            partial(self._client.orders, customer_id)
            for customer_id in self._customers.others
        ]
        outcomes = ordered_map(tries, workers=1, cancel_token=self._cancel_token)
        return any(not isinstance(outcome, RequestFailure) for outcome in outcomes)

    @property
    def _present(self) -> Instant:
        """When the run began, by the upstream's clock or ours, whichever is earlier."""
        return instant_of(self._clock.earlier(self._began))

    @property
    def _reads_orders(self) -> bool:
        return self._selection.any_of(ORDER_STREAMS)

    def _steps(self) -> Iterator[Step]:
        """Yield what is to be asked for."""
        if not self.is_wanted:
            return
        if self._reads_orders:
            enter_scope(self._state, self._scope)
        if self._section.customer_ids:
            yield from self._given_steps()
        else:
            yield from self._listed_steps()

    def _given_steps(self) -> Iterator[Step]:
        """Yield what is to be asked for of the customers that the settings name."""
        given = list(filter(None, map(self._customers.take, self._given_ids)))
        choice = self._choice()
        if choice.rules is None:
            self.progress.total = len(given)
        for customer_id in given:
            if "customers" in self._selection:
                yield partial(self._customers.given, customer_id)
            yield from self._order_steps([customer_id], choice)

    def _listed_steps(self) -> Iterator[Step]:
        """Yield what is to be asked for, pages of the customer list in between.

        A page is asked for on the thread that takes the steps, when the look-ahead
        comes to its end: the token of a page is in the page before it.
        """
        pages = self._client.customer_pages()
        first = next(pages)
        if isinstance(first, ApiResponse):
            # What the upstream says of the time, its log and its orders say too.
            self._clock.note(first)
        choice = self._choice()
        reads_all = choice.rules is None
        if reads_all and self._reads_orders:
            self.progress.expected = self._state.customer_count or None
        for page in chain([first], pages):
            batch, customer_ids = self._customers.page(page)
            if reads_all and self._customers.is_complete:
                self.progress.total = self._customers.count
            yield partial(_made_already, batch)
            yield from self._order_steps(customer_ids, choice)
        if reads_all:
            self.progress.total = self._customers.count

    @property
    def _given_ids(self) -> tuple[str, ...]:
        return self._section.customer_ids

    def _choice(self) -> _Choice:
        """Return which customers this run reads, and which of them whole."""
        rules = None
        if not self._reads_everything and self._reads_orders:
            rules = activity_rules(
                self._client,
                self._state.activity_read_until,
                self._present,
                self._section.full_read_days,
                self._clock,
            )
            self._reads_everything = rules is None
        schedule = FullTableSchedule(
            self._section.full_table_days, self._state.full_table_until, self._present
        )
        self._full_reads_until = schedule.hour
        return _Choice(rules, schedule)

    def _order_steps(self, customer_ids: list[str], choice: _Choice) -> Iterator[Step]:
        if not self._reads_orders:
            return
        for customer_id in customer_ids:
            customer_bookmark = self._state.customer(customer_id)
            whole = choice.schedule.is_due(customer_id)
            rules = choice.rules
            if whole or rules is None or rules.chooses(customer_id, customer_bookmark):
                yield partial(
                    self._orders.batch, customer_id, customer_bookmark, whole=whole
                )


class _Choice(Struct, frozen=True):
    """Which customers are read.

    Attributes:
        rules: Pick them by the activity log; none: all are read.
        schedule: Say who of them is taken whole.
    """

    rules: ActivityRules | None
    schedule: FullTableSchedule


def _made_already(batch: Batch) -> Batch:
    return batch
