"""With `use_singer_decimal` numbers are text of their digits, or null and an issue."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.tap.scenes import Played, Scene, play
from tests.tap.tap import catalog_of, run_tap
from tests.tap.upstream import Reply, Upstream, json_reply
from tests.tap.worlds import (
    appzen,
    collection,
    number_path,
    order,
    orders_path,
    partner_center,
    purchase_order,
    selection,
    serve_customers,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

DECIMALS = {"use_singer_decimal": True}
DECLARED = {"type": ["string", "null"], "format": "x-singer.decimal"}
# By the spelling on the wire, the text of it; none: it does not fit 38 digits, 9 of
# them behind the point.
NUMBERS = {
    "0": "0",
    "0.00": "0.00",
    "-0.01": "-0.01",
    "1.10": "1.10",
    "9007199254740993": "9007199254740993",
    "12345678901234567890123456789.123456789": (
        "12345678901234567890123456789.123456789"
    ),
    "1e2": "100",
    "12.5E-3": "0.0125",
    "1.000000000000": "1.000000000000",
    '"37.50"': "37.50",
    "123456789012345678901234567890": None,
    "0.0000000001": None,
    "1E+29": None,
}
SPELLED = 7777


def spelled(body: Any, spelling: str) -> Reply:
    """Return an answer with a number as it is spelled on the wire."""
    return Reply(json_reply(body).body.replace(b"7777", spelling.encode()))


def numbered(position: int) -> dict[str, Any]:
    """Return a purchase order with the same number at every depth."""
    money = {"amount": SPELLED, "currency": "EUR"}
    line = {
        "line_number": 1,
        "quantity": SPELLED,
        "unit_price": money,
        "line_vat_breakdown": [{"rate": SPELLED, "vat_amount": money}],
        "custom_json": {"weight": 1.50, "count": 3},
    }
    return purchase_order(
        f"n{position}",
        total_amount=money,
        po_conditions=[{"planned_amount": money}],
        purchase_order_lines=[line, {**line, "line_number": "2.50"}],
    )


def orders() -> list[dict[str, Any]]:
    """Return orders: with prices, one at rest long ago, and one without numbers."""
    line = {
        "lineItemNumber": 0,
        "offerId": "A",
        "quantity": 3,
        "pricing": {"listPrice": 1.10, "price": 0},
    }
    return [
        order("priced", "c1", totalPrice=20.50, lineItems=[line]),
        order("old", "c1", totalPrice=5, creationDate="2019-01-01T00:00:00Z"),
        order("plain", "c1", lineItems=[]),
    ]


def world(upstream: Upstream, **settings: Any) -> dict[str, Any]:
    serve_customers(upstream, {"c1": orders()})
    body = json_reply(collection(orders())).body.replace(b"20.5", b"20.50")
    upstream.answer(orders_path("c1"), Reply(body))
    for position, spelling in enumerate(NUMBERS):
        upstream.answer(
            number_path(f"n{position}"), spelled(numbered(position), spelling)
        )
    return {
        "partner_center": partner_center(upstream),
        "appzen": appzen(upstream, [f"n{n}" for n in range(len(NUMBERS))]),
        "run_history": True,
        **settings,
    }


def with_arrays(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Select the arrays: then nothing is read in one go."""
    catalog = catalog_of(run_tap(config, "--discover"))
    chosen = selection(
        catalog,
        *(entry["stream"] for entry in catalog["streams"]),
        orders={"lineItems": True},
        purchase_orders={"purchase_order_lines": True},
    )
    return {"config": config, "catalog": chosen}


def as_text(upstream: Upstream) -> Mapping[str, Any]:
    return {"config": world(upstream, **DECIMALS)}


def as_text_with_arrays(upstream: Upstream) -> Mapping[str, Any]:
    return with_arrays(world(upstream, **DECIMALS))


def as_numbers(upstream: Upstream) -> Mapping[str, Any]:
    return {"config": world(upstream)}


def of_another_size(upstream: Upstream) -> Mapping[str, Any]:
    size = {"singer_decimal_precision": 76, "singer_decimal_scale": 38}
    return {"config": world(upstream, **DECIMALS, **size)}


def mapped(upstream: Upstream) -> Mapping[str, Any]:
    maps = {
        "orders": {
            "__filter__": "record['totalPrice'] is not None",
            "total": "totalPrice",
            "status": None,
        }
    }
    return {"config": world(upstream, **DECIMALS, stream_maps=maps)}


def flattened(upstream: Upstream) -> Mapping[str, Any]:
    flat = {"flattening_enabled": True, "flattening_max_depth": 3}
    return {"config": world(upstream, **DECIMALS, **flat)}


