"""Computes `sequence`, which numbers the steps in `order_status_changes`.

The hundreds count the steps of an order, and the rest tells the status. So a
step never has the number of another one, also where a run begins from a state that is
older than the rows which are written: after a kill, a restored backup, or an overlap.
A run that is repeated from the same state gives the same numbers.
"""

from __future__ import annotations

import zlib

FIRST = 1
_STEP = 100
_CODES = {
    status: code
    for code, status in enumerate(
        (
            "unknown",
            "pending",
            "pending_review",
            "pending_po_upload",
            "po_upload_complete",
            "suspended",
            "completed",
            "cancelled",
            "po_review_rejected",
            "partial_success",
            "error",
            "none",
        ),
        start=1,
    )
}
_FIRST_OTHER_CODE = 20


def next_sequence(last: int, status: str) -> int:
    """Return the number of a step to a status, behind a step of a number."""
    return (last // _STEP + 1) * _STEP + _code(status.lower())


def _code(status: str) -> int:
    known = _CODES.get(status)
    if known is not None:
        return known
    return _FIRST_OTHER_CODE + zlib.crc32(status.encode()) % (_STEP - _FIRST_OTHER_CODE)
