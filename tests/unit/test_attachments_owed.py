"""Of which orders the attachments are requested once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap_purchase_orders.incremental.customer_bookmark import (
    ATTACHMENTS_OWED,
    PAST_ATTACHMENTS,
    CustomerBookmark,
    TrackedOrder,
)
from tap_purchase_orders.instants import parse_instant
from tests.unit.order_worlds import Customer, ids, order

if TYPE_CHECKING:
    from tap_purchase_orders.incremental.change_detection import Decision

CREATED = "2026-03-01T10:00:00Z"
UPLOADS = ("pending_po_upload", "po_upload_complete")


def left_upload(decision: Decision) -> list[str]:
    return [it.summary.id for it in decision.orders if it.left_upload]


def known_as(status: str | None, digest: str = "abc", owed: str = "") -> Customer:
    """Return a customer of whom an order is known."""
    return Customer(
        customer_bookmark=CustomerBookmark(
            parse_instant(CREATED),
            {"o": TrackedOrder(status, 1, digest)},
            owed=frozenset({owed} if owed else ()),
        )
    )


@pytest.mark.parametrize("before", UPLOADS)
def test_an_order_has_left_the_upload_of_its_purchase_order_once(before: str) -> None:
    customer = known_as(before)
    done = order("o", CREATED, "completed")

    assert left_upload(customer.run(done)) == ["o"]
    assert left_upload(customer.run(done)) == []


@pytest.mark.parametrize("status", [*UPLOADS, "po_review_rejected"])
def test_an_order_in_the_upload_has_not_left_it(status: str) -> None:
    for owed in ("", PAST_ATTACHMENTS):
        customer = known_as("pending_po_upload", ATTACHMENTS_OWED, owed)
        assert left_upload(customer.run(order("o", CREATED, status))) == []


@pytest.mark.parametrize("before", ["pending", "completed", None])
def test_an_order_that_was_not_in_the_upload_has_not_left_it(
    before: str | None,
) -> None:
    customer = known_as(before)
    assert left_upload(customer.run(order("o", CREATED, "completed"))) == []


def test_attachments_that_could_not_be_read_are_requested_once_more() -> None:
    customer = known_as("completed", ATTACHMENTS_OWED)
    done = order("o", CREATED, "completed")

    found = customer.run(done)
    assert left_upload(found) == ids(found) == ["o"]
    assert left_upload(customer.run(done)) == []


def test_an_order_of_which_attachments_could_not_be_read_is_marked() -> None:
    customer = known_as("po_upload_complete")
    done = order("o", CREATED, "completed")
    found = customer.run(done)
    unfinished = found.bookmark_with_incomplete(found.orders)
    assert unfinished.tracked["o"].digest == ATTACHMENTS_OWED

    again = Customer(customer_bookmark=unfinished)
    assert left_upload(again.run(done)) == ["o"]


def test_all_orders_that_may_have_attachments_are_asked_where_these_are_owed() -> None:
    customer = known_as("completed", owed=PAST_ATTACHMENTS)
    orders = [order("old", "2024-03-01T10:00:00Z"), order("o", CREATED)]

    assert left_upload(customer.run(*orders)) == ["old", "o"]
    assert left_upload(customer.run(*orders)) == []
