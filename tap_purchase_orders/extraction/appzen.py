"""Purchase orders and their lines, from AppZen."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tap_purchase_orders.asking.addresses import is_path_segment
from tap_purchase_orders.asking.answer import Answer, Failure
from tap_purchase_orders.asking.outcome import now
from tap_purchase_orders.asking.prefetch import prefetch
from tap_purchase_orders.errors import UpstreamRefusedError
from tap_purchase_orders.extraction.batch import Batch, Step, Wanted
from tap_purchase_orders.number_sources.registry import number_source
from tap_purchase_orders.reading.issues import Issue, failure_issue
from tap_purchase_orders.reading.purchase_orders import (
    UPSTREAM,
    PurchaseOrderReader,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_purchase_orders.asking.appzen import AppZen
    from tap_purchase_orders.asking.stop import Stop
    from tap_purchase_orders.settings.model import Settings

PURCHASE_ORDER_STREAMS = ("purchase_orders", "purchase_order_lines")

logger = logging.getLogger(__name__)


class AppZenExtraction:
    """Reads the purchase orders whose numbers the configured source gives.

    Args:
        settings: All settings; the section `appzen` is there.
        client: Asks.
        wanted: The selected streams.
        stop: Ends the asking.
    """

    upstream = UPSTREAM
    name = "AppZen"

    def __init__(
        self, settings: Settings, client: AppZen, wanted: Wanted, stop: Stop
    ) -> None:
        assert settings.appzen is not None  # noqa: S101  # the caller's promise
        self._section = settings.appzen
        self._shard = settings.shard
        self._client = client
        self._wanted = wanted
        self._stop = stop
        self._reader = PurchaseOrderReader()
        self._asked = 0
        self._not_found = 0

    def batches(self, before_waiting: Callable[[], None]) -> Iterator[Batch]:
        """Yield what each answer brings, in the order of the numbers.

        Raises:
            UpstreamRefusedError: The rest cannot be read.
        """
        if not self._wanted.any_of(PURCHASE_ORDER_STREAMS):
            return
        for step, outcome in prefetch(
            lambda step: step.fetch(),
            self._steps(),
            workers=self._section.max_concurrency,
            stop=self._stop,
            before_waiting=before_waiting,
        ):
            yield step.read(outcome)
        if self._asked and self._asked == self._not_found:
            # A wrong address looks the same as numbers that do not exist.
            msg = (
                f"AppZen: none of the {self._asked} purchase order numbers was found "
                f"(HTTP 404); check `appzen.api_url`, `appzen.auth.customer_id` and "
                f"`appzen.purchase_order_numbers`"
            )
            raise UpstreamRefusedError(msg)

    def _steps(self) -> Iterator[Step]:
        section = self._section.purchase_order_numbers
        seen = set()
        for number in number_source(section)(section):
            if number in seen or not self._shard.takes(number):
                continue
            seen.add(number)
            if is_path_segment(number) and number.strip():
                yield self._step(number)
            else:
                batch = Batch(now(), issues=[_invalid_number(number)])
                yield Step.ready(batch)
        if not seen:
            logger.warning(
                "AppZen: the source gives no purchase order numbers: nothing to read; "
                "check `appzen.purchase_order_numbers`"
            )

    def _step(self, number: str) -> Step:
        return Step(
            lambda: self._client.purchase_order(number),
            lambda outcome: self._read(number, outcome),
        )

    def _read(self, asked: str, outcome: Answer | Failure) -> Batch:
        """Return the batch of one purchase order, header and lines."""
        self._asked += 1
        if isinstance(outcome, Failure):
            self._not_found += outcome.kind == "not_found"
            issue = failure_issue(UPSTREAM, "purchase_orders", asked, outcome)
            return Batch(outcome.received_at, issues=[issue])
        batch = Batch(outcome.received_at)
        order = self._reader.read(outcome.body, asked, outcome.received_at)
        if order.number != asked:
            logger.warning(
                "AppZen: asked for purchase order %r, the answer is %r; it is "
                "emitted under the number of the answer",
                asked,
                order.number,
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
