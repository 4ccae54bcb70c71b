"""Decides which orders of a customer are emitted, and what is remembered of them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from tap_purchase_orders.incremental.customer_bookmark import (
    NOT_EMITTED,
    CustomerBookmark,
    TrackedOrder,
)
from tap_purchase_orders.incremental.statuses import is_moving, is_same_status
from tap_purchase_orders.records.encoded import Encoded, encoded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tap_purchase_orders.instants import Instant
    from tap_purchase_orders.records.orders import Order, OrderSummary

# An order may show in the list this long after it was created (Partner Center, *Get
# all of a customer's orders*).
VISIBILITY_SECONDS = 15 * 60
DAY_SECONDS = 24 * 60 * 60


class StatusChange(Struct, frozen=True):
    """One step of an order's status; the first has no previous status."""

    sequence: int
    previous_status: str | None
    status: str


class OrderDecision(Struct, frozen=True):
    """An order, and what it is to the warehouse.

    Attributes:
        summary: What identifies it.
        order: Its records.
        is_tracked: It is recent, open, or was open when it was last read.
        should_emit: It is due, and new or not what was last emitted.
        previous_status: Its status when it was last read, if that is known.
        change: The step that its status has made, if it made one.
    """

    summary: OrderSummary
    order: Order
    is_tracked: bool
    should_emit: bool
    previous_status: str | None
    change: StatusChange | None


class Decision(Struct, frozen=True):
    """What becomes of one customer's orders.

    Attributes:
        orders: Those that were read, in the order of the answer.
        customer_bookmark: What is to be remembered once they are written.
    """

    orders: list[OrderDecision]
    customer_bookmark: CustomerBookmark

    def bookmark_with_incomplete(
        self, unfinished: Sequence[OrderDecision], before: CustomerBookmark
    ) -> CustomerBookmark:
        """Return the memory for when some orders could not be read to the end.

        They are due again whatever becomes of them: as they were known before, so
        that what they have left is still known; else as they were read now.
        """
        if not unfinished:
            return self.customer_bookmark
        tracked = dict(self.customer_bookmark.tracked)
        for decided in unfinished:
            sequence = decided.change.sequence if decided.change else 0
            now = TrackedOrder(decided.summary.status, sequence, NOT_EMITTED)
            known = before.tracked.get(decided.summary.id, now)
            tracked[decided.summary.id] = replace(known, digest=NOT_EMITTED)
        return replace(self.customer_bookmark, tracked=tracked)


class ChangeDetector(Struct, frozen=True):
    """The rules by which orders are emitted and followed.

    Attributes:
        start_date: Orders created earlier are left out.
        lookback_days: How far the window of recent orders reaches behind the bookmark.
        everything: Every order is wanted, news or not.
    """

    start_date: Instant | None
    lookback_days: int
    everything: bool

    def decide(
        self,
        summaries: Iterable[OrderSummary],
        customer_bookmark: CustomerBookmark,
        read: Callable[[OrderSummary], Order],
        as_of: Instant,
    ) -> Decision:
        """Return what becomes of the orders that one answer holds.

        Emitted are the orders that are recent or open and new or changed, and those
        that were followed as open and no longer are.

        Args:
            summaries: All orders of the customer.
            customer_bookmark: What is known of them.
            read: Reads an order in full; only those that may be emitted are read.
            as_of: The moment of the answer, by the upstream's clock or ours, whichever
                is later.
        """
        # Pages may overlap: of an order that comes twice, the last word counts.
        latest = {summary.id: summary for summary in summaries}.values()
        selection = [summary for summary in latest if not self._is_left_out(summary)]
        bookmark = _latest(selection, customer_bookmark.bookmark, as_of)
        old_window = new_window = self._window_start(customer_bookmark.bookmark)
        if bookmark is not customer_bookmark.bookmark:
            new_window = self._window_start(bookmark)
        decided: list[OrderDecision] = []
        # Open orders that the answer no longer holds may come back.
        tracked = {
            order_id: known
            for order_id, known in customer_bookmark.tracked.items()
            if is_moving(known.status)
        }
        for summary in selection:
            known = customer_bookmark.tracked.get(summary.id)
            is_open = is_moving(summary.status)
            was_open = known is not None and is_moving(known.status)
            is_incomplete = known is not None and known.digest == NOT_EMITTED
            is_tracked = (
                is_open or was_open or is_incomplete or _is_inside(summary, old_window)
            )
            if not (is_tracked or self.everything):
                continue
            order = read(summary)
            stays = is_open or _is_inside(summary, new_window)
            # Of history nothing is known, and nothing is remembered.
            digest = NOT_EMITTED if known is None and not stays else _digest(order)
            change = _status_change(summary.status, known) if is_tracked else None
            should_emit = is_tracked and (known is None or known.digest != digest)
            previous = known.status if known else None
            decided.append(
                OrderDecision(summary, order, is_tracked, should_emit, previous, change)
            )
            tracked.pop(summary.id, None)
            if stays:
                sequence = change.sequence if change else known.sequence if known else 0
                tracked[summary.id] = TrackedOrder(summary.status, sequence, digest)
        return Decision(decided, CustomerBookmark(bookmark, tracked))

    def _is_left_out(self, summary: OrderSummary) -> bool:
        return (
            self.start_date is not None
            and summary.created is not None
            and summary.created < self.start_date
        )

    def _window_start(self, bookmark: Instant | None) -> Instant | None:
        if bookmark is None:
            return None
        seconds = max(self.lookback_days * DAY_SECONDS, VISIBILITY_SECONDS)
        return bookmark.earlier(seconds)


def _latest(
    summaries: Iterable[OrderSummary], bookmark: Instant | None, as_of: Instant
) -> Instant | None:
    """Return the latest moment of the creation dates and the bookmark.

    A date of the future is a mistake: it would keep all orders to come out of the
    window. Such an order counts as recent until its date has come.
    """
    # The bookmark first, so that it stays as it is written where another is the same
    # moment.
    moments = [] if bookmark is None else [bookmark]
    moments += [summary.created for summary in summaries if summary.created is not None]
    latest = max(moments, default=None)
    if latest is None or latest <= as_of:
        return latest
    limit = as_of.later(DAY_SECONDS)
    return max((it for it in moments if it is bookmark or it <= limit), default=None)


def _is_inside(summary: OrderSummary, window_start: Instant | None) -> bool:
    """Return whether an order is recent; one whose date cannot be read counts so."""
    if window_start is None or summary.created is None:
        return True
    return summary.created >= window_start


def _status_change(
    status: str | None, known: TrackedOrder | None
) -> StatusChange | None:
    if status is None:
        return None
    if known is None:
        return StatusChange(1, None, status)
    if is_same_status(status, known.status):
        return None
    return StatusChange(known.sequence + 1, known.status, status)


def _digest(order: Order) -> str:
    """Return a short digest of an order's records, however they were read."""
    digest = hashlib.blake2b(digest_size=6)
    for record in (order.header, *order.lines):
        if isinstance(record, Encoded):
            digest.update(record.whole)
        else:
            # The line items as documented would only say the same again.
            kept = {name: record[name] for name in record if name != "lineItems"}
            digest.update(encoded([kept], ()).whole)
    return digest.hexdigest()
