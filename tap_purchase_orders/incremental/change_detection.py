"""Decides which orders of a customer are emitted, and what is remembered of them."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from tap_purchase_orders.incremental.customer_bookmark import (
    ATTACHMENTS_OWED,
    NEW_ORDERS,
    NOT_EMITTED,
    PAST_ATTACHMENTS,
    CustomerBookmark,
    TrackedOrder,
)
from tap_purchase_orders.incremental.order_id_digest import listed_ids, newcomers
from tap_purchase_orders.incremental.read_schedule import DAY_SECONDS
from tap_purchase_orders.incremental.record_digests import digest_of
from tap_purchase_orders.incremental.status_sequences import FIRST, next_sequence
from tap_purchase_orders.incremental.statuses import (
    is_in_purchase_order_state,
    is_moving,
    is_same_status,
)
from tap_purchase_orders.records.encoded_records import Encoded, encoded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tap_purchase_orders.incremental.order_id_digest import ListedIds
    from tap_purchase_orders.instants import Instant
    from tap_purchase_orders.records.orders import Order, OrderSummary

STATUS_CHANGES = "order_status_changes"
# An order may show in the list this long after it was created (Partner Center, *Get
# all of a customer's orders*).
VISIBILITY_SECONDS = 15 * 60
# Compares moments as they compare themselves, in a third of the time.
_IN_ORDER = attrgetter("second", "fraction")


class StatusChange(Struct, frozen=True, gc=False):
    """One step of an order's status; the first has no previous status."""

    sequence: int
    previous_status: str | None
    status: str


class OrderDecision(Struct, frozen=True, gc=False):
    """An order, and whether it is emitted.

    Attributes:
        summary: What identifies it.
        order: Its records.
        should_emit: It is recent, open, new or was tracked, and differs from what was
            last emitted; or all orders are emitted.
        previous_status: Its status when it was last read, if that is known.
        sequence: The number of its last status change, for the state.
        change: The change of its status, if there was one.
        left_upload: Its attachments are requested once more: it has just left the
            upload of its purchase order, they could not be read when it had, or the
            stream was not selected then.
    """

    summary: OrderSummary
    order: Order
    should_emit: bool
    previous_status: str | None
    sequence: int
    change: StatusChange | None
    left_upload: bool


class Decision(Struct, frozen=True):
    """What becomes of one customer's orders.

    Attributes:
        orders: Those that were read, in the order of the response.
        customer_bookmark: What is to be remembered once they are written.
    """

    orders: list[OrderDecision]
    customer_bookmark: CustomerBookmark

    def bookmark_with_incomplete(
        self, unfinished: Sequence[OrderDecision]
    ) -> CustomerBookmark:
        """Return the bookmark if some orders could not be read completely.

        The next run reads them again. Their status changes are written already.
        """
        if not unfinished:
            return self.customer_bookmark
        tracked = dict(self.customer_bookmark.tracked)
        for decided in unfinished:
            owed = ATTACHMENTS_OWED if decided.left_upload else NOT_EMITTED
            tracked[decided.summary.id] = TrackedOrder(
                decided.summary.status, decided.sequence, owed
            )
        return replace(self.customer_bookmark, tracked=tracked)


