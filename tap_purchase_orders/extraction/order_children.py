"""The streams that cost one more request for an order."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from tap_purchase_orders.asking.answer import Answer, Failure
from tap_purchase_orders.asking.partner_center import NO_APP_ONLY_ACCESS
from tap_purchase_orders.deciding.statuses import (
    is_in_purchase_order_state,
    is_moving,
)
from tap_purchase_orders.reading.issues import UNREAD_KINDS, failure_issue
from tap_purchase_orders.reading.order_children import UPSTREAM, OrderChildReader

if TYPE_CHECKING:
    from tap_purchase_orders.asking.partner_center import PartnerCenter
    from tap_purchase_orders.deciding.orders import DecidedOrder
    from tap_purchase_orders.extraction.batch import Batch, Wanted

ATTACHMENTS = "order_attachments"
PROVISIONING = "order_provisioning_status"
CHILD_STREAMS = (ATTACHMENTS, PROVISIONING)

Ask: TypeAlias = Callable[[str, str], list[Answer] | Failure]


class _ChildStream(Struct, frozen=True):
    """How one child stream is asked for and read."""

    name: str
    is_needed: Callable[[DecidedOrder, bool], bool]
    ask: Ask
    reader: OrderChildReader


class OrderChildren:
    """Asks for the attachments and the provisioning status of those that need it.

    Safe on any thread.

    Args:
        client: Asks.
        wanted: The selected streams.
    """

    def __init__(self, client: PartnerCenter, wanted: Wanted) -> None:
        known = (
            _ChildStream(
                ATTACHMENTS,
                _needs_attachments,
                client.attachments,
                OrderChildReader(ATTACHMENTS, "attachmentId"),
            ),
            _ChildStream(
                PROVISIONING,
                _needs_provisioning_status,
                client.provisioning_status,
                OrderChildReader(PROVISIONING, "lineItemNumber"),
            ),
        )
        self._streams = [stream for stream in known if stream.name in wanted]
        self._full_table = wanted.full_table
        self._lock = threading.Lock()
        self._ended: set[str] = set()

    def add_to(self, batch: Batch, decided: DecidedOrder) -> bool:
        """Add an order's children to its batch; return whether all were read.

        What the upstream said no to counts as read: it is no use to ask again.
        """
        is_read = True
        for stream in self._streams:
            everything = stream.name in self._full_table
            if stream.name not in self._ended and stream.is_needed(decided, everything):
                is_read &= self._add(batch, decided, stream)
        return is_read

    def _add(self, batch: Batch, decided: DecidedOrder, stream: _ChildStream) -> bool:
        head = decided.head
        outcome = stream.ask(head.customer_id, head.id)
        if isinstance(outcome, Failure):
            return self._fail(batch, f"{head.customer_id}/{head.id}", stream, outcome)
        for answer in outcome:
            items = answer.body["items"]
            children = stream.reader.read(items, head, answer.received_at)
            batch.rows.extend((stream.name, record) for record in children.records)
            batch.note(children.issues, children.unknown)
        return True

    def _fail(
        self, batch: Batch, key: str, stream: _ChildStream, failure: Failure
    ) -> bool:
        if failure.error_code == NO_APP_ONLY_ACCESS:
            # Every further request would be refused for the same reason.
            with self._lock:
                if stream.name in self._ended:
                    return True
                self._ended.add(stream.name)
        batch.issues.append(failure_issue(UPSTREAM, stream.name, key, failure))
        return failure.kind not in UNREAD_KINDS


def _needs_attachments(decided: DecidedOrder, everything: bool) -> bool:  # noqa: FBT001
    """Return whether an order is in a purchase-order state, or has just left it."""
    is_in_state = is_in_purchase_order_state(decided.head.status)
    if is_in_state:
        return everything or decided.is_news or is_moving(decided.head.status)
    return is_in_purchase_order_state(decided.previous_status)


def _needs_provisioning_status(
    decided: DecidedOrder,
    everything: bool,  # noqa: FBT001
) -> bool:
    """Return whether an order links to its provisioning status, and may have news."""
    if not decided.head.has_provisioning_status:
        return False
    return everything or decided.is_news or is_moving(decided.head.status)
