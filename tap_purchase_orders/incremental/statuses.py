"""Order statuses: which still move, and which are final."""

from __future__ import annotations

from functools import lru_cache

# Partner Center, *Order resources*, order status; `none` is seen in old samples.
# `completed` may still become suspended or cancelled, but nothing announces it.
_AT_REST = frozenset(
    {
        "cancelled",
        "completed",
        "error",
        "none",
        "partial_success",
        "po_review_rejected",
    }
)
# *Pending PO upload*, *PO upload complete*; only these orders can have attachments.
_PURCHASE_ORDER_STATES = frozenset(
    {"pending_po_upload", "po_upload_complete", "po_review_rejected"}
)


# There are few, and each is looked up for each order.
@lru_cache
def is_moving(status: str | None) -> bool:
    """Return whether an order of this status is still followed.

    Statuses are compared without case; one that is not known here counts as moving.
    """
    return status is not None and status.lower() not in _AT_REST


def is_same_status(one: str | None, other: str | None) -> bool:
    """Return whether two statuses are the same, without case."""
    if one is None or other is None:
        return one is other
    return one.lower() == other.lower()


def is_in_purchase_order_state(status: str | None) -> bool:
    """Return whether an order of this status is in the upload of a purchase order."""
    return status is not None and status.lower() in _PURCHASE_ORDER_STATES
