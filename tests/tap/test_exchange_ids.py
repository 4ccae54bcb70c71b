"""Every exchange that failed is named in the log as the upstream's support needs it.

Partner Center, *Headers*: MS-CorrelationId and MS-RequestId; AppZen, *API Guidelines*:
x-correlation-id.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.tap.scenes import Played, Scene, play
from tests.tap.upstream import Reply, json_reply
from tests.tap.worlds import (
    appzen,
    appzen_error,
    collection,
    customer,
    number_path,
    order,
    orders_path,
    partner_center,
    partner_center_error,
    purchase_order,
    serve_customers,
    serve_purchase_orders,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.tap.upstream import Asked, Upstream

PAIR = "MS-CorrelationId/MS-RequestId"
DEBUG = {"LOGLEVEL": "DEBUG", "TAP_PURCHASE_ORDERS_LOGLEVEL": "DEBUG"}


def named(reply: Reply, name: str) -> Reply:
    """Return an answer of Partner Center with ids of its own."""
    ids = {"MS-CorrelationId": f"c-{name}", "MS-RequestId": f"r-{name}"}
    return replace(reply, headers={**reply.headers, **ids})


# Answers to the orders of one customer each.
FAILURES = {
    "404": partner_center_error(404, 20000),
    "403": partner_center_error(403, 20002),
    "400": partner_center_error(400, 900118),
    "500": partner_center_error(500, 800003),
    "html": Reply(b"<html>"),
    "array": json_reply([]),
    "redirect": Reply(b"", 302, {"Location": "/"}),
    "link": json_reply(collection([], links={"next": {"uri": "https://other/"}})),
}
# What ends the asking: the answer to the list of customers.
REFUSALS = {
    "401": partner_center_error(401, 400),
    "401-mfa": partner_center_error(401, 900421),
    "403-role": partner_center_error(403, 900308),
    "403-list": partner_center_error(403, 2032),
    "404-list": Reply(b"", 404),
}


def failures(upstream: Upstream) -> Mapping[str, Any]:
    replies = {name: named(reply, name) for name, reply in FAILURES.items()}
    replies["dropped"] = Reply(dropped=True)
    replies["unnamed"] = partner_center_error(404, 20000)
    serve_customers(upstream, {**replies, "good": [order("o1", "good")]})
    serve_purchase_orders(
        upstream, {"404": appzen_error(404), "A": purchase_order("A")}
    )
    upstream.answer(number_path("nameless"), Reply(b"", 404))
    return {
        "config": {
            "partner_center": partner_center(upstream),
            "appzen": appzen(upstream, ["404", "nameless", "A"]),
        }
    }


def repeats(upstream: Upstream) -> Mapping[str, Any]:
    serve_customers(upstream, {"c1": [], "c2": []})
    busy = named(partner_center_error(503, 0), "busy")
    good = json_reply(collection([]))
    upstream.answer(orders_path("c1"), busy, good)
    upstream.answer(orders_path("c2"), Reply(dropped=True), good)
    section = partner_center(upstream, max_tries=2)
    return {"config": {"partner_center": section}, "environment": DEBUG}


def refused(reply: Reply, name: str, *arguments: str) -> Scene:
    def scene(upstream: Upstream) -> Mapping[str, Any]:
        upstream.answer("/v1/customers", named(reply, name))
        section = partner_center(upstream)
        return {"config": {"partner_center": section}, "arguments": arguments}

    return scene


def page_again(upstream: Upstream) -> Mapping[str, Any]:
    link = {"uri": "/customers?page=2", "method": "GET", "headers": []}
    page = json_reply(collection([customer("c1")], links={"next": link}))
    upstream.answer("/v1/customers", named(page, "again"))
    upstream.answer(orders_path("c1"), json_reply(collection([])))
    return {"config": {"partner_center": partner_center(upstream)}}


def ids_in_the_link(upstream: Upstream) -> Mapping[str, Any]:
    fields = {"MS-RequestId": "theirs", "ms-correlationid": "theirs", "Accept": "*/*"}
    headers = [{"key": key, "value": value} for key, value in fields.items()]
    link = {"uri": "/customers?page=2", "method": "GET", "headers": headers}
    page = json_reply(collection([], links={"next": link}))
    upstream.answer("/v1/customers", page, json_reply(collection([])))
    return {"config": {"partner_center": partner_center(upstream)}}


def appzen_refuses(status: int) -> Scene:
    def scene(upstream: Upstream) -> Mapping[str, Any]:
        serve_purchase_orders(upstream, {"A": appzen_error(status)})
        return {"config": {"appzen": appzen(upstream, ["A"])}}

    return scene


REFUSED = {name: refused(reply, name) for name, reply in REFUSALS.items()}
CHECKED = {name: refused(reply, name, "--test") for name, reply in REFUSALS.items()}
APPZEN = {status: appzen_refuses(status) for status in (401, 403)}


@pytest.fixture(scope="module")
def played() -> dict[Scene, Played]:
    return play(
        failures,
        repeats,
        page_again,
        ids_in_the_link,
        *REFUSED.values(),
        *CHECKED.values(),
        *APPZEN.values(),
    )


def ids_of(asked: Asked) -> str:
    """Return the ids that a request was sent with."""
    return f"{asked.headers['ms-correlationid']}/{asked.headers['ms-requestid']}"


@pytest.mark.parametrize("name", FAILURES)
def test_a_key_that_was_not_read_is_logged_with_the_ids_of_the_answer(
    name: str, played: dict[Scene, Played]
) -> None:
    run = played[failures].run
    (issue,) = run.issues(stream="orders", record_key=name)
    ids = f"c-{name}/r-{name}"

    assert issue["correlation_id"] == ids
    said = f"orders of customer {name}: {issue['message']} ({PAIR}: {ids})"
    assert f"Partner Center: {said}" in [*run.logged("INFO"), *run.warnings]


@pytest.mark.parametrize("name", ["dropped", "unnamed"])
def test_where_the_answer_has_no_ids_those_that_were_sent_are_logged(
    name: str, played: dict[Scene, Played]
) -> None:
    scene = played[failures]
    (issue,) = scene.run.issues(stream="orders", record_key=name)
    (asked,) = scene.asked_for(orders_path(name))

    assert issue["correlation_id"] == ids_of(asked)
    assert f"({PAIR}: {ids_of(asked)})" in scene.run.log


def test_appzens_failures_are_logged_with_its_id(played: dict[Scene, Played]) -> None:
    logged = played[failures].run.logged("INFO")

    assert (
        "AppZen: purchase order '404': HTTP 404: Error code : 0badc0de - No "
        "(x-correlation-id: corr-appzen-1)"
    ) in logged
    assert "AppZen: purchase order 'nameless': HTTP 404: Not Found" in logged


def test_what_may_be_missing_is_a_warning_and_a_refused_key_is_none(
    played: dict[Scene, Played],
) -> None:
    warnings = " ".join(played[failures].run.warnings)

    for name in ("500", "html", "array", "redirect", "link"):
        assert f"c-{name}/r-{name}" in warnings
    for name in ("404", "403", "400"):
        assert f"c-{name}/r-{name}" not in warnings


def test_a_repeat_is_logged_with_the_ids_of_what_went_before(
    played: dict[Scene, Played],
) -> None:
    scene = played[repeats]
    # The first one is told in any case.
    told, logged = scene.run.logged("INFO"), scene.run.logged("DEBUG")
    assert any("try 2 of 2" in line for line in told)
    lines = [line for line in (*told, *logged) if "try 2 of 2" in line]
    dropped, _ = scene.asked_for(orders_path("c2"))

    assert scene.run.status == 0
    assert len(lines) == 2
    assert any("(MS-CorrelationId/MS-RequestId: c-busy/r-busy)" in x for x in lines)
    assert any(f"({PAIR}: {ids_of(dropped)})" in line for line in lines)


@pytest.mark.parametrize("scenes", [REFUSED, CHECKED], ids=["run", "check"])
@pytest.mark.parametrize("name", REFUSALS)
def test_what_ends_the_requests_is_logged_with_its_ids(
    name: str, scenes: dict[str, Scene], played: dict[Scene, Played]
) -> None:
    run = played[scenes[name]].run

    assert run.status == 1
    assert [x for x in run.errors if x.endswith(f"({PAIR}: c-{name}/r-{name})")]


def test_a_page_that_comes_round_again_is_logged_with_its_ids(
    played: dict[Scene, Played],
) -> None:
    errors = played[page_again].run.errors

    assert [line for line in errors if line.endswith(f"({PAIR}: c-again/r-again)")]


@pytest.mark.parametrize("status", APPZEN)
def test_a_refusal_of_appzens_is_logged_with_its_id(
    status: int, played: dict[Scene, Played]
) -> None:
    errors = played[APPZEN[status]].run.errors

    assert [x for x in errors if x.endswith("(x-correlation-id: corr-appzen-1)")]


def test_the_ids_that_are_sent_are_not_the_servers_to_choose(
    played: dict[Scene, Played],
) -> None:
    first, second = played[ids_in_the_link].asked

    assert second.headers["ms-correlationid"] == first.headers["ms-correlationid"]
    assert second.headers["ms-requestid"] not in {
        "theirs",
        first.headers["ms-requestid"],
    }
    assert second.headers["accept"] == "application/json"
