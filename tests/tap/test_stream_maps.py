"""Stream maps and flattening: the records are as their SCHEMA messages say."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.tap.scenes import Played, Scene, play, play_named
from tests.tap.tap import run_tap
from tests.tap.upstream import Reply, Upstream, json_reply
from tests.tap.worlds import (
    appzen,
    number_path,
    order,
    partner_center,
    purchase_order,
    serve_customers,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.tap.tap import Run

# By the spelling on the wire, what a column of text holds of it.
CUSTOM_JSON = {
    "12.50": "12.50",
    "7": "7",
    "1E+3": "1E+3",
    "true": "true",
    "null": None,
    '"plain text"': "plain text",
    '{"rate": 0.10, "tags": [1, 2.50]}': '{"rate":0.10,"tags":[1,2.50]}',
    "[1.50]": "[1.50]",
}
NUMBERS = {f"n{position}": text for position, text in enumerate(CUSTOM_JSON)}
DEPTHS = (1, 2, 5)


def world(upstream: Upstream, **settings: Any) -> dict[str, Any]:
    line = {"lineItemNumber": 0, "pricing": {"price": 1.50}, "links": None}
    bare = {"lineItemNumber": 1, "pricing": None}
    named = order("full", "c1", totalPrice=20.5, lineItems=[line, bare])
    link = {"uri": "/x", "method": "GET", "body": 5}
    linked = order("linked", "c1", links={"self": link, "provisioningStatus": None})
    serve_customers(upstream, {"c1": [named, linked]})
    for number, spelling in NUMBERS.items():
        body = purchase_order(
            number,
            custom_json=7777,
            total_amount=None,
            exchange_rate={"conversion_rate": 1.25},
            po_conditions=[{"planned_amount": {"amount": 1.5}}],
        )
        written = json_reply(body).body.replace(b"7777", spelling.encode())
        upstream.answer(number_path(number), Reply(written))
    return {
        "partner_center": partner_center(upstream),
        "appzen": appzen(upstream, list(NUMBERS)),
        **settings,
    }


def flat_to(depth: int) -> Scene:
    def scene(upstream: Upstream) -> Mapping[str, Any]:
        settings = {"flattening_enabled": True, "flattening_max_depth": depth}
        return {"config": world(upstream, **settings)}

    return scene


@pytest.fixture(scope="module")
def flattened() -> dict[int, Played]:
    return play_named({depth: flat_to(depth) for depth in DEPTHS})


@pytest.mark.parametrize("depth", DEPTHS)
def test_flat_records_have_the_columns_of_their_schema_and_no_others(
    depth: int, flattened: dict[int, Played]
) -> None:
    run = flattened[depth].run

    assert run.status == 0
    for stream, message in run.schemas.items():
        for record in run.records(stream):
            assert record.keys() == message["schema"]["properties"].keys()


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize(
    ("position", "sent"), list(enumerate(CUSTOM_JSON)), ids=list(NUMBERS)
)
def test_whatever_custom_json_is_its_column_has_the_text_of_it(
    position: int, sent: str, depth: int, flattened: dict[int, Played]
) -> None:
    record = flattened[depth].run.records("purchase_orders")[position]

    assert record["custom_json"] == CUSTOM_JSON[sent]


def test_an_object_that_is_null_is_null_in_its_columns(
    flattened: dict[int, Played],
) -> None:
    run = flattened[2].run
    header = run.records("purchase_orders")[0]
    full, bare, _ = run.records("order_line_items")
    named, linked = run.records("orders")

    assert header["total_amount__amount"] is None
    assert header["exchange_rate__conversion_rate"] == Decimal("1.25")
    assert json.loads(header["po_conditions"]) == [{"planned_amount": {"amount": 1.5}}]
    assert full["pricing__price"] == Decimal("1.5")
    assert bare["pricing__price"] is None
    assert linked["links__self__body"] == "5"
    assert linked["links__provisioningStatus__uri"] is None
    assert named["links__self__uri"] is None


def test_objects_below_the_depth_are_their_text(flattened: dict[int, Played]) -> None:
    linked = flattened[1].run.records("orders")[1]

    assert json.loads(linked["links__self"])["uri"] == "/x"
    assert linked["links__provisioningStatus"] is None


MAPS = {
    "purchase_orders": {
        "as_json": "json.dumps(custom_json)",
        "as_told": "json.dumps(custom_json, default=str, ensure_ascii=False)",
        "pretty": "json.dumps(custom_json, indent=1, sort_keys=True)",
        "back": "str(json.loads('[7]')[0])",
        "double": "exchange_rate['conversion_rate'] * 2",
        "rate": "exchange_rate",
        "custom_json": None,
    }
}


def mapped(upstream: Upstream) -> Mapping[str, Any]:
    return {"config": world(upstream, stream_maps=MAPS)}


def mapped_and_flattened(upstream: Upstream) -> Mapping[str, Any]:
    flat = {"flattening_enabled": True, "flattening_max_depth": 2}
    return {"config": world(upstream, stream_maps=MAPS, **flat)}


@pytest.fixture(scope="module")
def played() -> dict[Scene, Played]:
    return play(mapped, mapped_and_flattened)


@pytest.mark.parametrize("scene", [mapped, mapped_and_flattened])
def test_json_dumps_writes_every_digit(
    scene: Scene, played: dict[Scene, Played]
) -> None:
    records = played[scene].run.records("purchase_orders")

    assert [record["as_json"] for record in records] == [
        "12.50",
        "7",
        "1E+3",
        "true",
        "null",
        '"plain text"',
        '{"rate": 0.10, "tags": [1, 2.50]}',
        "[1.50]",
    ]
    assert records[6]["as_told"] == '{"rate": "0.10", "tags": [1, "2.50"]}'
    assert records[7]["pretty"] == "[\n 1.50\n]"
    assert {record["back"] for record in records} == {"7"}


@pytest.mark.parametrize("scene", [mapped, mapped_and_flattened])
def test_what_a_map_declares_as_text_is_text(
    scene: Scene, played: dict[Scene, Played]
) -> None:
    run = played[scene].run

    properties = run.schemas["purchase_orders"]["schema"]["properties"]
    assert properties["double"]["type"] == ["string", "null"]
    assert {r["double"] for r in run.records("purchase_orders")} == {"2.50"}


def test_an_object_that_a_map_passes_on_stays_one(played: dict[Scene, Played]) -> None:
    record = played[mapped].run.records("purchase_orders")[0]
    flat = played[mapped_and_flattened].run.records("purchase_orders")[0]

    assert record["rate"] == {"conversion_rate": Decimal("1.25")}
    assert flat["rate__conversion_rate"] == Decimal("1.25")


BAD = {
    "a type": ({"orders": {"x": "totalPrice * 1.5"}}, "TypeError"),
    "a name": ({"orders": {"x": "total * 2"}}, "'total' is not defined"),
    "a member": ({"orders": {"x": "links['self']['uri']"}}, "TypeError"),
    "a division": ({"orders": {"x": "1 / 0"}}, "ZeroDivisionError"),
    "a filter": ({"orders": {"__filter__": "nothing > 1"}}, "'nothing' is not defined"),
    "no expression": ({"orders": {"x": "1 +"}}, "Failed to parse expression 1 +"),
    "a key": ({"orders": {"id": None}}, "Removing key property 'id'"),
    "an option": ({"orders": {"__else__": "x"}}, "__else__"),
}


@pytest.mark.parametrize(("maps", "said"), BAD.values(), ids=BAD.keys())
def test_a_map_that_does_not_work_is_one_line_that_says_so(
    maps: dict[str, Any], said: str
) -> None:
    run = one_order({"stream_maps": maps})

    assert run.status == 1
    (error,) = run.errors
    assert "`stream_maps`" in error
    assert said in error


def test_columns_that_would_have_the_same_name_are_one_line() -> None:
    flat = {"flattening_enabled": True, "flattening_max_depth": 3}
    run = one_order({**flat, "flattening_max_key_length": 5})

    assert run.status == 1
    (error,) = run.errors
    assert "Duplicate column name" in error


def one_order(settings: Mapping[str, Any]) -> Run:
    with Upstream() as upstream:
        serve_customers(upstream, {"c1": [order("o1", "c1", totalPrice=5.5)]})
        return run_tap({"partner_center": partner_center(upstream), **settings})
