"""Purchase orders and their lines, from AppZen."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from tap_purchase_orders.asking.answer import Failure
from tap_purchase_orders.asking.outcome import now
from tap_purchase_orders.asking.prefetch import prefetch
from tap_purchase_orders.errors import UpstreamRefusedError
from tap_purchase_orders.extraction.batch import Batch, Step, Wanted, weight
from tap_purchase_orders.extraction.numbers import Numbers
from tap_purchase_orders.extraction.progress import Progress
from tap_purchase_orders.number_sources.source import ReadUntil, Unread
from tap_purchase_orders.reading.issues import UNREAD_KINDS, Issue, failure_issue
from tap_purchase_orders.reading.purchase_orders import (
    UPSTREAM,
    PurchaseOrderReader,
)
from tap_purchase_orders.wire.addresses import is_path_segment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_purchase_orders.asking.appzen import AppZen
    from tap_purchase_orders.asking.budget import Budget
    from tap_purchase_orders.asking.stop import Stop
    from tap_purchase_orders.deciding.state import State
    from tap_purchase_orders.extraction.numbers import Turn
    from tap_purchase_orders.settings.model import AppZenSettings, Settings

PURCHASE_ORDER_STREAMS = ("purchase_orders", "purchase_order_lines")

logger = logging.getLogger(__name__)


class AppZenExtraction:
    """Reads the purchase orders whose numbers the configured source gives.

    Args:
        settings: All settings.
        section: The section `appzen`.
        client: Asks.
        state: What earlier runs left.
        wanted: The selected streams.
        budget: Counts the requests.
        stop: Ends the asking.
    """

    def __init__(  # noqa: PLR0913  # each is one part of the house
        self,
        settings: Settings,
        section: AppZenSettings,
        client: AppZen,
        *,
        state: State,
        wanted: Wanted,
        budget: Budget,
        stop: Stop,
    ) -> None:
        self._section = section
        self._client = client
        self._numbers = Numbers(settings, section, client, state=state, stop=stop)
        self._wanted = wanted
        self.upstream = UPSTREAM
        self.budget = budget
        self._stop = stop
        self._reader = PurchaseOrderReader(wanted.deselected(PURCHASE_ORDER_STREAMS))
        self.progress = Progress("AppZen", "purchase orders", client.waited_seconds)

    @property
    def is_wanted(self) -> bool:
        """Whether a selected stream needs this upstream."""
        return self._wanted.any_of(PURCHASE_ORDER_STREAMS)

    def batches(self, before_waiting: Callable[[], None]) -> Iterator[Batch]:
        """Yield what each answer brings, in the order of the numbers.

        Raises:
            UpstreamRefusedError: The rest cannot be read.
        """
        if not self.is_wanted:
            return
        for batch in prefetch(
            self._steps(),
            workers=self._section.max_concurrency,
            stop=self._stop,
            before_waiting=before_waiting,
            weigh=weight,
        ):
            self.progress.count(batch)
            yield batch
        if self.budget.is_exceeded:
            logger.warning(
                "AppZen: the budget of %d requests is used up; the next run goes on %s",
                self.budget.limit,
                self._numbers.place,
            )
        elif not self._stop.is_requested:
            if self._looks_wrong:
                self._numbers.start_over()
                msg = (
                    f"AppZen: none of the purchase order numbers "
                    f"({self.progress.done}) was found (HTTP 404); check "
                    f"`appzen.api_url`, `appzen.auth.customer_id` and "
                    f"`appzen.purchase_order_numbers`"
                )
                raise UpstreamRefusedError(msg)
            self._numbers.finish()

    @property
    def _looks_wrong(self) -> bool:
        """Whether this is the first run, and nothing of it was found so far."""
        # A wrong address looks the same as numbers that do not exist.
        return self.progress.is_all_refused and self._numbers.is_first_run

    def _steps(self) -> Iterator[Step]:
        for count, turn in enumerate(self._numbers.turns()):
            if count == 0:
                # Only now is it known where in the list this run begins.
                self.progress.total = self._numbers.total
            yield partial(self._batch, turn)

    def _batch(self, turn: Turn) -> Batch:
        """Return what comes of one thing that the source gave."""
        match turn.item:
            case str():
                batch = self._purchase_order(turn.item)
            case Unread(key, failure):
                issue = failure_issue(UPSTREAM, "purchase_orders", key, failure)
                batch = Batch(now(), issues=[issue])
            case ReadUntil():
                return Batch(now(), remember=partial(self._remember_changes, turn))
        is_unread = any(issue.kind in UNREAD_KINDS for issue in batch.issues)
        batch.remember = turn.remember_unread if is_unread else turn.remember
        return batch

    def _remember_changes(self, turn: Turn) -> None:
        """Take in up to when the changes are read, unless that looks wrong."""
        if self._looks_wrong:
            turn.pass_over()
        else:
            turn.remember()

    def _purchase_order(self, asked: str) -> Batch:
        """Return the batch of one purchase order, header and lines."""
        if not is_path_segment(asked):
            return Batch(now(), issues=[_invalid_number(asked)])
        outcome = self._client.purchase_order(asked, self._reader.decode)
        batch = Batch(outcome.received_at, key_was_refused=False)
        if isinstance(outcome, Failure):
            batch.key_was_refused = outcome.kind == "not_found"
            issue = failure_issue(UPSTREAM, "purchase_orders", asked, outcome)
            batch.issues.append(issue)
            return batch
        order = self._reader.read(outcome.body, asked, outcome.received_at)
        if order.number != asked:
            batch.warnings.append(
                f"AppZen: asked for purchase order {asked!r}, the answer is "
                f"{order.number!r}; it is emitted under the number of the answer"
            )
        batch.rows.append(("purchase_orders", order.header))
        batch.rows.extend(("purchase_order_lines", line) for line in order.lines)
        batch.note(order.issues, order.unknown)
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
