"""What single settings change about a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest

from tests.tap.scenes import Played, Scene, play
from tests.tap.upstream import Asked, Reply, json_reply
from tests.tap.worlds import (
    appzen,
    appzen_error,
    collection,
    customer,
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

    from tests.tap.upstream import Upstream

NUMBERS = [f"N{number}" for number in range(12)]
KEYS = [f"c{number}" for number in range(12)]


def prices_are_closed(upstream: Upstream) -> Mapping[str, Any]:
    def orders(asked: Asked) -> Reply:
        if "include_price" in asked.query:
            return partner_center_error(403, 800043)
        return json_reply(collection([order("o", asked.path.split("/")[3])]))

    serve_customers(upstream, dict.fromkeys(KEYS, ()))
    for key in KEYS:
        upstream.answer(orders_path(key), orders)
    section = partner_center(upstream, include_price=True, max_concurrency=1)
    return {"config": {"partner_center": section}}


def prices_are_closed_for_many_workers(upstream: Upstream) -> Mapping[str, Any]:
    config = dict(prices_are_closed(upstream)["config"]["partner_center"])
    return {"config": {"partner_center": {**config, "max_concurrency": 8}}}


def prices_were_not_asked_for(upstream: Upstream) -> Mapping[str, Any]:
    serve_customers(upstream, {"c1": partner_center_error(403, 800043), "c2": []})
    return {"config": {"partner_center": partner_center(upstream)}}


def everything_is_asked_for(upstream: Upstream) -> Mapping[str, Any]:
    serve_customers(upstream, {"c1": [order("o", "c1", totalPrice=1)]})
    section = partner_center(
        upstream, include_price=True, include_system_purchases=True, page_size=7
    )
    return {"config": {"partner_center": section}}


def strict_with_a_value(upstream: Upstream) -> Mapping[str, Any]:
    serve_customers(
        upstream,
        {
            "c1": [order("fine", "c1")],
            "c2": [order("odd", "c2", totalPrice="much")],
            "c3": [order("never", "c3")],
        },
    )
    serve_purchase_orders(upstream, {"A": purchase_order("A")})
    return {
        "config": {
            "strict": True,
            "partner_center": partner_center(upstream),
            "appzen": appzen(upstream, ["A"]),
        }
    }


def strict_with_a_number(upstream: Upstream) -> Mapping[str, Any]:
    serve_purchase_orders(upstream, {number: purchase_order(number) for number in "AC"})
    upstream.answer("B", appzen_error(404))
    return {"config": {"strict": True, "appzen": appzen(upstream, ["A", "B", "C"])}}


def strict_and_all_is_well(upstream: Upstream) -> Mapping[str, Any]:
    serve_purchase_orders(upstream, {"A": purchase_order("A")})
    return {"config": {"strict": True, "appzen": appzen(upstream, ["A"])}}


def base_path_in_the_address(upstream: Upstream) -> Mapping[str, Any]:
    serve_customers(upstream, {"c1": [order("o", "c1")]})
    serve_purchase_orders(upstream, {"A": purchase_order("A")})
    addresses = {
        "partner_center": f"{upstream.url}/",
        "appzen": f"{upstream.url}/dictionary-data-services/",
    }
    return {
        "config": {
            "partner_center": partner_center(
                upstream, api_url=addresses["partner_center"]
            ),
            "appzen": appzen(upstream, ["A"], api_url=addresses["appzen"]),
        }
    }


def few_requests_a_second(upstream: Upstream) -> Mapping[str, Any]:
    serve_purchase_orders(upstream, {n: purchase_order(n) for n in NUMBERS})
    section = appzen(upstream, NUMBERS, max_requests_per_second=5)
    return {"config": {"appzen": section}}


def pages_of_customers(upstream: Upstream) -> Mapping[str, Any]:
    """Three pages: links with and without version, a token, a second `?`."""
    serve_customers(upstream, {key: [order("o", key)] for key in ("c1", "c2", "c3")})
    token = [{"key": "MS-ContinuationToken", "value": "token-1"}]
    links = [
        {"uri": "/customers?size=500?seekOperation=Next", "headers": token},
        {"uri": f"{upstream.url}/v1/customers?page=3", "headers": []},
        None,
    ]
    pages = [
        json_reply(collection([customer(key)], links={"next": link} if link else {}))
        for key, link in zip(("c1", "c2", "c3"), links, strict=True)
    ]
    upstream.answer("/v1/customers", *pages)
    more = {"uri": "/v1/customers/c3/orders?page=2", "method": "GET", "headers": []}
    first = collection([order("o", "c3")], links={"next": more}, totalCount=1)
    upstream.answer(
        orders_path("c3"), json_reply(first), json_reply(collection([order("p", "c3")]))
    )
    return {"config": {"partner_center": partner_center(upstream)}}


@pytest.fixture(scope="module")
def played() -> dict[Scene, Played]:
    return play(
        prices_are_closed,
        prices_are_closed_for_many_workers,
        prices_were_not_asked_for,
        everything_is_asked_for,
        strict_with_a_value,
        strict_with_a_number,
        strict_and_all_is_well,
        base_path_in_the_address,
        few_requests_a_second,
        pages_of_customers,
    )


@pytest.mark.parametrize(
    "scene",
    [prices_are_closed, prices_are_closed_for_many_workers],
    ids=lambda scene: scene.__name__,
)
def test_a_caller_who_may_not_see_prices_is_warned_once_and_served_without(
    scene: Scene, played: dict[Scene, Played]
) -> None:
    run = played[scene].run

    assert run.status == 0
    assert run.issues() == []
    assert [r["referenceCustomerId"] for r in run.records("orders")] == KEYS
    assert len([line for line in run.warnings if "800043" in line]) == 1


def test_prices_are_not_asked_for_again_once_they_were_refused(
    played: dict[Scene, Played],
) -> None:
    asked = [a.query for a in played[prices_are_closed].asked if "/orders" in a.path]

    assert asked == ["include_price=true", *[""] * len(KEYS)]


def test_that_refusal_is_one_of_a_customer_when_no_prices_were_asked_for(
    played: dict[Scene, Played],
) -> None:
    run = played[prices_were_not_asked_for].run

    assert [(i["kind"], i["error_code"]) for i in run.issues()] == [
        ("forbidden", "800043")
    ]
    assert run.status == 0


def test_settings_become_parameters_of_the_calls(played: dict[Scene, Played]) -> None:
    scene = played[everything_is_asked_for]
    (listed,) = scene.asked_for("/v1/customers")
    (orders,) = scene.asked_for(orders_path("c1"))

    assert parse_qs(listed.query) == {"size": ["7"]}
    assert parse_qs(orders.query) == {
        "include_price": ["true"],
        "include_system_purchases": ["true"],
    }
    assert scene.run.records("orders")[0]["totalPrice"] == 1


def test_strict_ends_the_run_with_the_first_issue(played: dict[Scene, Played]) -> None:
    run = played[strict_with_a_value].run

    assert run.status == 1
    assert [issue["field"] for issue in run.issues()] == ["totalPrice"]
    assert [record["id"] for record in run.records("orders")] == ["fine", "odd"]
    assert run.records("purchase_orders") == []
    assert run.states
    assert any("strict" in line for line in run.errors)


def test_strict_makes_a_number_that_is_not_there_a_failure(
    played: dict[Scene, Played],
) -> None:
    run = played[strict_with_a_number].run

    assert run.status == 1
    assert [r["purchase_order_number"] for r in run.records("purchase_orders")] == ["A"]
    assert len(run.issues()) == 1
    assert played[strict_and_all_is_well].run.status == 0


def test_addresses_may_end_with_a_slash_or_the_base_path(
    played: dict[Scene, Played],
) -> None:
    run = played[base_path_in_the_address].run

    assert run.status == 0
    assert len(run.records("orders")) == len(run.records("purchase_orders")) == 1


def test_no_sliding_second_holds_more_requests_than_allowed(
    played: dict[Scene, Played],
) -> None:
    times = sorted(asked.at for asked in played[few_requests_a_second].asked)

    assert len(times) == len(NUMBERS)
    for earlier, later in zip(times, times[5:], strict=False):
        assert later - earlier >= 1


def test_pages_are_followed_with_their_tokens_as_they_are_written(
    played: dict[Scene, Played],
) -> None:
    scene = played[pages_of_customers]
    asked = scene.asked_for("/v1/customers")

    assert [a.query for a in asked] == [
        "size=500",
        "size=500?seekOperation=Next",
        "page=3",
    ]
    assert [a.headers.get("ms-continuationtoken") for a in asked] == [
        None,
        "token-1",
        None,
    ]
    assert [r["id"] for r in scene.run.records("customers")] == ["c1", "c2", "c3"]
    assert [
        (r["referenceCustomerId"], r["id"]) for r in scene.run.records("orders")
    ] == [("c1", "o"), ("c2", "o"), ("c3", "o"), ("c3", "p")]


def test_requests_name_the_tap_and_can_be_traced(played: dict[Scene, Played]) -> None:
    asked = played[pages_of_customers].asked
    ids = [a.headers["ms-requestid"] for a in asked]

    assert len(set(ids)) == len(ids)
    for a in asked:
        assert a.headers["accept"] == "application/json"
        assert a.headers["user-agent"].startswith("tap-purchase-orders/")
        assert a.headers["ms-correlationid"]
