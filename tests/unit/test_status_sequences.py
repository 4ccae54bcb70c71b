from __future__ import annotations

import pytest

from tap_purchase_orders.incremental.status_sequences import next_sequence

# Rows of earlier runs have these numbers: a run that is repeated gives the same ones,
# whatever version of the tap it is of.
CODES = {
    "unknown": 1,
    "pending": 2,
    "pending_review": 3,
    "pending_po_upload": 4,
    "po_upload_complete": 5,
    "suspended": 6,
    "completed": 7,
    "cancelled": 8,
    "po_review_rejected": 9,
    "partial_success": 10,
    "error": 11,
    "none": 12,
    # Of a status that no document has, the code is computed.
    "on_hold": 93,
    "escalated": 40,
}


@pytest.mark.parametrize(("status", "code"), CODES.items())
def test_the_number_of_a_step_tells_its_status(status: str, code: int) -> None:
    assert next_sequence(0, status) == 100 + code
    assert next_sequence(0, status.upper()) == 100 + code


@pytest.mark.parametrize(
    ("last", "number"), [(1, 107), (99, 107), (100, 207), (107, 207), (199, 207)]
)
def test_the_hundreds_of_a_number_count_the_steps(last: int, number: int) -> None:
    assert next_sequence(last, "completed") == number
