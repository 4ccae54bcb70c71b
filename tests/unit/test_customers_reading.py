from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from tap_purchase_orders.records.customers import Customer, CustomerReader
from tap_purchase_orders.records.issues import Issue
from tests.unit.json_values import payload, unknown_fields, wire_errors

NOW = dt.datetime(2026, 4, 5, 6, 7, 8, tzinfo=dt.UTC)


def read(raw: Any) -> Customer:
    customer_id = CustomerReader.key(raw, NOW)
    assert isinstance(customer_id, str)
    return CustomerReader().read(raw, customer_id, NOW)


def refused(raw: Any) -> Issue:
    issue = CustomerReader.key(raw, NOW)
    assert isinstance(issue, Issue)
    return issue


def test_customers_of_the_payloads_are_valid_and_say_what_was_sent() -> None:
    for page in ("customers-page-1", "customers-page-2"):
        for raw in payload(f"partner_center/{page}.json")["items"]:
            customer = read(raw)
            assert customer.record["id"] == raw["id"]
            assert customer.issues == []
            assert wire_errors("customers", customer.record) == []
            assert customer.record.items() >= raw.items()


def test_a_guid_is_spelled_in_one_way_in_the_record_as_well() -> None:
    guid = "2CC5DC00-EA17-4516-983D-5802E19A0764"
    customer = read({"id": guid})

    assert customer.record["id"] == guid.lower()
    assert wire_errors("customers", customer.record) == []
    assert unknown_fields("customers", customer.record) == set()


def test_credentials_are_in_no_record_and_in_no_list_of_unknown_fields() -> None:
    raw = payload("partner_center/customer--by-id.json")
    customer = read(raw)

    assert "userCredentials" in raw
    assert "userCredentials" not in customer.record
    assert customer.unknown == {"customers": set()}
    assert raw["userCredentials"]["password"] not in repr(customer)


@pytest.mark.parametrize("customer_id", [None, "", " ", "..", ".", [], {}])
def test_a_customer_without_a_usable_id_is_an_issue(customer_id: Any) -> None:
    raw = {"id": customer_id, "companyProfile": {"companyName": "Bramble"}}
    issue = refused(raw)

    assert (issue.stream, issue.kind) == ("customers", "invalid_record")
    assert issue.upstream == "partner_center"
    assert issue.message.startswith("a customer has no usable id")
    assert json.loads(issue.payload or "") == raw
    assert wire_errors("extraction_issues", issue.record()) == []


def test_an_issue_never_holds_the_credentials_of_a_customer() -> None:
    raw = {"userCredentials": {"password": "hunter2"}, "commerceId": "c"}

    assert json.loads(refused(raw).payload or "") == {"commerceId": "c"}


@pytest.mark.parametrize("raw", [None, 5, "customer", []])
def test_what_is_no_object_is_an_issue(raw: Any) -> None:
    assert json.loads(refused(raw).payload or "") == raw


def test_what_cannot_be_read_is_named() -> None:
    customer = read({"id": "c-1", "allowDelegatedAccess": "perhaps", "colour": "red"})

    (issue,) = customer.issues
    assert (issue.record_key, issue.field) == ("c-1", "allowDelegatedAccess")
    assert customer.record["allowDelegatedAccess"] is None
    assert customer.unknown == {"customers": {"colour"}}
