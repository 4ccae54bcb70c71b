"""Which orders of a customer are news, and what is remembered of them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from tap_purchase_orders.deciding.memory import (
    NOTHING_EMITTED,
    CustomerMemory,
    FollowedOrder,
)
from tap_purchase_orders.deciding.statuses import is_moving, is_same_status
from tap_purchase_orders.reading.encoded import Encoded, encoded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tap_purchase_orders.reading.orders import Order, OrderHead
    from tap_purchase_orders.wire.instants import Instant

# An order may show in the list this long after it was created (Partner Center, *Get
# all of a customer's orders*).
VISIBILITY_SECONDS = 15 * 60
DAY_SECONDS = 24 * 60 * 60


class StatusChange(Struct, frozen=True):
    """One step of an order's status; the first has no previous status."""

    sequence: int
    previous_status: str | None
    status: str


class DecidedOrder(Struct, frozen=True):
    """An order, and what it is to the warehouse.

    Attributes:
        head: What identifies it.
        order: Its records.
        is_due: It is recent, open, or was open when it was last read.
        is_news: It is due, and new or not what was last emitted.
        previous_status: Its status when it was last read, if that is known.
        change: The step that its status has made, if it made one.
    """

    head: OrderHead
    order: Order
    is_due: bool
    is_news: bool
    previous_status: str | None
    change: StatusChange | None


class Decision(Struct, frozen=True):
    """What becomes of one customer's orders.

    Attributes:
        orders: Those that were read, in the order of the answer.
        memory: What is to be remembered once they are written.
    """

    orders: list[DecidedOrder]
    memory: CustomerMemory

    def memory_owing(
        self, unfinished: Sequence[DecidedOrder], before: CustomerMemory
    ) -> CustomerMemory:
        """Return the memory for when some orders could not be read to the end.

        They are due again whatever becomes of them: as they were known before, so
        that what they have left is still known; else as they were read now.
        """
        if not unfinished:
            return self.memory
        followed = dict(self.memory.followed)
        for decided in unfinished:
            sequence = decided.change.sequence if decided.change else 0
            now = FollowedOrder(decided.head.status, sequence, NOTHING_EMITTED)
            known = before.followed.get(decided.head.id, now)
            followed[decided.head.id] = replace(known, digest=NOTHING_EMITTED)
        return replace(self.memory, followed=followed)


class OrderRules(Struct, frozen=True):
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
        heads: Iterable[OrderHead],
        memory: CustomerMemory,
        read: Callable[[OrderHead], Order],
        as_of: Instant,
    ) -> Decision:
        """Return what becomes of the orders that one answer holds.

        Emitted are the orders that are recent or open and new or changed, and those
        that were followed as open and no longer are.

        Args:
            heads: All orders of the customer.
            memory: What is known of them.
            read: Reads an order in full; only those that may be emitted are read.
            as_of: The moment of the answer, by the upstream's clock or ours, whichever
                is later.
        """
        # Pages may overlap: of an order that comes twice, the last word counts.
        latest = {head.id: head for head in heads}.values()
        wanted = [head for head in latest if not self._is_left_out(head)]
        bookmark = _latest(wanted, memory.bookmark, as_of)
        old_window = new_window = self._window_start(memory.bookmark)
        if bookmark is not memory.bookmark:
            new_window = self._window_start(bookmark)
        decided: list[DecidedOrder] = []
        # Open orders that the answer no longer holds may come back.
        followed = {
            order_id: known
            for order_id, known in memory.followed.items()
            if is_moving(known.status)
        }
        for head in wanted:
            known = memory.followed.get(head.id)
            is_open = is_moving(head.status)
            was_open = known is not None and is_moving(known.status)
            is_owed = known is not None and known.digest == NOTHING_EMITTED
            is_due = is_open or was_open or is_owed or _is_inside(head, old_window)
            if not (is_due or self.everything):
                continue
            order = read(head)
            stays = is_open or _is_inside(head, new_window)
            # Of history nothing is known, and nothing is remembered.
            digest = NOTHING_EMITTED if known is None and not stays else _digest(order)
            change = _status_change(head.status, known) if is_due else None
            is_news = is_due and (known is None or known.digest != digest)
            previous = known.status if known else None
            decided.append(DecidedOrder(head, order, is_due, is_news, previous, change))
            followed.pop(head.id, None)
            if stays:
                sequence = change.sequence if change else known.sequence if known else 0
                followed[head.id] = FollowedOrder(head.status, sequence, digest)
        return Decision(decided, CustomerMemory(bookmark, followed))

    def _is_left_out(self, head: OrderHead) -> bool:
        return (
            self.start_date is not None
            and head.created is not None
            and head.created < self.start_date
        )

    def _window_start(self, bookmark: Instant | None) -> Instant | None:
        if bookmark is None:
            return None
        seconds = max(self.lookback_days * DAY_SECONDS, VISIBILITY_SECONDS)
        return bookmark.earlier(seconds)


def _latest(
    heads: Iterable[OrderHead], bookmark: Instant | None, as_of: Instant
) -> Instant | None:
    """Return the latest moment of the creation dates and the bookmark.

    A date of the future is a mistake: it would keep all orders to come out of the
    window. Such an order counts as recent until its date has come.
    """
    # The bookmark first, so that it stays as it is written where another is the same
    # moment.
    moments = [] if bookmark is None else [bookmark]
    moments += [head.created for head in heads if head.created is not None]
    latest = max(moments, default=None)
    if latest is None or latest <= as_of:
        return latest
    limit = as_of.later(DAY_SECONDS)
    return max((it for it in moments if it is bookmark or it <= limit), default=None)


def _is_inside(head: OrderHead, window_start: Instant | None) -> bool:
    """Return whether an order is recent; one whose date cannot be read counts so."""
    if window_start is None or head.created is None:
        return True
    return head.created >= window_start


def _status_change(
    status: str | None, known: FollowedOrder | None
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
