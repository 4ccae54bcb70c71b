"""The sandbox's activity log."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tap_purchase_orders.sandbox.process import Sandbox
from tests.sandboxes import DAY_SECONDS, NOW, Caller, assert_error, audit, order_of

if TYPE_CHECKING:
    from collections.abc import Iterator

RESOURCES = {"order", "subscription", "transfer", "new_commerce_migration"}


@pytest.fixture
def moving() -> Iterator[Caller]:
    """A world of its own, whose clock the test moves."""
    with Sandbox(now=NOW, freeze_clock=True) as sandbox, Caller(sandbox) as result:
        yield result


@pytest.fixture(scope="module")
def caller() -> Iterator[Caller]:
    with (
        Sandbox(now=NOW, freeze_clock=True, customers=12) as sandbox,
        Caller(sandbox) as result,
    ):
        yield result


def test_the_activity_log_names_the_orders_of_its_days(caller: Caller) -> None:
    records = audit(caller, startDate="2026-02-20", size="3")

    orders = caller.all_orders("?include_system_purchases=true")
    made = [record for record in records if record["operationType"] == "create_order"]
    others = [record for record in records if record["resourceType"] != "order"]
    recent = {
        order_id
        for order_id, order in orders.items()
        if order["creationDate"] >= "2026-02-20"
    }
    named = {order_of(record) for record in made}
    assert named <= recent
    # The rest came into being by other acts.
    texts = [record["resourceNewValue"] for record in others]
    assert all(any(name in text for text in texts) for name in recent - named)
    assert len(recent - named) == len(others)
    dates = [record["operationDate"] for record in records]
    assert dates == sorted(dates)
    assert {record["resourceType"] for record in records} <= RESOURCES


def test_an_upload_is_a_change_in_the_activity_log(moving: Caller) -> None:
    moving.sandbox.advance(5 * DAY_SECONDS)

    records = audit(moving, startDate="2026-03-02")

    changed = [order_of(r) for r in records if r["operationType"] == "update_order"]
    orders = moving.all_orders()
    assert changed
    assert {orders[order_id]["status"] for order_id in changed} <= {
        *("po_upload_complete", "pending", "completed", "po_review_rejected"),
    }


def test_the_activity_log_can_be_filtered(caller: Caller) -> None:
    customer = caller.customers()[0]
    everything = audit(caller, startDate="2026-02-01")

    def filtered(field: str, value: str, operator: str) -> list[dict[str, Any]]:
        condition = {"Field": field, "Value": value, "Operator": operator}
        return audit(caller, startDate="2026-02-01", filter=json.dumps(condition))

    mine = [entry for entry in everything if entry["customerId"] == customer["id"]]
    assert filtered("CustomerId", customer["id"], "equals") == mine
    name = customer["companyProfile"]["companyName"]
    assert filtered("CompanyName", name[1:], "substring") == mine
    by_type = [filtered("ResourceType", name, "equals") for name in RESOURCES]
    assert sorted(map(json.dumps, everything)) == sorted(
        json.dumps(record) for records in by_type for record in records
    )
    assert sum(map(bool, by_type)) > 1
    orders = filtered("ResourceType", "Order", "equals")
    assert {record["resourceType"] for record in orders} == {"order"}
    assert filtered("ResourceType", "License", "equals") == []


def test_the_activity_log_goes_90_days_back(caller: Caller) -> None:
    assert caller.partner_center("/v1/auditrecords?startDate=2025-12-02").ok
    for query in ("startDate=2025-12-01", "startDate=today", "size=x"):
        assert_error(caller.partner_center(f"/v1/auditrecords?{query}"), 400, 3000)