@pytest.fixture(scope="module")
def played() -> dict[Scene, Played]:
    return play(
        as_text, as_text_with_arrays, as_numbers, of_another_size, mapped, flattened
    )


READINGS: tuple[Scene, ...] = (as_text, as_text_with_arrays)


@pytest.mark.parametrize("scene", READINGS)
@pytest.mark.parametrize(("position", "sent"), list(enumerate(NUMBERS)))
def test_a_number_is_text_of_its_digits_wherever_it_stands(
    position: int, sent: str, scene: Scene, played: dict[Scene, Played]
) -> None:
    run, text = played[scene].run, NUMBERS[sent]
    (header,) = (
        record
        for record in run.records("purchase_orders")
        if record["purchase_order_number"] == f"n{position}"
    )
    lines = [
        record
        for record in run.records("purchase_order_lines")
        if record["purchase_order_number"] == f"n{position}"
    ]

    assert header["total_amount"]["amount"] == text
    assert header["po_conditions"][0]["planned_amount"]["amount"] == text
    assert [line["line_number"] for line in lines] == ["1", "2.50"]
    # Keys are what they were.
    assert [line["line_key"] for line in lines] == ["1", "2.50"]
    for line in [*lines, *header.get("purchase_order_lines", [])]:
        assert line["quantity"] == line["unit_price"]["amount"] == text
        (vat,) = line["line_vat_breakdown"]
        assert vat["rate"] == vat["vat_amount"]["amount"] == text
        # What may hold anything is not touched.
        assert line["custom_json"] == {"weight": Decimal("1.5"), "count": 3}


@pytest.mark.parametrize("scene", READINGS)
def test_what_does_not_fit_is_null_and_an_issue_with_the_number(
    scene: Scene, played: dict[Scene, Played]
) -> None:
    run = played[scene].run
    unfit = [spelling for spelling, text in NUMBERS.items() if text is None]
    issues = run.issues(kind="unreadable_value", field="total_amount.amount")

    assert run.status == 0
    payloads = [json.loads(i["payload"], parse_float=Decimal) for i in issues]
    assert payloads == [Decimal(spelling) for spelling in unfit]
    assert {issue["field"] for issue in run.issues(kind="unreadable_value")} == {
        "total_amount.amount",
        "po_conditions[0].planned_amount.amount",
        "quantity",
        "unit_price.amount",
        "line_vat_breakdown[0].rate",
        "line_vat_breakdown[0].vat_amount.amount",
    }


@pytest.mark.parametrize("scene", READINGS)
def test_orders_have_their_prices_as_text_and_whole_numbers_as_numbers(
    scene: Scene, played: dict[Scene, Played]
) -> None:
    run = played[scene].run
    (header,) = (r for r in run.records("orders") if r["id"] == "priced")
    (line,) = (r for r in run.records("order_line_items") if r["orderId"] == "priced")

    assert header["totalPrice"] == "20.50"
    assert header["line_count"] == 1
    for row in [line, *header.get("lineItems", [])]:
        assert row["quantity"] == 3
        assert row["pricing"]["listPrice"] == "1.1"
        assert row["pricing"]["price"] == "0"


def test_both_readings_write_the_same(played: dict[Scene, Played]) -> None:
    in_one_go, by_field = (played[scene].run for scene in READINGS)

    for stream in ("order_line_items", "purchase_order_lines"):
        assert in_one_go.records(stream) == by_field.records(stream)


def test_the_rows_about_a_run_have_their_seconds_as_text(
    played: dict[Scene, Played],
) -> None:
    for row in played[as_text].run.records("extraction_runs"):
        for name in ("seconds", "rate_limit_wait_seconds"):
            whole, _, digits = row[name].partition(".")
            assert whole.isdigit()
            assert len(digits) == 3


@pytest.mark.parametrize(
    ("scene", "size"),
    [
        (as_text, {"precision": 38, "scale": 9}),
        (of_another_size, {"precision": 76, "scale": 38}),
    ],
)
def test_every_number_is_declared_with_its_size(
    scene: Scene, size: dict[str, int], played: dict[Scene, Played]
) -> None:
    declared = [
        part
        for message in played[scene].run.schemas.values()
        for part in parts(message["schema"])
    ]
    decimals = [part for part in declared if part.get("format") == DECLARED["format"]]

    assert len(decimals) > 40
    for part in decimals:
        assert {k: v for k, v in part.items() if k != "description"} == DECLARED | size
    # Where a type allows more than one, a number may be any of them.
    assert not [p for p in declared if p["type"] in (["number", "null"], "number")]


def test_a_larger_type_holds_larger_numbers(played: dict[Scene, Played]) -> None:
    run = played[of_another_size].run

    assert run.issues(kind="unreadable_value") == []
    assert (
        run.records("purchase_orders")[-1]["total_amount"]["amount"] == "1" + 29 * "0"
    )


