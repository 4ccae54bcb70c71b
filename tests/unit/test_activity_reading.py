from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_purchase_orders.instants import parse_instant
from tap_purchase_orders.records.activity import latest_order_activity
from tests.unit.json_values import any_json, payload

NOW = parse_instant("2026-03-01T10:00:00Z")


def latest(*items: Any) -> dict[str, str]:
    found = latest_order_activity(items, NOW)
    return {customer_id: moment.text for customer_id, moment in found.items()}


def record(**members: Any) -> dict[str, Any]:
    return {
        "resourceType": "order",
        "customerId": "C-1",
        "operationDate": "2026-02-01T00:00:00.1234567Z",
        **members,
    }


def test_the_latest_activity_of_each_customer_counts() -> None:
    found = latest(
        record(),
        record(customerId="c-1", operationDate="2026-02-02T01:00:00+02:00"),
        record(operationDate="2026-01-01T00:00:00Z"),
        record(customerId="c-2"),
    )

    assert found == {
        "c-1": "2026-02-01T23:00:00Z",
        "c-2": "2026-02-01T00:00:00.1234567Z",
    }


@pytest.mark.parametrize("resource", ["license", "customer", None, 5, ""])
def test_records_of_other_resources_say_nothing(resource: Any) -> None:
    assert latest(record(resourceType=resource)) == {}


@pytest.mark.parametrize(
    "odd", [None, 5, record(resourceType="license"), record(customerId=None)]
)
def test_a_record_that_says_nothing_hides_no_other(odd: Any) -> None:
    assert list(latest(record(), odd, record(customerId="c-2"))) == ["c-1", "c-2"]


@pytest.mark.parametrize(
    "resource",
    [
        *("order", "Order", "ORDER"),
        # By these, too, an order comes into being.
        *("subscription", "Subscription"),
        *("transfer", "Transfer"),
        *("new_commerce_migration", "NewCommerceMigration", "newCommerceMigration"),
    ],
)
def test_what_makes_orders_counts_in_any_spelling(resource: str) -> None:
    assert list(latest(record(resourceType=resource))) == ["c-1"]


@pytest.mark.parametrize("date", [None, "soon", 5, ""])
def test_activity_at_a_time_that_cannot_be_read_is_activity_just_now(date: Any) -> None:
    assert latest(record(operationDate=date)) == {"c-1": NOW.text}


def test_the_payloads_name_the_customers_with_order_activity() -> None:
    pages = [
        payload(f"partner_center/audit-records-page-{page}.json") for page in (1, 2)
    ]
    found = latest_order_activity((i for page in pages for i in page["items"]), NOW)

    assert set(found) == {
        item["customerId"].lower()
        for page in pages
        for item in page["items"]
        if item["resourceType"].lower() in {"order", "subscription"}
    }


@given(st.lists(any_json(st.sampled_from(["resourceType", "customerId"]))))
def test_any_records_are_gone_through(items: list[Any]) -> None:
    latest_order_activity(items, NOW)
