"""Purchase orders and their lines, from AppZen."""

from __future__ import annotations

import logging
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from tap_purchase_orders.asking.answer import Failure
from tap_purchase_orders.asking.outcome import now
from tap_purchase_orders.asking.prefetch import prefetch
from tap_purchase_orders.deciding.resume import ListPosition
from tap_purchase_orders.errors import UpstreamRefusedError
from tap_purchase_orders.extraction.batch import Batch, Step, Wanted
from tap_purchase_orders.extraction.progress import Progress
from tap_purchase_orders.number_sources.registry import number_source
from tap_purchase_orders.number_sources.source import NumberSource
from tap_purchase_orders.reading.issues import Issue, failure_issue
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
    from tap_purchase_orders.deciding.resume import ResumePoint
    from tap_purchase_orders.deciding.state import State
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
        self._shard = settings.shard
        self._client = client
        self._state = state
        self._wanted = wanted
        self._budget = budget
        self._stop = stop
        self._reader = PurchaseOrderReader()
        self._written = 0
        self._is_resumed = False
        self.progress = Progress("AppZen", "purchase orders", client.waited_seconds)

    def batches(self, before_waiting: Callable[[], None]) -> Iterator[Batch]:
        """Yield what each answer brings, in the order of the numbers.

        Raises:
            UpstreamRefusedError: The rest cannot be read.
        """
        if not self._wanted.any_of(PURCHASE_ORDER_STREAMS):
            return
        for batch in prefetch(
            self._steps(),
            workers=self._section.max_concurrency,
            stop=self._stop,
            before_waiting=before_waiting,
        ):
            self.progress.count(batch)
            yield batch
        if self._budget.is_exceeded:
            logger.warning(
                "AppZen: the budget of %d requests is used up; the next run goes on "
                "behind number %d of the list",
                self._budget.spent,
                self._written,
            )
        elif not self._stop.is_requested:
            self._state.remember_resume_point(None)
            if self.progress.is_all_refused and not self._is_resumed:
                # A wrong address looks the same as numbers that do not exist.
                msg = (
                    f"AppZen: none of the purchase order numbers "
                    f"({self.progress.done}) was found (HTTP 404); check "
                    f"`appzen.api_url`, `appzen.auth.customer_id` and "
                    f"`appzen.purchase_order_numbers`"
                )
                raise UpstreamRefusedError(msg)

    def _steps(self) -> Iterator[Step]:
        seen: set[str] = set()
        numbers, position = self._numbers(seen)
        behind = self._written
        for number in numbers:
            point = position.take(number)
            if number in seen or not self._shard.takes(number):
                continue
            seen.add(number)
            yield partial(self._batch, number, partial(self._advance, behind, point))
            behind = point.position
        if not position.point().position:
            logger.warning(
                "AppZen: the source gives no purchase order numbers: nothing to read; "
                "check `appzen.purchase_order_numbers`"
            )

    def _numbers(self, seen: set[str]) -> tuple[Iterator[str], ListPosition]:
        """Return the numbers that are still to be asked for, and where they begin.

        Args:
            seen: Takes in the numbers that an interrupted run is done with.
        """
        section = self._section.purchase_order_numbers
        source = number_source(section)
        if isinstance(source, NumberSource) and self._shard.count == 1:
            self.progress.total = source.count(section)
        identity = source.identity(section) if isinstance(source, NumberSource) else ""
        numbers, position = iter(source(section)), ListPosition(identity)
        resume = self._state.resume_point
        if resume is None:
            return numbers, position
        for number in islice(numbers, resume.position):
            position.take(number)
            seen.add(number)
        if position.point() != resume:
            logger.info("AppZen: the list of numbers has changed: starting over")
            seen.clear()
            return iter(source(section)), ListPosition(identity)
        logger.info("AppZen: going on behind number %d", resume.position)
        self._is_resumed = True
        self._written = resume.position
        if self.progress.total is not None:
            self.progress.total -= resume.position
        return numbers, position

    def _advance(self, behind: int, point: ResumePoint) -> None:
        """Remember that all numbers up to a point are written, if they are."""
        if self._written == behind:
            self._written = point.position
            self._state.remember_resume_point(point)

    def _batch(self, asked: str, remember: Callable[[], None]) -> Batch:
        """Return the batch of one purchase order, header and lines."""
        if not is_path_segment(asked):
            return Batch(now(), issues=[_invalid_number(asked)], remember=remember)
        outcome = self._client.purchase_order(asked)
        batch = Batch(outcome.received_at, remember=remember, key_was_refused=False)
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
        record_key=number.encode(errors="replace").decode(),
    )
