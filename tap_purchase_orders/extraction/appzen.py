"""Extraction of AppZen purchase orders and their lines."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from tap_purchase_orders.concurrency.ordered_map import ordered_map
from tap_purchase_orders.errors import (
    BudgetUsedUpError,
    UpstreamDownError,
    UpstreamRefusedError,
)
from tap_purchase_orders.extraction.batch import (
    Batch,
    Selection,
    Step,
    failure_issue,
    weight,
)
from tap_purchase_orders.extraction.progress import Progress
from tap_purchase_orders.http.api_response import RequestFailure
from tap_purchase_orders.http.response_reader import now
from tap_purchase_orders.incremental.run_scope import added_streams
from tap_purchase_orders.number_sources.source import Checkpoint, SourceIssue
from tap_purchase_orders.records.issues import UNREAD_KINDS, Issue
from tap_purchase_orders.records.purchase_orders import UPSTREAM
from tap_purchase_orders.urls import is_path_segment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tap_purchase_orders.clients.appzen import AppZen
    from tap_purchase_orders.extraction.number_queue import NumberQueue, QueuedNumber
    from tap_purchase_orders.incremental.state import State
    from tap_purchase_orders.records.purchase_orders import PurchaseOrderReader

PURCHASE_ORDER_STREAMS = ("purchase_orders", "purchase_order_lines")

logger = logging.getLogger(__name__)


class AppZenExtraction:
    """Reads the purchase orders of the numbers that the configured source gives.

    Args:
        client: The client for AppZen.
        numbers: The numbers to read.
        reader: Makes records of purchase orders.
        state: What earlier runs left.
        selection: The selected streams.
    """

    def __init__(
        self,
        client: AppZen,
        numbers: NumberQueue,
        reader: PurchaseOrderReader,
        state: State,
        selection: Selection,
    ) -> None:
        self.upstream = UPSTREAM
        self.budget = client.budget
        self._client = client
        self._numbers = numbers
        self._reader = reader
        self._state = state
        self._selection = selection
        self._cancel_token = client.cancel_token
        self.progress = Progress("AppZen", "purchase orders", client.pace)

    @property
    def is_wanted(self) -> bool:
        """Whether a selected stream needs this upstream."""
        return self._selection.any_of(PURCHASE_ORDER_STREAMS)

    def batches(self, before_waiting: Callable[[], None]) -> Iterator[Batch]:
        """Yield one batch for each number, in their order.

        Raises:
            UpstreamRefusedError: The rest cannot be read.
        """
        if not self.is_wanted:
            return
        streams = self._selection.fingerprints_of(PURCHASE_ORDER_STREAMS)
        _enter_streams(self._state, streams)
        try:
            for batch in ordered_map(
                self._steps(),
                workers=self._client.max_concurrency,
                cancel_token=self._cancel_token,
                before_waiting=before_waiting,
                weigh=weight,
            ):
                self.progress.count(batch)
                yield batch
        except UpstreamDownError:
            self._numbers.go_back()
            raise
        if self.budget.is_exceeded:
            logger.warning(
                "AppZen: the budget of %d requests is used up; the next run goes on %s",
                self.budget.limit,
                self._numbers.next_start,
            )
        elif not self._cancel_token.is_cancelled:
            if self._has_found_none:
                self._end_without_any()
            self._numbers.finish()

    @property
    def _has_found_none(self) -> bool:
        """Whether no number was found so far, nor by a run that this one resumes."""
        return self.progress.is_all_refused and self._numbers.has_started_over

    def _end_without_any(self) -> None:
        """Have numbers of which none was found asked for again.

        A wrong address looks the same as numbers that do not exist.

        Raises:
            UpstreamRefusedError: No earlier run has found any either.
        """
        what = (
            f"AppZen: none of the purchase order numbers ({self.progress.done}) was "
            f"found (HTTP 404)"
        )
        settings = (
            "check `appzen.api_url`, `appzen.auth.customer_id` and "
            "`appzen.purchase_order_numbers`"
        )
        self._numbers.start_over()
        if self._numbers.is_first_run:
            msg = f"{what}; {settings}"
            raise UpstreamRefusedError(msg)
        logger.warning(
            "%s; the next run asks for them again; if that lasts, %s", what, settings
        )

    def _steps(self) -> Iterator[Step]:
        for count, queued in enumerate(self._numbers.queue()):
            if count == 0:
                # Only now it is known where in the list this run begins.
                self.progress.total = self._numbers.total
            yield partial(self._batch, queued, is_first=count == 0)

    def _batch(self, queued: QueuedNumber, *, is_first: bool) -> Batch:
        """Return the batch of one item of the source.

        Args:
            queued: The item.
            is_first: It is the first one in this run.
        """
        match queued.item:
            case str():
                try:
                    batch = self._purchase_order(queued.item)
                except BudgetUsedUpError:
                    # Otherwise it would use up the budget of each further run, too.
                    if not is_first:
                        raise
                    batch = self._given_up(queued.item)
            case SourceIssue(key, failure):
                issue = failure_issue(UPSTREAM, "purchase_orders", key, failure)
                batch = Batch(now(), issues=[issue])
            case Checkpoint():
                return Batch(
                    now(), checkpoint=partial(self._checkpoint_changes, queued)
                )
        is_unread = any(issue.kind in UNREAD_KINDS for issue in batch.issues)
        batch.checkpoint = queued.checkpoint_unread if is_unread else queued.checkpoint
        return batch

    def _given_up(self, number: str) -> Batch:
        """Return the batch of a number whose retries have used up the budget."""
        message = (
            f"no good response within the budget of {self.budget.limit} requests a run"
        )
        failure = RequestFailure("unavailable", message, now())
        issue = failure_issue(UPSTREAM, "purchase_orders", number, failure)
        return Batch(now(), issues=[issue], key_was_refused=False)

    def _checkpoint_changes(self, queued: QueuedNumber) -> None:
        """Store up to when changes are read, unless nothing was found so far."""
        if self._has_found_none:
            queued.pass_over()
        else:
            queued.checkpoint()

    def _purchase_order(self, number: str) -> Batch:
        """Return the batch of one purchase order, header and lines."""
        if not is_path_segment(number):
            return Batch(now(), issues=[_invalid_number(number)])
        outcome = self._client.purchase_order(number, self._reader.decode)
        batch = Batch(outcome.received_at, key_was_refused=False)
        if isinstance(outcome, RequestFailure):
            batch.key_was_refused = outcome.kind == "not_found"
            issue = failure_issue(UPSTREAM, "purchase_orders", number, outcome)
            batch.issues.append(issue)
            return batch
        order = self._reader.read(outcome.body, number, outcome.received_at)
        if order.number != number:
            batch.warnings.append(
                f"AppZen: asked for purchase order {number!r}, the response is "
                f"{order.number!r}; it is emitted under the number in the response"
            )
        batch.rows.append(("purchase_orders", order.header))
        batch.rows.extend(("purchase_order_lines", line) for line in order.lines)
        batch.note(order.issues, order.unknown)
        batch.shortened = order.shortened
        return batch


def _invalid_number(number: str) -> Issue:
    return Issue(
        upstream=UPSTREAM,
        stream="purchase_orders",
        kind="invalid_number",
        message=f"{number!r} cannot be asked for: it is no path segment of its own",
        observed_at=now(),
        record_key=number,
    )


def _enter_streams(state: State, streams: Mapping[str, str]) -> None:
    """Store the streams that a run writes of the purchase orders.

    If a stream was added, all purchase orders are read anew.
    """
    before = state.number_streams
    added = added_streams(before, streams) if before else []
    if added and (state.changes_read is not None or state.resume_point is not None):
        state.forget_numbers()
        logger.info(
            "AppZen: added since the last run: %s; all purchase orders are read anew",
            ", ".join(added),
        )
    state.checkpoint_number_streams(streams)
