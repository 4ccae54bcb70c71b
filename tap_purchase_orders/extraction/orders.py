"""Extraction of one customer's orders and their children, as one batch."""

from __future__ import annotations

from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tap_purchase_orders.clients.partner_center import PRICING_NOT_GRANTED
from tap_purchase_orders.extraction.batch import Batch, Selection, failure_issue
from tap_purchase_orders.extraction.order_children import CHILD_STREAMS, OrderChildren
from tap_purchase_orders.http.api_response import ApiResponse, RequestFailure
from tap_purchase_orders.incremental.change_detection import (
    STATUS_CHANGES,
    is_of_future,
)
from tap_purchase_orders.instants import instant_of
from tap_purchase_orders.records.encoded_records import encoded, joined
from tap_purchase_orders.records.issues import Issue, moment_text
from tap_purchase_orders.records.orders import UPSTREAM, OrderSummary
from tap_purchase_orders.records.repeated_orders import conflict

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from tap_purchase_orders.clients.partner_center import PartnerCenter
    from tap_purchase_orders.incremental.change_detection import (
        ChangeDetector,
        OrderDecision,
        StatusChange,
    )
    from tap_purchase_orders.incremental.customer_bookmark import CustomerBookmark
    from tap_purchase_orders.incremental.state import State
    from tap_purchase_orders.records.field_reader import Record
    from tap_purchase_orders.records.orders import OrderReader

# The streams whose rows have prices.
_PRICED_STREAMS = _HEADERS, _LINES = ("orders", "order_line_items")
ORDER_STREAMS = (*_PRICED_STREAMS, STATUS_CHANGES, *CHILD_STREAMS)


