from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tap_purchase_orders.records.customers import CustomerReader
from tap_purchase_orders.records.field_reader import ParseNotes, RecordReader
from tap_purchase_orders.records.issues import Issue
from tap_purchase_orders.records.orders import OrderReader, OrderSummary
from tap_purchase_orders.records.purchase_orders import PurchaseOrderReader
from tap_purchase_orders.records.schemas import is_member, schema_of
from tests.unit.json_values import any_json, objects_for, unknown_fields, wire_errors

if TYPE_CHECKING:
    from tests.unit.json_values import Json

NOW = dt.datetime(2026, 3, 4, 5, 6, 7, tzinfo=dt.UTC)

OBJECT = ["object", "null"]
SCHEMA = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "count": {"type": ["integer", "null"]},
        "rate": {"type": ["number", "null"]},
        "flag": {"type": ["boolean", "null"]},
        "day": {"type": ["string", "null"], "format": "date"},
        "moment": {"type": ["string", "null"], "format": "date-time"},
        "names": {"type": ["array", "null"], "items": {"type": ["string", "null"]}},
        "extra": {
            "type": ["object", "array", "string", "number", "boolean", "null"],
        },
        "map": {"type": OBJECT, "additionalProperties": {"type": ["string", "null"]}},
        "price": {
            "type": OBJECT,
            "properties": {
                "amount": {"type": ["number", "null"]},
                "currency": {"type": ["string", "null"]},
            },
            "additionalProperties": False,
        },
        "parts": {
            "type": ["array", "null"],
            "items": {
                "type": OBJECT,
                "properties": {
                    "size": {"type": ["integer", "null"]},
                    "made": {"type": ["string", "null"], "format": "date"},
                },
                "additionalProperties": False,
            },
        },
    },
}


def read(raw: Json) -> tuple[Json, ParseNotes]:
    notes = ParseNotes()
    return RecordReader(SCHEMA).read(raw, notes), notes


def read_present(raw: Json) -> tuple[Json, ParseNotes]:
    notes = ParseNotes()
    return RecordReader(SCHEMA).read_present(raw, notes), notes


def test_a_record_has_every_field_of_the_schema_and_null_where_nothing_came() -> None:
    record, notes = read({})

    assert record == dict.fromkeys(SCHEMA["properties"])
    assert notes == ParseNotes()


def test_an_object_within_has_only_the_members_that_came() -> None:
    record, _ = read({"price": {"amount": 1}, "parts": [{}, {"size": None}]})

    assert record["price"] == {"amount": 1}
    assert record["parts"] == [{}, {"size": None}]


def test_a_record_as_documented_has_only_the_fields_that_came() -> None:
    record, _ = read_present({"id": "a", "rate": None})

    assert record == {"id": "a", "rate": None}


def test_fields_stand_in_the_order_of_the_schema() -> None:
    record, _ = read_present({"rate": 1, "count": 2, "id": "a"})

    assert list(record) == ["id", "count", "rate"]


def test_unknown_fields_are_left_out_and_named_without_their_positions() -> None:
    record, notes = read(
        {
            "id": "a",
            "colour": "red",
            "price": {"amount": 1, "rounding": 2},
            "parts": [{"size": 1, "depth": 2}, {"depth": 3}, {"width": 4}],
        }
    )

    assert notes.unknown == {"colour", "price.rounding", "parts.depth", "parts.width"}
    assert unknown_fields_of(record) == set()
    assert record["parts"] == [{"size": 1}, {}, {}]


def unknown_fields_of(record: Json) -> set[str]:
    return set(record) - set(SCHEMA["properties"])


def test_a_field_that_is_left_out_on_purpose_is_known_but_not_read() -> None:
    notes = ParseNotes()
    record = RecordReader(SCHEMA, without=("parts",)).read({"parts": [5]}, notes)

    assert "parts" not in record
    assert notes == ParseNotes()


def test_credentials_are_neither_read_nor_named() -> None:
    secret = {"userName": "admin", "password": "hunter2"}
    record, notes = read({"userCredentials": secret, "price": {"userCredentials": 1}})

    assert record["price"] == {}
    assert "userCredentials" not in record
    assert notes == ParseNotes()


def test_an_unreadable_value_is_null_and_noted_with_its_place() -> None:
    record, notes = read(
        {
            "count": 5.5,
            "flag": "perhaps",
            "price": {"amount": "much", "currency": ["EUR"]},
            "parts": [{"size": 1}, {"size": "big"}, "no object"],
            "names": {"first": "a"},
            "map": {"a": [1]},
        }
    )

    assert dict(notes.unreadable) == {
        "count": 5.5,
        "flag": "perhaps",
        "price.amount": "much",
        "price.currency": ["EUR"],
        "parts[1].size": "big",
        "parts[2]": "no object",
        "names": {"first": "a"},
        "map.a": [1],
    }
    assert record["parts"] == [{"size": 1}, {"size": None}, None]
    assert record["price"] == {"amount": None, "currency": None}
    assert record["names"] is None
    assert record["map"] == {"a": None}
    assert record["count"] is record["flag"] is None


@pytest.mark.parametrize("field", ["price", "parts", "names", "map", "count", "day"])
@pytest.mark.parametrize("nothing", [None, "", " "])
def test_null_and_blank_text_are_nothing_without_a_word(
    field: str, nothing: str | None
) -> None:
    record, notes = read({field: nothing})

    assert record[field] is None
    assert notes == ParseNotes()


