"""An upstream that will not serve the caller ends its part of the run only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.tap.scenes import Played, Scene, play
from tests.tap.tap import catalog_of, run_tap
from tests.tap.upstream import Reply, Upstream, json_reply
from tests.tap.worlds import (
    appzen,
    appzen_error,
    collection,
    customer,
    number_path,
    order,
    partner_center,
    partner_center_error,
    purchase_order,
    selection,
    serve_customers,
    serve_purchase_orders,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

MANY = [f"N{position}" for position in range(60)]


def with_good_appzen(upstream: Upstream, **settings: Any) -> Mapping[str, Any]:
    """Return options for a run in which only Partner Center is in trouble."""
    serve_purchase_orders(upstream, {"A": purchase_order("A")})
    section = partner_center(upstream, **settings)
    return {"config": {"partner_center": section, "appzen": appzen(upstream, ["A"])}}


def with_good_partner_center(
    upstream: Upstream, numbers: list[str], **settings: Any
) -> Mapping[str, Any]:
    """Return options for a run in which only AppZen is in trouble."""
    serve_customers(upstream, {"c1": [order("o1", "c1")]})
    section = appzen(upstream, numbers, **settings)
    return {"config": {"partner_center": partner_center(upstream), "appzen": section}}


def appzen_401(upstream: Upstream) -> Mapping[str, Any]:
    serve_purchase_orders(upstream, dict.fromkeys(MANY, appzen_error(401)))
    return with_good_partner_center(upstream, MANY, max_concurrency=1)


def appzen_403(upstream: Upstream) -> Mapping[str, Any]:
    serve_purchase_orders(upstream, {number: purchase_order(number) for number in MANY})
    upstream.answer(number_path("N1"), appzen_error(403))
    return with_good_partner_center(upstream, MANY, max_concurrency=1)


def appzen_403_of_a_gateway(upstream: Upstream) -> Mapping[str, Any]:
    upstream.answer(number_path("A"), Reply(b"", 403))
    return with_good_partner_center(upstream, ["A"])


def appzen_knows_no_number(upstream: Upstream) -> Mapping[str, Any]:
    serve_purchase_orders(upstream, dict.fromkeys("AB", appzen_error(404)))
    return with_good_partner_center(upstream, ["A", "B", ""])


def caller_lacks_a_role(upstream: Upstream) -> Mapping[str, Any]:
    serve_customers(upstream, {"c1": partner_center_error(403, 900308), "c2": []})
    return with_good_appzen(upstream)


def caller_lacks_a_role_by_a_text_code(upstream: Upstream) -> Mapping[str, Any]:
    serve_customers(upstream, {"c1": partner_center_error(403, "900150"), "c2": []})
    return with_good_appzen(upstream)


def caller_is_app_only(upstream: Upstream) -> Mapping[str, Any]:
    serve_customers(upstream, {"c1": partner_center_error(403, 900329), "c2": []})
    return with_good_appzen(upstream)


def caller_is_no_active_reseller(upstream: Upstream) -> Mapping[str, Any]:
    serve_customers(upstream, {"c1": partner_center_error(403, 800039), "c2": []})
    return with_good_appzen(upstream)


def caller_may_not_list_customers(upstream: Upstream) -> Mapping[str, Any]:
    upstream.answer("/v1/customers", partner_center_error(403, 2032))
    return with_good_appzen(upstream)


def token_is_refused(upstream: Upstream) -> Mapping[str, Any]:
    upstream.answer("/v1/customers", partner_center_error(401, 400))
    return with_good_appzen(upstream)


def multifactor_claim_is_missing(upstream: Upstream) -> Mapping[str, Any]:
    headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    reason = "Unauthorized - MFA required"
    upstream.answer("/v1/customers", Reply(b"", 401, headers, reason))
    return with_good_appzen(upstream)


def multifactor_claim_is_missing_by_code(upstream: Upstream) -> Mapping[str, Any]:
    upstream.answer("/v1/customers", partner_center_error(401, 900421))
    return with_good_appzen(upstream)


def all_customers_are_refused(upstream: Upstream) -> Mapping[str, Any]:
    serve_customers(
        upstream,
        {
            "c1": partner_center_error(403, 20002),
            "c2": partner_center_error(404, 20000),
        },
    )
    return with_good_appzen(upstream)


def all_given_customers_are_unknown(upstream: Upstream) -> Mapping[str, Any]:
    return with_good_appzen(upstream, customer_ids=["c1", "c2"])


def customers_are_not_there(upstream: Upstream) -> Mapping[str, Any]:
    """Every path of the API is 404, as behind a wrong `api_url`."""
    return with_good_appzen(upstream)


def customers_cannot_be_listed(upstream: Upstream) -> Mapping[str, Any]:
    upstream.answer("/v1/customers", partner_center_error(400, 3000))
    return with_good_appzen(upstream)


def customers_are_unavailable(upstream: Upstream) -> Mapping[str, Any]:
    upstream.answer("/v1/customers", partner_center_error(500, 800003))
    return with_good_appzen(upstream)


def second_page_is_unavailable(upstream: Upstream) -> Mapping[str, Any]:
    serve_customers(upstream, {"c1": [order("o1", "c1")]})
    link = {"uri": "/customers?page=2", "method": "GET", "headers": []}
    first = collection([customer("c1")], links={"next": link})
    upstream.answer("/v1/customers?size=500", json_reply(first))
    upstream.answer("/v1/customers?page=2", partner_center_error(503, 0))
    return with_good_appzen(upstream)


def page_comes_round_again(upstream: Upstream) -> Mapping[str, Any]:
    serve_customers(upstream, {"c1": [], "c2": []})
    headers = [{"key": "MS-ContinuationToken", "value": "same"}]
    link = {"uri": "/customers?seekOperation=Next", "method": "GET", "headers": headers}
    pages = [
        json_reply(collection([customer(customer_id)], links={"next": link}))
        for customer_id in ("c1", "c2", "c1")
    ]
    upstream.answer("/v1/customers", *pages)
    return with_good_appzen(upstream)


def customer_is_listed_twice(upstream: Upstream) -> Mapping[str, Any]:
    serve_customers(upstream, {"c1": [order("o1", "c1")], "c2": []})
    link = {"uri": "/customers?page=2", "method": "GET", "headers": []}
    first = collection([customer("c1")], links={"next": link})
    last = collection([customer("c1"), customer("c2")])
    upstream.answer("/v1/customers?size=500", json_reply(first))
    upstream.answer("/v1/customers?page=2", json_reply(last))
    return with_good_appzen(upstream)


# Scene, and words of the error that say what to look at.
ENDED: dict[Scene, tuple[str, ...]] = {
    appzen_401: ("401", "appzen.auth"),
    appzen_403: ("403", "appzen.auth"),
    appzen_403_of_a_gateway: ("403", "appzen.auth"),
    appzen_knows_no_number: ("404", "appzen.api_url"),
    caller_lacks_a_role: ("403", "900308", "partner_center.auth"),
    caller_lacks_a_role_by_a_text_code: ("403", "900150", "partner_center.auth"),
    caller_is_app_only: ("403", "900329", "partner_center.auth"),
    caller_is_no_active_reseller: ("403", "800039"),
    caller_may_not_list_customers: ("403", "customers"),
    token_is_refused: ("401", "partner_center.auth"),
    multifactor_claim_is_missing: ("401", "multifactor"),
    multifactor_claim_is_missing_by_code: ("401", "multifactor"),
    all_customers_are_refused: ("refused", "partner_center"),
    all_given_customers_are_unknown: ("refused", "partner_center.customer_ids"),
    customers_are_not_there: ("404", "partner_center.api_url"),
    customers_cannot_be_listed: ("400", "customers"),
    page_comes_round_again: ("page", "again"),
}
APPZEN_IN_TROUBLE = (
    appzen_401,
    appzen_403,
    appzen_403_of_a_gateway,
    appzen_knows_no_number,
)


@pytest.fixture(scope="module")
def played() -> dict[Scene, Played]:
    return play(
        *ENDED,
        customers_are_unavailable,
        second_page_is_unavailable,
        customer_is_listed_twice,
    )


@pytest.mark.parametrize("scene", ENDED, ids=lambda scene: scene.__name__)
def test_the_run_fails_and_says_what_to_look_at(
    scene: Scene, played: dict[Scene, Played]
) -> None:
    run = played[scene].run

    assert run.status == 1
    assert [
        line for line in run.errors if all(word in line for word in ENDED[scene])
    ], run.log


@pytest.mark.parametrize("scene", ENDED, ids=lambda scene: scene.__name__)
def test_the_other_upstream_is_read_to_the_end(
    scene: Scene, played: dict[Scene, Played]
) -> None:
    run = played[scene].run
    other = "orders" if scene in APPZEN_IN_TROUBLE else "purchase_orders"

    assert len(run.records(other)) == 1


def test_a_refused_key_of_appzen_is_tried_once_more_and_the_rest_not_at_all(
    played: dict[Scene, Played],
) -> None:
    scene = played[appzen_401]

    assert len(scene.asked_for(number_path("N0"))) == 2
    assert len([path for path in scene.paths() if "/purchase-order/" in path]) < 10


def test_a_refused_token_is_tried_once_more_and_nothing_after(
    played: dict[Scene, Played],
) -> None:
    asked = [path for path in played[token_is_refused].paths() if "/v1/" in path]

    assert asked == ["/v1/customers"] * 2


def test_what_came_before_a_refusal_is_written_and_the_rest_not_asked_for(
    played: dict[Scene, Played],
) -> None:
    scene = played[appzen_403]
    numbers = [r["purchase_order_number"] for r in scene.run.records("purchase_orders")]

    assert numbers == ["N0"]
    assert len([path for path in scene.paths() if "/purchase-order/" in path]) < 10


def test_each_number_and_each_customer_that_was_refused_is_an_issue_too(
    played: dict[Scene, Played],
) -> None:
    numbers = played[appzen_knows_no_number].run
    customers = played[all_customers_are_refused].run

    assert [issue["record_key"] for issue in numbers.issues(kind="not_found")] == [
        "A",
        "B",
    ]
    assert len(numbers.issues(kind="invalid_number")) == 1
    assert [(i["kind"], i["record_key"]) for i in customers.issues()] == [
        ("forbidden", "c1"),
        ("not_found", "c2"),
    ]
    assert len(customers.records("customers")) == 2


def test_a_list_of_customers_that_breaks_off_fails_the_run_after_what_was_read(
    played: dict[Scene, Played],
) -> None:
    whole = played[customers_are_unavailable].run
    part = played[second_page_is_unavailable].run

    for run in (whole, part):
        (issue,) = run.issues()
        assert (issue["kind"], issue["stream"]) == ("unavailable", "customers")
        assert run.status == 1
        assert len(run.records("purchase_orders")) == 1
    assert [r["id"] for r in part.records("orders")] == ["o1"]
    assert "c1" in str(part.state)


def test_a_page_that_comes_round_again_is_asked_for_once(
    played: dict[Scene, Played],
) -> None:
    assert len(played[page_comes_round_again].asked_for("/v1/customers")) == 2


def test_the_state_of_a_run_that_was_refused_is_fit_to_go_on(
    played: dict[Scene, Played],
) -> None:
    (partition,) = played[appzen_403].run.state["bookmarks"]["orders"]["partitions"]

    assert partition["context"] == {"customer_id": "c1"}
    assert partition["replication_key_value"] == "2026-03-01T10:00:00Z"


def test_a_customer_that_is_listed_twice_is_read_once(
    played: dict[Scene, Played],
) -> None:
    scene = played[customer_is_listed_twice]

    assert [r["id"] for r in scene.run.records("customers")] == ["c1", "c2"]
    assert len(scene.asked_for("/v1/customers/c1/orders")) == 1


def test_given_customers_that_are_all_refused_fail_a_run_that_reads_nothing_else() -> (
    None
):
    refused = partner_center_error(403, 20002)
    with Upstream() as upstream:
        section = partner_center(upstream, customer_ids=["c1", "c2"])
        config = {"partner_center": section}
        discovered = catalog_of(run_tap(config, "--discover"))
        catalog = selection(discovered, "customers", "extraction_issues")
        upstream.answer("/v1/customers/c1", refused)
        upstream.answer("/v1/customers/c2", refused)
        none = run_tap(config, catalog=catalog)
        upstream.answer("/v1/customers/c2", json_reply(customer("c2")))
        one = run_tap(config, catalog=catalog)

    assert none.status == 1
    assert "all customers (2) were refused" in none.errors[0]
    assert [issue["record_key"] for issue in none.issues()] == ["c1", "c2"]
    assert one.status == 0
    assert [record["id"] for record in one.records("customers")] == ["c2"]