class ChangeDetector(Struct, frozen=True):
    """The rules by which orders are emitted and followed.

    Attributes:
        start_date: Orders created earlier are left out.
        lookback_days: How far the window of recent orders reaches behind the bookmark.
        everything: Every order is emitted, changed or not.
        tells_steps: Status changes are written.
        first_sequence: The least number of the first step of an order.
    """

    start_date: Instant | None
    lookback_days: int
    everything: bool
    tells_steps: bool = True
    first_sequence: int = FIRST

    def decide(
        self,
        summaries: Iterable[OrderSummary],
        customer_bookmark: CustomerBookmark,
        read: Callable[[Sequence[OrderSummary]], Iterable[Order]],
        as_of: Instant,
        *,
        whole: bool = False,
    ) -> Decision:
        """Decide which of a customer's orders are emitted and tracked.

        Emitted are orders that are recent or open and new or changed, those that were
        tracked as open and no longer are, and those that were not listed before, even
        if they are old and final.

        Args:
            summaries: All orders of the customer.
            customer_bookmark: What is known of them.
            read: Reads orders in full; only those that may be emitted are read.
            as_of: The moment of the response, by the upstream's clock or ours,
                whichever is later.
            whole: Emit all orders.
        """
        # Pages may overlap: of an order that comes twice, the last one counts.
        latest = {summary.id: summary for summary in summaries}
        selection = [*latest.values()]
        if self.start_date is not None:
            selection = [it for it in selection if not self._is_left_out(it)]
        bookmark = _latest(selection, customer_bookmark.bookmark, as_of)
        old_window = new_window = self._window_start(customer_bookmark.bookmark, as_of)
        if bookmark is not customer_bookmark.bookmark:
            new_window = self._window_start(bookmark, as_of)
        # Open orders that are no longer listed may come back.
        tracked = {
            order_id: known
            for order_id, known in customer_bookmark.tracked.items()
            if is_moving(known.status)
        }
        ids = listed_ids({summary.id for summary in selection} | tracked.keys())
        new, is_clear = _first_seen(selection, customer_bookmark, ids, old_window)
        whole = whole or not is_clear or bool(customer_bookmark.owed - {STATUS_CHANGES})
        owes_steps = STATUS_CHANGES in customer_bookmark.owed
        is_all = whole or self.everything or owes_steps
        owes_attachments = PAST_ATTACHMENTS in customer_bookmark.owed
        highest = customer_bookmark.highest
        chosen: list[tuple[OrderSummary, TrackedOrder | None, bool]] = []
        for summary in selection:
            known = customer_bookmark.tracked.get(summary.id)
            is_tracked = (
                known is not None
                or summary.id in new
                or is_moving(summary.status)
                or _is_inside(summary, old_window)
            )
            if is_tracked or is_all:
                chosen.append((summary, known, is_tracked))
        orders = read([summary for summary, *_ in chosen])
        first_steps = {
            status: self._first_step(customer_bookmark, highest, status)
            for status in {summary.status for summary, *_ in chosen}
        }
        # The steps are written, none of them above the highest number.
        no_step = (highest if self.tells_steps else -highest), None
        decided: list[OrderDecision] = []
        for (summary, known, is_tracked), order in zip(chosen, orders, strict=True):
            is_open = is_moving(summary.status)
            stays = is_open or _is_inside(summary, new_window)
            # Old, final orders are not tracked.
            digest = NOT_EMITTED if known is None and not stays else _digest(order)
            if known is not None:
                sequence, change = self._next_step(summary.status, known)
            else:
                # One that was at rest and is open now has moved.
                has_moved = is_open or summary.id in new or owes_steps
                sequence, change = first_steps[summary.status] if has_moved else no_step
            decided.append(
                OrderDecision(
                    summary,
                    order,
                    whole or (is_tracked and (known is None or known.digest != digest)),
                    known.status if known else None,
                    sequence,
                    change,
                    _has_left_upload(summary, known, is_owed=owes_attachments),
                )
            )
            if known is not None:
                tracked.pop(summary.id, None)
            if stays:
                tracked[summary.id] = TrackedOrder(summary.status, sequence, digest)
        if customer_bookmark.is_new and not selection:
            return Decision([], customer_bookmark)
        gone = _highest_gone(highest, decided, tracked)
        return Decision(
            decided, CustomerBookmark(bookmark, tracked, ids=ids, highest_gone=gone)
        )

    def _is_left_out(self, summary: OrderSummary) -> bool:
        return (
            self.start_date is not None
            and summary.created is not None
            and summary.created < self.start_date
        )

    def _window_start(
        self, bookmark: Instant | None, as_of: Instant
    ) -> tuple[int, str] | None:
        """Return the start of the window as `_IN_ORDER` returns moments."""
        if bookmark is None:
            return None
        seconds = max(self.lookback_days * DAY_SECONDS, VISIBILITY_SECONDS)
        # Before a bookmark of the future nothing would ever be recent.
        if is_of_future(bookmark, as_of):
            bookmark = as_of
        return bookmark.second - seconds, bookmark.fraction

    def _next_step(
        self, status: str | None, known: TrackedOrder
    ) -> tuple[int, StatusChange | None]:
        """Return the number of an order's last step, and its step if it makes one."""
        has_moved = not is_same_status(status, known.status)
        if status is None or (known.sequence > 0 and not has_moved):
            return known.sequence, None
        if not self.tells_steps:
            return -abs(known.sequence), None
        sequence = next_sequence(abs(known.sequence), status)
        previous = known.status if has_moved else None
        return sequence, StatusChange(sequence, previous, status)

    def _first_step(
        self, customer_bookmark: CustomerBookmark, highest: int, status: str | None
    ) -> tuple[int, StatusChange | None]:
        """Return the same for an order that was not followed."""
        if status is None or not self.tells_steps:
            return 0, None
        sequence = self.first_sequence
        if not customer_bookmark.is_new:
            sequence = next_sequence(max(highest, sequence - 1), status)
        return sequence, StatusChange(sequence, None, status)