def test_blank_text_stays_blank_and_free_form_values_stay_as_they_are() -> None:
    odd = {"b": [1, Decimal("1.50"), None, "", {"deep": [[]]}]}
    record, _ = read({"id": "", "extra": odd, "names": ["", None]})

    assert record["id"] == ""
    assert record["extra"] == odd
    assert str(record["extra"]["b"][1]) == "1.50"
    assert record["names"] == ["", None]


def test_a_date_with_a_time_is_its_day_and_named_without_its_position() -> None:
    moment = "2026-01-31T23:30:00-01:00"
    parts = [{"made": "2026-01-31"}, {"made": moment}, {"made": moment}]
    record, notes = read({"day": moment, "parts": parts})

    assert record["day"] == "2026-02-01"
    assert [part["made"] for part in record["parts"]] == [
        "2026-01-31",
        "2026-02-01",
        "2026-02-01",
    ]
    assert notes == ParseNotes(shortened={"day", "parts.made"})


def nested(depth: int) -> Any:
    value: Any = 1
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


def test_a_free_form_value_that_is_nested_too_deeply_is_unreadable() -> None:
    deep = nested(100)
    assert read({"extra": deep})[0]["extra"] == deep
    assert read({"extra": deep})[1] == ParseNotes()

    record, notes = read({"extra": nested(101)})
    assert record["extra"] is None
    assert dict(notes.unreadable) == {"extra": nested(101)}


@pytest.mark.parametrize(
    ("names", "is_one"),
    [
        (["id"], True),
        (["price", "amount"], True),
        (["price", "colour"], False),
        (["colour"], False),
        (["id", "amount"], False),
        # The items of an array have no fields of their own to select.
        (["parts", "size"], False),
    ],
)
def test_a_field_that_may_be_selected_is_one_that_the_schema_has(
    names: list[str],
    is_one: bool,  # noqa: FBT001
) -> None:
    assert is_member(SCHEMA, names) is is_one


@given(objects_for(SCHEMA))
def test_what_cannot_be_read_is_noted_and_nothing_else_becomes_null(raw: Json) -> None:
    record, notes = read_present(raw)

    assert set(record) == set(raw) & set(SCHEMA["properties"])
    noted = {path for path, _ in notes.unreadable}
    for name, value in record.items():
        if value is None and name not in noted:
            given_value = raw[name]
            assert given_value is None or not str(given_value).strip()


# Any value in any field gives records that are valid against the schemas.


def customer_records(raw: Any) -> list[tuple[str, Json]]:
    customer_id = CustomerReader.key(raw, NOW)
    if isinstance(customer_id, Issue):
        return [("extraction_issues", customer_id.record())]
    customer = CustomerReader().read(raw, customer_id, NOW)
    issues = [("extraction_issues", issue.record()) for issue in customer.issues]
    return [("customers", customer.record), *issues]


def order_records(raw: Any) -> list[tuple[str, Json]]:
    summary = OrderReader().summary(raw, "the-customer", NOW)
    if not isinstance(summary, OrderSummary):
        return [("extraction_issues", summary.record())]
    order = OrderReader().read([summary], NOW)[0]
    lines = [("order_line_items", line) for line in order.lines]
    issues = [("extraction_issues", issue.record()) for issue in order.issues]
    return [("orders", order.header), *lines, *issues]


def purchase_order_records(raw: Json) -> list[tuple[str, Json]]:
    order = PurchaseOrderReader().read(raw, "the-number", NOW)
    lines = [("purchase_order_lines", line) for line in order.lines]
    issues = [("extraction_issues", issue.record()) for issue in order.issues]
    return [("purchase_orders", order.header), *lines, *issues]


def assert_valid(records: list[tuple[str, Json]]) -> None:
    for stream, record in records:
        assert wire_errors(stream, record) == []
        assert unknown_fields(stream, record) == set()


IDS = st.sampled_from(["a", "Zt4_oPw8", 7]) | any_json()


@given(objects_for(schema_of("customers")) | any_json(), IDS)
def test_any_customer_gives_valid_records(raw: Any, customer_id: Any) -> None:
    if isinstance(raw, dict):
        raw["id"] = customer_id
    assert_valid(customer_records(raw))


@given(
    objects_for(schema_of("orders")) | any_json(),
    IDS,
    st.lists(objects_for(schema_of("order_line_items")) | any_json(), max_size=3),
)
def test_any_order_gives_valid_records(raw: Any, order_id: Any, lines: Any) -> None:
    if isinstance(raw, dict):
        raw = {"lineItems": lines, **raw, "id": order_id}
    assert_valid(order_records(raw))


@given(
    objects_for(schema_of("purchase_orders")),
    st.lists(objects_for(schema_of("purchase_order_lines")) | any_json(), max_size=3),
)
@example({"purchase_order_number": []}, [{"line_number": {}}, None, None])
def test_any_purchase_order_gives_valid_records(raw: Json, lines: list[Any]) -> None:
    assert_valid(purchase_order_records({"purchase_order_lines": lines, **raw}))


@given(objects_for(schema_of("orders")))
def test_reading_changes_nothing_of_what_was_sent(raw: Json) -> None:
    before = repr(raw)
    order_records({**raw, "id": "a"})

    assert repr(raw) == before
