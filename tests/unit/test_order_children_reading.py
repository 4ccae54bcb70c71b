from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_purchase_orders.records.order_children import OrderChildReader, OrderChildren
from tap_purchase_orders.records.orders import OrderSummary
from tap_purchase_orders.records.schemas import schema_of
from tests.unit.json_values import (
    any_json,
    objects_for,
    payload,
    unknown_fields,
    wire_errors,
)

if TYPE_CHECKING:
    from tests.unit.json_values import Json

NOW = dt.datetime(2026, 4, 5, 6, 7, 8, tzinfo=dt.UTC)
HEAD = OrderSummary({}, "c-1", "o-1", "pending", None)
KEYS = {
    "order_attachments": "attachmentId",
    "order_provisioning_status": "lineItemNumber",
}
each_stream = pytest.mark.parametrize("stream", sorted(KEYS))


def read(stream: str, *items: Any) -> OrderChildren:
    return OrderChildReader(stream, KEYS[stream]).read(list(items), HEAD, NOW)


@pytest.mark.parametrize(
    ("stream", "name", "count"),
    [
        ("order_attachments", "attachments", 3),
        ("order_attachments", "attachments--none", 0),
        ("order_provisioning_status", "provisioning-status", 2),
    ],
)
def test_the_payloads_give_valid_records_that_bear_the_keys_of_their_order(
    stream: str, name: str, count: int
) -> None:
    items = payload(f"partner_center/{name}.json")["items"]
    children = read(stream, *items)

    assert len(children.records) == len(items) == count
    assert children.issues == []
    for record, raw in zip(children.records, items, strict=True):
        assert wire_errors(stream, record) == []
        assert (record["referenceCustomerId"], record["orderId"]) == ("c-1", "o-1")
        assert record[KEYS[stream]] == raw[KEYS[stream]]


@each_stream
@given(data=st.data())
def test_any_items_give_valid_records(stream: str, data: st.DataObject) -> None:
    items = data.draw(st.lists(objects_for(schema_of(stream)) | any_json(), max_size=4))
    key = data.draw(st.sampled_from([1, "2"]) | any_json())
    for item in items:
        if isinstance(item, dict):
            item[KEYS[stream]] = key
    children = read(stream, *items)

    for record in children.records:
        assert wire_errors(stream, record) == []
        assert unknown_fields(stream, record) == set()
    for issue in children.issues:
        assert wire_errors("extraction_issues", issue.record()) == []


@each_stream
@pytest.mark.parametrize("key", [None, "", [], {}])
def test_an_item_without_a_key_is_an_issue_and_no_row(stream: str, key: Any) -> None:
    raw: Json = {KEYS[stream]: key, "status": "fulfilled"}
    children = read(stream, raw)

    (issue,) = [it for it in children.issues if it.kind == "invalid_record"]
    assert children.records == []
    assert (issue.stream, issue.record_key) == (stream, "c-1/o-1")
    assert json.loads(issue.payload or "") == raw


@each_stream
@pytest.mark.parametrize("raw", [None, 5, "x", []])
def test_an_item_that_is_no_object_is_an_issue_and_no_row(
    stream: str, raw: Any
) -> None:
    children = read(stream, raw)

    (issue,) = children.issues
    assert children.records == []
    assert issue.kind == "invalid_record"
    assert json.loads(issue.payload or "") == raw


def test_a_blank_key_is_no_key() -> None:
    assert read("order_attachments", {"attachmentId": " "}).records == []


@pytest.mark.parametrize(
    ("stream", "keys"),
    [("order_attachments", ["a", "a"]), ("order_provisioning_status", [1, "1"])],
)
def test_two_items_with_one_key_are_one_row_and_an_issue(
    stream: str, keys: list[Any]
) -> None:
    children = read(stream, *({KEYS[stream]: key} for key in keys))

    assert len(children.records) == 1
    assert [issue.kind for issue in children.issues] == ["invalid_record"]


@pytest.mark.parametrize(
    ("stream", "field"),
    [
        ("order_attachments", "sizeInKB"),
        ("order_provisioning_status", "orderLineItemId"),
    ],
)
def test_what_cannot_be_read_of_an_item_is_an_issue(stream: str, field: str) -> None:
    children = read(stream, {KEYS[stream]: 5, field: "some", "colour": "red"})

    (record,), (issue,) = children.records, children.issues
    assert record[field] is None
    assert (issue.stream, issue.kind, issue.field) == (
        stream,
        "unreadable_value",
        field,
    )
    assert issue.record_key == "c-1/o-1/5"
    assert children.unknown == {stream: {"colour"}}


@each_stream
def test_what_an_item_says_of_its_order_is_neither_read_nor_news(stream: str) -> None:
    said = {"referenceCustomerId": {"a": 1}, "orderId": ["another"]}
    children = read(stream, {KEYS[stream]: 5, **said})

    (record,) = children.records
    assert (record["referenceCustomerId"], record["orderId"]) == ("c-1", "o-1")
    assert children.issues == []
    assert children.unknown == {stream: set()}


@each_stream
def test_what_the_resource_says_of_itself_is_known(stream: str) -> None:
    attributes = {"objectType": "Anything", "etag": "e1"}
    children = read(stream, {KEYS[stream]: 5, "attributes": attributes})

    assert [record["attributes"] for record in children.records] == [attributes]
    assert children.unknown == {stream: set()}