def is_of_future(bookmark: Instant, as_of: Instant) -> bool:
    """Return whether a bookmark is too far in the future to be true."""
    return (bookmark.second - DAY_SECONDS, bookmark.fraction) > _IN_ORDER(as_of)


def _first_seen(
    selection: Sequence[OrderSummary],
    customer_bookmark: CustomerBookmark,
    ids: ListedIds,
    window_start: tuple[int, str] | None,
) -> tuple[set[str], bool]:
    """Return the ids of the orders not listed before, and whether that is certain."""
    unknown = [
        summary for summary in selection if summary.id not in customer_bookmark.tracked
    ]
    all_may_be_new = (
        customer_bookmark.ids is None and NEW_ORDERS in customer_bookmark.owed
    )
    if customer_bookmark.is_new or all_may_be_new:
        return {summary.id for summary in unknown}, True
    if customer_bookmark.ids == ids:
        return set(), True
    inside, system, others = [], [], []
    for summary in unknown:
        if _is_inside(summary, window_start):
            inside.append(summary.id)
        elif summary.is_system_purchase:
            system.append(summary.id)
        else:
            others.append(summary)
    recent = {*inside, *(summary.id for summary in others if is_moving(summary.status))}
    if customer_bookmark.ids is None:
        return recent, True
    others.sort(
        key=lambda summary: (summary.created is not None, summary.created, summary.id)
    )
    known = {summary.id for summary in selection} | {
        order_id
        for order_id, it in customer_bookmark.tracked.items()
        if is_moving(it.status)
    }
    # Of those that have gone, some are known by their ids.
    gone = listed_ids(customer_bookmark.tracked.keys() - known)
    difference = ids + gone - customer_bookmark.ids
    new = newcomers(difference, (system, inside), [summary.id for summary in others])
    if new is not None:
        return new, True
    # Some came while others went. A step too many does less harm than none.
    if difference.grows_by > 0:
        return {summary.id for summary in unknown}, False
    return recent, False


def _has_left_upload(
    summary: OrderSummary, known: TrackedOrder | None, *, is_owed: bool
) -> bool:
    """Return whether an order has left the purchase-order states, or may have long ago.

    Args:
        summary: The order.
        known: What is remembered of it.
        is_owed: The attachments of all orders that may have any are owed.
    """
    if not is_owed:
        if known is None:
            return False
        was_in_upload = is_in_purchase_order_state(known.status)
        if not (was_in_upload or known.digest == ATTACHMENTS_OWED):
            return False
    return not is_in_purchase_order_state(summary.status)


def _highest_gone(
    highest: int,
    decided: Sequence[OrderDecision],
    tracked: Mapping[str, TrackedOrder],
) -> int:
    """Return the highest number of a step, 0 where that of a followed order is it."""
    highest = max([highest, *[abs(it.sequence) for it in decided]])
    kept = max([abs(it.sequence) for it in tracked.values()], default=0)
    return highest if highest > kept else 0


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
    latest = max(moments, key=_IN_ORDER, default=None)
    if latest is None or _IN_ORDER(latest) <= _IN_ORDER(as_of):
        return latest
    limit = as_of.later(DAY_SECONDS)
    return max((it for it in moments if it is bookmark or it <= limit), default=None)


def _is_inside(summary: OrderSummary, window_start: tuple[int, str] | None) -> bool:
    """Return whether an order is recent; one whose date cannot be read counts so."""
    if window_start is None or summary.created is None:
        return True
    return bool(_IN_ORDER(summary.created) >= window_start)


def _digest(order: Order) -> str:
    """Return a short digest of an order's records, however they were read."""
    return digest_of(
        [
            record.whole
            if isinstance(record, Encoded)
            # The line items as documented would only say the same again.
            else encoded(
                [{name: record[name] for name in record if name != "lineItems"}]
            ).whole
            for record in (order.header, *order.lines)
        ]
    )