def test_the_catalog_declares_what_the_messages_do() -> None:
    with Upstream() as upstream:
        config = {"appzen": appzen(upstream, ["A"]), **DECIMALS}
        catalog = catalog_of(run_tap(config, "--discover"))
    schemas = {entry["stream"]: entry["schema"] for entry in catalog["streams"]}
    amount = schemas["purchase_order_lines"]["properties"]["quantity"]

    assert {
        name: amount[name] for name in amount if name != "description"
    } == DECLARED | {"precision": 38, "scale": 9}


def test_stream_maps_get_the_text(played: dict[Scene, Played]) -> None:
    run = played[mapped].run

    assert [record["total"] for record in run.records("orders")] == ["20.50", "5"]
    total = run.schemas["orders"]["schema"]["properties"]["total"]
    assert total["format"] == DECLARED["format"]


def test_flattened_columns_keep_their_decimals(played: dict[Scene, Played]) -> None:
    run = played[flattened].run
    properties = run.schemas["purchase_orders"]["schema"]["properties"]
    amounts = [
        record["total_amount__amount"] for record in run.records("purchase_orders")
    ]

    assert properties["total_amount__amount"]["format"] == DECLARED["format"]
    assert amounts == list(NUMBERS.values())


@pytest.mark.parametrize("decimals", [DECIMALS, {}])
def test_a_catalog_from_before_the_switch_selects_and_declares_nothing_wrong(
    decimals: dict[str, Any],
) -> None:
    other = {} if decimals else DECIMALS
    with Upstream() as upstream:
        config = world(upstream)
        catalog = catalog_of(run_tap({**config, **other}, "--discover"))
        for entry in catalog["streams"]:
            # What people change in a catalog stays changed.
            if entry["stream"] == "orders":
                entry["schema"]["properties"]["totalPrice"]["title"] = "Total"
        old, new = (
            run_tap({**config, **decimals}, catalog=catalog),
            run_tap({**config, **decimals}),
        )

    assert old.counts() == new.counts()
    total = old.schemas["orders"]["schema"]["properties"]["totalPrice"]
    assert total.pop("title") == "Total"
    assert old.schemas == new.schemas


def test_without_the_setting_its_size_changes_nothing(
    played: dict[Scene, Played],
) -> None:
    with Upstream() as upstream:
        run = run_tap(world(upstream, use_singer_decimal=False, singer_decimal_scale=2))

    assert lines_without_times(run.output) == lines_without_times(
        played[as_numbers].run.output
    )


def test_all_orders_come_again_when_the_setting_is_switched() -> None:
    with Upstream() as upstream:
        serve_customers(upstream, {"c1": orders()})
        config = {"partner_center": partner_center(upstream)}
        first = run_tap(config)
        on = run_tap({**config, **DECIMALS}, state=first.state)
        still_on = run_tap({**config, **DECIMALS}, state=on.state)
        off = run_tap(config, state=still_on.state)
        narrow = {**config, **DECIMALS, "singer_decimal_precision": 1}
        tight = run_tap({**narrow, "singer_decimal_scale": 0}, state=on.state)
        wide = run_tap({**config, **DECIMALS}, state=tight.state)

    def emitted(run: Any) -> dict[str, Any]:
        return {r["id"]: r["totalPrice"] for r in run.records("orders")}

    all_as_text = {"priced": "20.5", "old": "5", "plain": None}
    assert emitted(on) == all_as_text
    assert emitted(still_on) == {}
    assert emitted(off) == {"priced": Decimal("20.5"), "old": 5, "plain": None}
    # What did not fit comes when it does.
    assert emitted(tight) == {"priced": None, "old": "5", "plain": None}
    assert emitted(wide) == all_as_text
    # A step of a status is none of the numbers' business.
    assert on.records("order_status_changes") == []


def parts(schema: Any) -> list[dict[str, Any]]:
    """Return the schemas of all fields, at any depth."""
    found = []
    for part in schema.get("properties", {}).values():
        found += [part, *parts(part)]
    if isinstance(items := schema.get("items"), dict):
        found += [items, *parts(items)]
    return found


def lines_without_times(output: bytes) -> list[Any]:
    """Return messages without what is made anew in every run, and where it was."""
    kept = []
    for line in output.splitlines():
        message = json.loads(line, parse_float=str)
        message.pop("time_extracted", None)
        if message.get("stream") == "extraction_runs" and "record" in message:
            continue
        for name in ("observed_at", "observedAt"):
            message.get("record", {}).pop(name, None)
        kept.append(json.dumps(message))
    return kept
