"""Extraction of attachments and provisioning status: one more request per order."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from tap_purchase_orders.clients.partner_center_profile import NO_APP_ONLY_ACCESS
from tap_purchase_orders.extraction.batch import failure_issue
from tap_purchase_orders.http.api_response import ApiResponse, RequestFailure
from tap_purchase_orders.incremental.run_scope import ATTACHMENTS
from tap_purchase_orders.incremental.statuses import (
    is_in_purchase_order_state,
    is_moving,
)
from tap_purchase_orders.records.issues import UNREAD_KINDS
from tap_purchase_orders.records.order_children import UPSTREAM, OrderChildReader

if TYPE_CHECKING:
    from tap_purchase_orders.clients.partner_center import PartnerCenter
    from tap_purchase_orders.extraction.batch import Batch, Selection
    from tap_purchase_orders.incremental.change_detection import OrderDecision

PROVISIONING = "order_provisioning_status"
CHILD_STREAMS = (ATTACHMENTS, PROVISIONING)

ChildRequest: TypeAlias = Callable[[str, str], list[ApiResponse] | RequestFailure]


class _ChildStream(Struct, frozen=True):
    """One child stream: which orders need it, its request, and its reader."""

    name: str
    is_needed: Callable[[OrderDecision, bool], bool]
    request: ChildRequest
    reader: OrderChildReader


class OrderChildren:
    """Reads the attachments and the provisioning status of orders that need it.

    Safe on any thread.

    Args:
        client: The client.
        selection: The selected streams.
    """

    def __init__(self, client: PartnerCenter, selection: Selection) -> None:
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
        self._streams = [stream for stream in known if stream.name in selection]
        self._full_table = selection.full_table
        self._lock = threading.Lock()
        self._ended: set[str] = set()

    @property
    def are_selected(self) -> bool:
        """Whether any of them are."""
        return bool(self._streams)

    def add_to(self, batch: Batch, decided: OrderDecision) -> bool:
        """Add an order's children to its batch; return whether all were read.

        What the upstream refused counts as read: a retry would be refused, too.
        """
        is_read = True
        for stream in self._streams:
            everything = stream.name in self._full_table
            if stream.name not in self._ended and stream.is_needed(decided, everything):
                is_read &= self._add(batch, decided, stream)
        return is_read

    def _add(self, batch: Batch, decided: OrderDecision, stream: _ChildStream) -> bool:
        summary = decided.summary
        outcome = stream.request(summary.customer_id, summary.id)
        if isinstance(outcome, RequestFailure):
            return self._fail(
                batch, f"{summary.customer_id}/{summary.id}", stream, outcome
            )
        for page in outcome:
            items = page.body["items"]
            children = stream.reader.read(items, summary, page.received_at)
            batch.rows.extend((stream.name, record) for record in children.records)
            batch.note(children.issues, children.unknown)
        return True

    def _fail(
        self, batch: Batch, key: str, stream: _ChildStream, failure: RequestFailure
    ) -> bool:
        if failure.error_code == NO_APP_ONLY_ACCESS:
            # Every further request would be refused for the same reason.
            with self._lock:
                if stream.name in self._ended:
                    return True
                self._ended.add(stream.name)
        batch.issues.append(failure_issue(UPSTREAM, stream.name, key, failure))
        return failure.kind not in UNREAD_KINDS


def _needs_attachments(decided: OrderDecision, everything: bool) -> bool:  # noqa: FBT001
    """Return whether an order is in a purchase-order state, or has just left it."""
    is_in_state = is_in_purchase_order_state(decided.summary.status)
    if is_in_state:
        return everything or decided.should_emit or is_moving(decided.summary.status)
    return decided.left_upload


def _needs_provisioning_status(
    decided: OrderDecision,
    everything: bool,  # noqa: FBT001
) -> bool:
    """Return whether an order links to its provisioning status, and may have news."""
    if not decided.summary.has_provisioning_status:
        return False
    return everything or decided.should_emit or is_moving(decided.summary.status)