class CustomerOrders:
    """Reads one customer's orders, decides which are emitted, and reads their children.

    Safe on any thread, the checkpoints of the batches apart.

    Args:
        client: The client for Partner Center.
        detector: Decides which orders are emitted and tracked.
        reader: Makes records of orders.
        state: The state that a batch's checkpoint changes.
        selection: The selected streams.
        keeps_last_read: Keep in the state when each customer was read.

    Attributes:
        refused_prices: Of how many customers the orders were not written, because
            their prices, which came in earlier runs, were refused.
    """

    def __init__(  # noqa: PLR0913
        self,
        client: PartnerCenter,
        detector: ChangeDetector,
        reader: OrderReader,
        state: State,
        selection: Selection,
        *,
        keeps_last_read: bool,
    ) -> None:
        self._client = client
        self._detector = detector
        self._reader = reader
        self._state = state
        self._selection = selection
        self._keeps_last_read = keeps_last_read
        self._had_prices = state.has_prices
        # A state of an earlier version does not say whether prices came.
        self._had_none = state.scope is not None and not state.has_prices
        self._children = OrderChildren(client, selection)
        self.refused_prices = 0

    @property
    def _complete_streams(self) -> frozenset[str]:
        """The streams of which a customer that is read in full brings all rows."""
        return self._selection.streams.intersection(ORDER_STREAMS) - {STATUS_CHANGES}

    def bookmark(self, customer_id: str) -> CustomerBookmark:
        """Return what the state holds of a customer's orders."""
        return self._state.customer(customer_id)

    def batch(
        self, customer_id: str, customer_bookmark: CustomerBookmark, *, whole: bool
    ) -> Batch:
        """Return the batch of a customer's orders.

        Args:
            customer_id: The customer.
            customer_bookmark: What is known of the customer's orders from earlier runs.
            whole: Emit all orders, changed or not.
        """
        outcome = self._client.orders(
            customer_id, self._reader.decode, requires_price=self._had_prices
        )
        if isinstance(outcome, RequestFailure):
            return self._failed(customer_id, outcome, whole=whole)
        has_prices = self._client.includes_price
        # The first response's time: a header and its lines are never newer than that.
        first = outcome[0]
        batch = Batch(first.received_at, key_was_refused=False)
        # If the server's clock is far behind, orders must not look like future ones.
        latest = instant_of(max(first.as_of, first.received_at))
        if customer_bookmark.bookmark is not None and is_of_future(
            customer_bookmark.bookmark, latest
        ):
            batch.warnings.append(
                f"Partner Center: the bookmark of customer {customer_id} in the state, "
                f"{customer_bookmark.bookmark.text}, is of the future: orders are "
                f"compared as if it were the present"
            )
        decision = self._detector.decide(
            self._summaries(batch, customer_id, outcome),
            customer_bookmark,
            partial(self._reader.read, received_at=batch.received_at),
            latest,
            # Prices that come for the first time belong to all orders.
            whole=whole or (has_prices and self._had_none),
        )
        self._add_orders(batch, decision.orders)
        unfinished = []
        if self._children.are_selected:
            unfinished = [
                decided
                for decided in decision.orders
                if not self._children.add_to(batch, decided)
            ]
        new_bookmark = decision.bookmark_with_incomplete(unfinished)
        if self._keeps_last_read and not unfinished:
            new_bookmark = replace(new_bookmark, last_read=instant_of(first.as_of))
        batch.checkpoint = partial(
            self._checkpoint, customer_id, new_bookmark, has_prices=has_prices
        )
        return batch

    def _checkpoint(
        self, customer_id: str, customer_bookmark: CustomerBookmark, *, has_prices: bool
    ) -> None:
        """Store in the state what is written of a customer."""
        state = self._state
        if has_prices and not customer_bookmark.is_new and not state.has_prices:
            if self._had_none:
                state.owe(self._complete_streams.intersection(_PRICED_STREAMS))
            state.checkpoint_prices()
        if self._client.asks_for_prices and not has_prices and state.has_prices:
            owed = self._complete_streams.intersection(_PRICED_STREAMS)
            customer_bookmark = replace(customer_bookmark, owed=owed)
        state.checkpoint_customer(customer_id, customer_bookmark)

    def _failed(
        self, customer_id: str, failure: RequestFailure, *, whole: bool
    ) -> Batch:
        if self._had_prices and failure.error_code == PRICING_NOT_GRANTED:
            self.refused_prices += 1
        owed = self._complete_streams if whole else frozenset()
        return Batch(
            failure.received_at,
            issues=[failure_issue(UPSTREAM, "orders", customer_id, failure)],
            checkpoint=partial(self._state.checkpoint_failure, customer_id, owed),
            key_was_refused=failure.is_refusal,
        )

    def _summaries(
        self, batch: Batch, customer_id: str, pages: list[ApiResponse]
    ) -> list[OrderSummary]:
        """Return the summary of each order; orders without a key become issues.

        Of an order that comes twice, the last one counts: pages may overlap. If the two
        differ, the first becomes an issue.
        """
        summaries: dict[str, OrderSummary] = {}
        for raw in chain.from_iterable([page.body["items"] for page in pages]):
            summary = self._reader.summary(raw, customer_id, batch.received_at)
            if isinstance(summary, Issue):
                batch.issues.append(summary)
                continue
            twin = summaries.get(summary.id)
            if twin is not None and (
                issue := conflict(self._reader, twin, summary, batch.received_at)
            ):
                batch.issues.append(issue)
            summaries[summary.id] = summary
        return list(summaries.values())

    def _add_orders(self, batch: Batch, orders: Sequence[OrderDecision]) -> None:
        """Add headers, then lines, then the changes of statuses."""
        full_table = self._selection.full_table
        headers: list[Record] = []
        lines: list[Record] = []
        for decided in orders:
            order = decided.order
            has_header = decided.should_emit or _HEADERS in full_table
            # Without its lines, a header that is newer says that they are gone.
            has_lines = has_header or _LINES in full_table
            if has_header:
                headers.append(order.header)
            if has_lines:
                lines += order.lines
            # What the schemas do not know is said of whatever was read.
            if order.issues or order.unknown:
                batch.note(order.issues if has_lines else (), order.unknown)
        changes = [
            self._change(decided.summary, decided.change, batch.received_at)
            for decided in orders
            if decided.change is not None
        ]
        for stream, records in (
            (_HEADERS, headers),
            (_LINES, lines),
            (STATUS_CHANGES, changes),
        ):
            if records:
                batch.rows += [(stream, record) for record in joined(records)]

    def _change(
        self, summary: OrderSummary, change: StatusChange, received_at: dt.datetime
    ) -> Record:
        record = {
            "referenceCustomerId": summary.customer_id,
            "orderId": summary.id,
            "sequence": change.sequence,
            "previousStatus": change.previous_status,
            "status": change.status,
            "orderCreationDate": None
            if summary.created is None
            else summary.created.text,
            "observedAt": moment_text(received_at),
        }
        deselected = self._selection.deselected_fields
        if deselected is None:
            return record
        return encoded([record], deselected.get(STATUS_CHANGES, ()))
