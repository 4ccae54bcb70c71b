from __future__ import annotations

import pytest

from tap_purchase_orders.incremental.statuses import (
    is_in_purchase_order_state,
    is_same_status,
)


@pytest.mark.parametrize(
    "status", ["pending_po_upload", "po_upload_complete", "PO_Review_Rejected"]
)
def test_an_order_in_the_upload_of_a_purchase_order_is_told_by_its_status(
    status: str,
) -> None:
    assert is_in_purchase_order_state(status)


@pytest.mark.parametrize("status", [None, "", "pending", "completed", "cancelled"])
def test_any_other_order_is_not_in_the_upload_of_a_purchase_order(
    status: str | None,
) -> None:
    assert not is_in_purchase_order_state(status)


def test_a_status_that_is_missing_is_the_same_only_as_another_that_is() -> None:
    assert is_same_status(None, None)
    assert not is_same_status(None, "completed")
    assert not is_same_status("completed", None)
    assert is_same_status("Completed", "completed")
