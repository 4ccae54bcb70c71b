"""Values come through as they were sent, or as null with an issue that has them."""

from __future__ import annotations

import codecs
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.tap.scenes import Played, Scene, play
from tests.tap.upstream import Reply, json_reply
from tests.tap.worlds import (
    appzen,
    collection,
    customer,
    number_path,
    order,
    orders_path,
    partner_center,
    purchase_order,
    serve_customers,
    serve_purchase_orders,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.tap.upstream import Upstream

# One of a customer, none that a request is signed with.
PASSWORD = "password-of-a-customer"
# As the server writes it, and as the message has to have it.
NUMBERS = {
    "0": "0",
    "0.00": "0.00",
    "-0.01": "-0.01",
    "100.00": "100.00",
    "1.10": "1.10",
    "12345678901234.123456789": "12345678901234.123456789",
    "123456789012345678901234567890": "123456789012345678901234567890",
    "9007199254740993": "9007199254740993",
    "18446744073709551616.5": "18446744073709551616.5",
    "0.1234567890123456789012345678901234567890": (
        "0.1234567890123456789012345678901234567890"
    ),
    '"37.50"': "37.50",
    '" 3 "': "3",
}
# Creation dates as sent, and as emitted.
DATES = {
    "2022-03-08T17:38:57.5217119Z": "2022-03-08T17:38:57.5217119Z",
    "2018-03-15T22:30:02.085152Z": "2018-03-15T22:30:02.085152Z",
    "2024-05-01T10:00:00Z": "2024-05-01T10:00:00Z",
    "2018-03-06T17:37:05.253-08:00": "2018-03-07T01:37:05.253Z",
    "2020-03-25T22:24:34.59+00:00": "2020-03-25T22:24:34.59Z",
    "2021-01-01T00:30:00.5000000+05:30": "2020-12-31T19:00:00.5000000Z",
}
ODD = {
    "purchase_order_number": "odd",
    "entity_id": 1002,
    "supplier_id": True,
    "gl_code": 40.10,
    "comments": "",
    "start_date": " ",
    "end_date": "31/12/2026",
    "total_amount": {"amount": "1,200.00", "currency": "EUR", "rounding": 2},
    "amount_limit": "much",
    "custom_json": ["any", {"thing": None}],
    "po_conditions": {},
    "purchase_order_lines": [
        {"line_number": 1, "quantity": "12.50", "closed_flag": "true"},
        {"line_number": 2, "quantity": "a dozen", "closed_flag": "perhaps"},
        {"line_number": 3, "closed_date": "2026-02-30", "cancel_flag": 1},
        {"line_number": 4, "amount": {"amount": [], "currency": "EUR"}},
        {"line_number": 5, "packing": "crate", "line_vat_breakdown": [{"rte": 1}]},
        "no line at all",
    ],
}


def purchase_orders(upstream: Upstream) -> Mapping[str, Any]:
    bodies: dict[str, Any] = {"odd": ODD}
    for position, text in enumerate(NUMBERS):
        body = purchase_order(f"n{position}", exchange_rate={"conversion_rate": 77})
        written = json_reply(body).body.replace(b"77", text.encode())
        bodies[f"n{position}"] = Reply(written)
    bodies["bom"] = Reply(codecs.BOM_UTF8 + json_reply(purchase_order("bom")).body)
    bodies["asked"] = purchase_order("answered")
    for number in ("nameless", "blank", "null"):
        bodies[number] = purchase_order(number)
    del bodies["nameless"]["purchase_order_number"]
    bodies["blank"]["purchase_order_number"] = " "
    bodies["null"]["purchase_order_number"] = None
    bodies["numeric"] = purchase_order("x", purchase_order_number=4500012345)
    bodies["lineless"] = {"purchase_order_number": "lineless"}
    bodies["null-lines"] = purchase_order("null-lines", purchase_order_lines=None)
    bodies["no-lines"] = purchase_order("no-lines", purchase_order_lines=[])
    bodies["odd-lines"] = purchase_order("odd-lines", purchase_order_lines={"1": {}})
    bodies["unknown"] = purchase_order("unknown", packing="crate", approval={"by": 1})
    bodies["unknown-2"] = purchase_order("unknown-2", approval={"by": 2})
    serve_purchase_orders(upstream, bodies)
    numbers = ["", ".", "..", "  ", *bodies, "odd", ".."]
    return {"config": {"appzen": appzen(upstream, numbers)}}


def numbers_as_one_text(upstream: Upstream) -> Mapping[str, Any]:
    serve_purchase_orders(upstream, {n: purchase_order(n) for n in ("A", "B", "C D")})
    return {"config": {"appzen": appzen(upstream, "A, B ,C D,A")}}


def orders(upstream: Upstream) -> Mapping[str, Any]:
    dated = [
        order(f"dated-{position}", "c1", creationDate=text)
        for position, text in enumerate(DATES)
    ]
    line = {"lineItemNumber": 0, "offerId": "A"}
    odd: list[Any] = [
        order("undated", "c2", creationDate="soon"),
        order("odd", "c2", totalPrice="437.50", alternateId=583164, hint={"a": 1}),
        order("lines", "c2", lineItems=[{"offerId": "B"}, line, line, 7, None]),
        order("no-array", "c2", lineItems="many"),
        order("secret", "c2", userCredentials={"password": PASSWORD}),
        order("", "c2"),
        {"creationDate": "2026-01-01T00:00:00Z"},
        "no order at all",
        order("7", "c2", id=7),
        {**order("foster-child", "c2"), "referenceCustomerId": None},
    ]
    serve_customers(upstream, {"c1": dated, "c2": odd})
    body = codecs.BOM_UTF8 + json_reply(collection([order("bom", "c3")])).body
    upstream.answer(orders_path("c3"), Reply(body))
    named = [customer(customer_id) for customer_id in ("c1", "c2", "c3")]
    named[0]["userCredentials"] = {"userName": "u", "password": PASSWORD}
    listed = [
        *named,
        {"companyProfile": {}, "userCredentials": {"password": PASSWORD}},
        {"id": ""},
        {"id": None},
        "no customer at all",
        {"id": ["c4"]},
    ]
    page = codecs.BOM_UTF8 + json_reply(collection(listed)).body
    upstream.answer("/v1/customers", Reply(page))
    return {"config": {"partner_center": partner_center(upstream)}}


@pytest.fixture(scope="module")
def played() -> dict[Scene, Played]:
    return play(purchase_orders, numbers_as_one_text, orders)


def header(played: Played, number: str) -> dict[str, Any]:
    (record,) = (
        record
        for record in played.run.records("purchase_orders")
        if record["purchase_order_number"] == number
    )
    return record


def lines(played: Played, number: str) -> dict[str, dict[str, Any]]:
    return {
        record["line_key"]: record
        for record in played.run.records("purchase_order_lines")
        if record["purchase_order_number"] == number
    }


@pytest.mark.parametrize(("position", "sent"), list(enumerate(NUMBERS)))
def test_a_number_keeps_every_digit(
    position: int, sent: str, played: dict[Scene, Played]
) -> None:
    key = f'"purchase_order_number":"n{position}"'
    (line,) = (
        line
        for line in played[purchase_orders].run.output.decode().splitlines()
        if '"stream":"purchase_orders"' in line and key in line
    )
    _, _, rest = line.partition('"conversion_rate":')

    assert rest.replace("}", ",").partition(",")[0] == NUMBERS[sent]


@pytest.mark.parametrize(("position", "sent"), list(enumerate(DATES)))
def test_a_date_time_is_in_utc_with_all_its_digits(
    position: int, sent: str, played: dict[Scene, Played]
) -> None:
    emitted = {r["id"]: r["creationDate"] for r in played[orders].run.records("orders")}

    assert emitted[f"dated-{position}"] == DATES[sent]


def test_what_can_be_read_without_loss_is_read(played: dict[Scene, Played]) -> None:
    scene = played[purchase_orders]
    odd, odd_lines = header(scene, "odd"), lines(scene, "odd")

    assert odd["entity_id"] == "1002"
    assert odd["supplier_id"] == "true"
    assert odd["gl_code"] == "40.1"
    assert odd["comments"] == ""
    assert odd["start_date"] is None
    assert odd["custom_json"] == ["any", {"thing": None}]
    assert odd_lines["1"]["quantity"] == Decimal("12.50")
    assert odd_lines["1"]["closed_flag"] is True
    assert odd_lines["3"]["cancel_flag"] is True


def test_what_cannot_be_read_is_null_and_an_issue_with_the_raw_value(
    played: dict[Scene, Played],
) -> None:
    scene = played[purchase_orders]
    issues = {
        (issue["record_key"], issue["field"]): json.loads(issue["payload"])
        for issue in scene.run.issues(kind="unreadable_value")
    }

    assert issues == {
        ("odd", "end_date"): "31/12/2026",
        ("odd", "total_amount.amount"): "1,200.00",
        ("odd", "amount_limit"): "much",
        ("odd", "po_conditions"): {},
        ("odd/2", "quantity"): "a dozen",
        ("odd/2", "closed_flag"): "perhaps",
        ("odd/3", "closed_date"): "2026-02-30",
        ("odd/4", "amount.amount"): [],
        ("odd-lines", "purchase_order_lines"): {"1": {}},
    }
    assert header(scene, "odd")["end_date"] is None
    assert header(scene, "odd")["total_amount"] == {"amount": None, "currency": "EUR"}
    assert lines(scene, "odd")["2"]["quantity"] is None


def test_an_order_with_unreadable_values_is_emitted(
    played: dict[Scene, Played],
) -> None:
    run = played[orders].run
    emitted = {record["id"]: record for record in run.records("orders")}

    assert emitted["undated"]["creationDate"] is None
    assert emitted["odd"]["totalPrice"] == Decimal("437.50")
    assert emitted["odd"]["alternateId"] == "583164"
    assert emitted["7"]["id"] == "7"
    assert emitted["foster-child"]["referenceCustomerId"] == "c2"
    assert [
        (i["stream"], i["record_key"], i["field"], json.loads(i["payload"]))
        for i in run.issues(kind="unreadable_value")
    ] == [
        ("orders", "c2/undated", "creationDate", "soon"),
        ("orders", "c2/no-array", "lineItems", "many"),
    ]


def test_an_unreadable_creation_date_does_not_move_the_bookmark(
    played: dict[Scene, Played],
) -> None:
    partitions = played[orders].run.state["bookmarks"]["orders"]["partitions"]

    assert {
        partition["context"]["customer_id"]: partition["replication_key_value"]
        for partition in partitions
    } == {
        "c1": "2024-05-01T10:00:00Z",
        "c2": "2026-03-01T10:00:00Z",
        "c3": "2026-03-01T10:00:00Z",
    }


def test_a_record_without_a_usable_key_is_an_issue_with_its_payload(
    played: dict[Scene, Played],
) -> None:
    run = played[orders].run
    issues = [
        (issue["stream"], json.loads(issue["payload"]))
        for issue in run.issues(kind="invalid_record")
    ]

    assert [payload for stream, payload in issues if stream == "customers"] == [
        {"companyProfile": {}},
        {"id": ""},
        {"id": None},
        "no customer at all",
        {"id": ["c4"]},
    ]
    assert [payload for stream, payload in issues if stream == "orders"] == [
        json.loads(json.dumps(order("", "c2"))),
        {"creationDate": "2026-01-01T00:00:00Z"},
        "no order at all",
    ]
    assert [payload for stream, payload in issues if stream == "order_line_items"] == [
        {"offerId": "B"},
        {"lineItemNumber": 0, "offerId": "A"},
        7,
        None,
    ]
    assert run.status == 0
    assert [r["id"] for r in run.records("customers")] == ["c1", "c2", "c3"]
    ids = [issue["issue_id"] for issue in run.issues()]
    assert len(set(ids)) == len(ids)


def test_a_line_that_is_no_object_is_an_invalid_record(
    played: dict[Scene, Played],
) -> None:
    (issue,) = played[purchase_orders].run.issues(kind="invalid_record")

    assert issue["stream"] == "purchase_order_lines"
    assert json.loads(issue["payload"]) == "no line at all"


def test_fields_that_no_schema_knows_are_named_once_and_not_emitted(
    played: dict[Scene, Played],
) -> None:
    run = played[purchase_orders].run
    warned = " ".join(run.warnings)

    for name in (
        "purchase_orders.packing",
        "purchase_orders.approval",
        "purchase_orders.total_amount.rounding",
        "purchase_order_lines.packing",
        "purchase_order_lines.line_vat_breakdown.rte",
    ):
        assert warned.count(name) == 1, warned
    assert b"crate" not in run.output
    assert "orders.hint" in " ".join(played[orders].run.warnings)
    assert "userCredentials" not in " ".join(played[orders].run.warnings)
    assert PASSWORD.encode() not in played[orders].run.output
    assert PASSWORD not in played[orders].run.log


def test_a_byte_order_mark_is_no_part_of_a_body(played: dict[Scene, Played]) -> None:
    assert header(played[purchase_orders], "bom")
    assert "bom" in [record["id"] for record in played[orders].run.records("orders")]


def test_the_key_is_the_number_of_the_body_or_else_the_one_asked_for(
    played: dict[Scene, Played],
) -> None:
    scene = played[purchase_orders]
    numbers = [r["purchase_order_number"] for r in scene.run.records("purchase_orders")]

    for number in ("answered", "nameless", "blank", "null", "4500012345", "lineless"):
        assert numbers.count(number) == 1
        assert number == "lineless" or list(lines(scene, number)) == ["1"]
    assert "asked" not in numbers
    assert [w for w in scene.run.warnings if "asked" in w and "answered" in w]


def test_purchase_orders_without_lines_are_records_without_line_records(
    played: dict[Scene, Played],
) -> None:
    for number in ("lineless", "null-lines", "no-lines", "odd-lines"):
        assert header(played[purchase_orders], number)["line_count"] == 0
        assert lines(played[purchase_orders], number) == {}


def test_line_count_is_the_number_of_lines_that_the_answer_has(
    played: dict[Scene, Played],
) -> None:
    assert header(played[purchase_orders], "odd")["line_count"] == 6
    assert len(lines(played[purchase_orders], "odd")) == 5


def test_numbers_that_are_no_path_segment_are_issues_and_never_asked_for(
    played: dict[Scene, Played],
) -> None:
    scene = played[purchase_orders]
    issues = scene.run.issues(kind="invalid_number")

    assert [issue["record_key"] for issue in issues] == ["", ".", "..", "  "]
    assert {issue["stream"] for issue in issues} == {"purchase_orders"}
    prefix = number_path("").rstrip("/")
    assert not {f"{prefix}/", f"{prefix}/.", f"{prefix}/..", prefix} & {*scene.paths()}
    assert not [path for path in scene.paths() if "%20" in path]
    assert scene.run.status == 0


def test_a_number_that_comes_twice_is_asked_for_once(
    played: dict[Scene, Played],
) -> None:
    assert len(played[purchase_orders].asked_for(number_path("odd"))) == 1


def test_numbers_in_one_text_lose_the_blanks_around_them(
    played: dict[Scene, Played],
) -> None:
    scene = played[numbers_as_one_text]

    assert sorted(scene.paths()) == sorted(number_path(n) for n in ("A", "B", "C D"))
    assert scene.run.issues() == []
