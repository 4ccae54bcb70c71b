"""The choice of the customers that a run reads, and of those that it reads in full."""

from __future__ import annotations

import datetime as dt
import logging
from typing import TYPE_CHECKING

from tap_purchase_orders.http.api_response import RequestFailure
from tap_purchase_orders.http.response_reader import now
from tap_purchase_orders.incremental.activity_rules import ActivityRules
from tap_purchase_orders.incremental.read_schedule import (
    DAY_SECONDS,
    FullTableSchedule,
)
from tap_purchase_orders.incremental.run_scope import scope_change
from tap_purchase_orders.instants import instant_of
from tap_purchase_orders.records.activity import RESOURCES, latest_order_activity

if TYPE_CHECKING:
    from tap_purchase_orders.clients.partner_center import PartnerCenter
    from tap_purchase_orders.config import PartnerCenterSettings
    from tap_purchase_orders.http.api_response import ApiResponse
    from tap_purchase_orders.incremental.customer_bookmark import CustomerBookmark
    from tap_purchase_orders.incremental.run_scope import Scope
    from tap_purchase_orders.incremental.state import State
    from tap_purchase_orders.instants import Instant

# The log holds 90 days and works in whole ones (*Get a record of Partner Center
# activity by user*); one more day is requested, since days overlap.
_LONGEST_DAYS = 88

logger = logging.getLogger(__name__)


class CustomerPlan:
    """Chooses the customers whose orders a run reads.

    Args:
        section: The section `partner_center` of the settings.
        client: The client for Partner Center.
        state: What earlier runs left.
        scope: What this run reads of orders.
        emits_everything: Every order is emitted, so every customer is read.
    """

    def __init__(
        self,
        section: PartnerCenterSettings,
        client: PartnerCenter,
        state: State,
        scope: Scope,
        *,
        emits_everything: bool,
    ) -> None:
        self._client = client
        self._state = state
        self._scope = scope
        self._uses_log = section.change_detection == "activity_log"
        self._emits_everything = emits_everything
        self._full_read_days = section.full_read_days
        self._full_table_days = section.full_table_days
        self._began_at = now()
        self._rules: ActivityRules | None = None
        self._schedule = self._new_schedule()

    def begin(self) -> None:
        """Compare the scope with the last run's, and read the activity log if used."""
        _enter_scope(self._state, self._scope)
        if self._uses_log and not self._emits_everything:
            self._rules = self._activity_rules()
        self._schedule = self._new_schedule()

    @property
    def reads_everyone(self) -> bool:
        """Whether no customer is skipped."""
        return self._rules is None

    @property
    def known_customers(self) -> int | None:
        """How many customers earlier runs have read, none if they read none."""
        return self._state.customer_count or None

    def is_due_in_full(self, customer_id: str) -> bool:
        """Return whether all orders of a customer are emitted, changed or not."""
        return self._schedule.is_due(customer_id)

    def reads(self, customer_id: str, bookmark: CustomerBookmark) -> bool:
        """Return whether the orders of a customer are read."""
        return (
            self._rules is None
            or self.is_due_in_full(customer_id)
            or self._rules.chooses(customer_id, bookmark)
        )

    def checkpoint(self) -> None:
        """Store in the state up to when every customer that was due has been read."""
        if self._uses_log:
            self._state.checkpoint_activity(self._present)
        self._state.checkpoint_full_table(
            None if self._full_table_days is None else self._schedule.hour
        )

    @property
    def _present(self) -> Instant:
        """When the run began, by the upstream's clock or ours, whichever is earlier."""
        return instant_of(self._client.clock.earlier(self._began_at))

    def _new_schedule(self) -> FullTableSchedule:
        return FullTableSchedule(
            self._full_table_days, self._state.full_table_until, self._present
        )

    def _activity_rules(self) -> ActivityRules | None:
        """Return the rules that pick the customers by the log, none for all of them.

        Raises:
            UpstreamRefusedError: The caller is refused everything.
        """
        read_until = self._state.activity_read_until
        if read_until is None:
            logger.info("Partner Center: nothing is known yet: reading every customer")
            return None
        if self._present.second - read_until.second > _LONGEST_DAYS * DAY_SECONDS:
            logger.warning(
                "Partner Center: the activity log does not reach back to the last run: "
                "reading every customer"
            )
            return None
        day = dt.datetime.fromtimestamp(read_until.second, dt.UTC).date()
        pages: list[ApiResponse] = []
        for resource in RESOURCES:
            found = self._client.activity(resource, day - dt.timedelta(days=1))
            if isinstance(found, RequestFailure):
                logger.warning(
                    "Partner Center: the activity log cannot be read (%s): "
                    "reading every customer",
                    found.message,
                )
                return None
            pages += found
        # The first response's: what came later may be missing there.
        as_of = instant_of(pages[0].as_of)
        items = (item for page in pages for item in page.body["items"])
        return ActivityRules(
            latest_order_activity(items, as_of), self._full_read_days, as_of
        )


def _enter_scope(state: State, scope: Scope) -> None:
    """Store the scope of a run; what it adds to the last one is owed."""
    if state.scope is not None:
        change = scope_change(state.scope, scope, had_prices=state.has_prices)
        if change.is_narrower:
            state.forget_ids()
        if change.has_other_customers and state.activity_read_until is not None:
            state.checkpoint_activity(None)
        if change.owed and state.customer_count:
            state.owe(change.owed)
            logger.info(
                "Partner Center: added since the last run: %s; what is missing of it "
                "is read now",
                ", ".join(change.added),
            )
    state.checkpoint_scope(scope)
