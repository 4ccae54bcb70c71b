"""What is wrong with the customers, or with one of them, is said as it is."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING, Any

from tests.tap.tap import Run, run_tap
from tests.tap.upstream import Upstream, json_reply
from tests.tap.worlds import (
    appzen,
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

GUID = "2cc5dc00-ea17-4516-983d-5802e19a0764"
ORDER_GUID = "ca4e6f2c-8d1b-4f0a-9d3f-0b7b1c0a11ab"


def read(upstream: Upstream, state: Any = None, **settings: Any) -> Run:
    shard = settings.pop("shard", None)
    config = {"partner_center": partner_center(upstream, **settings)}
    return run_tap({**config, **({"shard": shard} if shard else {})}, state=state)


def test_a_refused_page_of_the_list_is_an_issue_and_says_what_was_not_read() -> None:
    with Upstream() as upstream:
        serve_customers(upstream, {"c1": [order("a", "c1")]})
        link = {"uri": "/customers?seekOperation=Next", "method": "GET"}
        page = collection([customer("c1")], links={"next": link})
        first = json_reply(page)
        upstream.answer("/v1/customers?size=500", first)
        upstream.answer(
            "/v1/customers?seekOperation=Next", partner_center_error(404, 1000)
        )
        run = read(upstream)

    assert run.status == 1
    assert [it["id"] for it in run.records("orders")] == ["a"]
    (issue,) = run.issues(stream="customers")
    assert (issue["kind"], issue["http_status"]) == ("not_found", 404)
    (said, *_) = run.errors
    assert "after pages with 1 customers" in said
    assert "app registration" not in said


def test_a_list_that_is_shorter_than_it_says_is_said() -> None:
    with Upstream() as upstream:
        serve_customers(upstream, {f"c{number}": [] for number in range(5)})
        five = list(map(customer, (f"c{number}" for number in range(5))))
        short = {**collection(five), "totalCount": 6}
        upstream.answer("/v1/customers", json_reply(short))
        run = read(upstream)

    assert run.status == 0
    assert [line for line in run.warnings if "5 customers" in line and "6" in line]


def test_a_caller_to_whom_the_activity_log_alone_is_closed_reads_everything() -> None:
    with Upstream() as upstream:
        serve_customers(upstream, {"c1": [order("a", "c1")], "c2": []})
        upstream.answer("/v1/auditrecords", partner_center_error(403, 900308))
        first = read(upstream, change_detection="activity_log")
        second = read(upstream, first.state, change_detection="activity_log")

        asked = [len(upstream.asked_for(orders_path(name))) for name in ("c1", "c2")]
    assert second.status == 0
    assert asked == [2, 2]
    assert [line for line in second.warnings if "activity log" in line]


def test_an_unknown_customer_is_an_issue_in_its_shard_too() -> None:
    refused = partner_center_error(404, 1000)
    with Upstream() as upstream:
        known: Mapping[str, Any] = {f"c{number}": [] for number in range(6)}
        serve_customers(upstream, {**known, "unknown": refused})
        listed = [*known, "unknown"]
        upstream.answer("/v1/customers/unknown", refused)
        whole = read(upstream, customer_ids=listed)
        only = read(upstream, customer_ids=["unknown"])
        shard = {"index": shard_of("unknown", 16), "count": 16}
        alone = read(upstream, customer_ids=listed, shard=shard)

    assert (whole.status, alone.status) == (0, 0)
    assert alone.issues(stream="orders", record_key="unknown")
    assert only.status == 1


def shard_of(key: str, count: int) -> int:
    digest = hashlib.sha256(key.encode()).digest()
    return int.from_bytes(digest[:8], "big") % count


def test_ids_in_another_letter_case_make_no_second_row() -> None:
    upper, lower = GUID.upper(), GUID
    with Upstream() as upstream:
        first_order = order(ORDER_GUID, lower, status="pending")
        serve_customers(upstream, {lower: [first_order]})
        first = read(upstream)
        again = order(ORDER_GUID.upper(), upper, status="completed")
        upstream.answer("/v1/customers", json_reply(collection([customer(upper)])))
        upstream.answer(orders_path(lower), json_reply(collection([again])))
        second = read(upstream, first.state)
        given = read(upstream, second.state, customer_ids=[upper, lower])

    for stream, name in (("customers", "id"), ("orders", "referenceCustomerId")):
        assert {it[name] for it in second.records(stream)} == {lower}
    assert {it["id"] for it in second.records("orders")} == {ORDER_GUID}
    (step,) = second.records("order_status_changes")
    assert (step["orderId"], step["previousStatus"]) == (ORDER_GUID, "pending")
    assert given.counts() == {"customers": 1}
    assert len(given.state["bookmarks"]["orders"]["partitions"]) == 1


def test_lines_about_refusals_name_the_customer_the_order_or_the_number() -> None:
    with Upstream() as upstream:
        serve_customers(upstream, {"c1": partner_center_error(403, 20002), "c2": []})
        serve_purchase_orders(upstream, {"A": purchase_order("A")})
        config = {
            "partner_center": partner_center(upstream),
            "appzen": appzen(upstream, ["A", "PO 7"]),
        }
        run = run_tap(config)

    said = run.logged("INFO")
    assert [line for line in said if "HTTP 403" in line and "customer c1" in line]
    assert [line for line in said if "HTTP 404" in line and "'PO 7'" in line]


def test_a_bookmark_of_the_future_is_warned_of_and_hides_no_order() -> None:
    known = {
        "context": {"customer_id": "c1"},
        "replication_key": "creationDate",
        "replication_key_value": "2999-01-01T00:00:00Z",
    }
    today = dt.datetime.now(dt.UTC).isoformat()
    with Upstream() as upstream:
        serve_customers(upstream, {"c1": [order("a", "c1", creationDate=today)]})
        run = read(upstream, {"bookmarks": {"orders": {"partitions": [known]}}})

    assert [it["id"] for it in run.records("orders")] == ["a"]
    assert [line for line in run.warnings if "2999" in line and "c1" in line]


def test_a_finished_run_writes_resume_as_null() -> None:
    with Upstream() as upstream:
        serve_purchase_orders(
            upstream, {name: purchase_order(name) for name in ("A", "B")}
        )
        config = {"appzen": appzen(upstream, ["A", "B"], max_requests_per_run=1)}
        first = run_tap(config)
        second = run_tap(config, state=first.state)

    assert first.state["bookmarks"]["purchase_orders"]["resume"][0] == 1
    assert second.state["bookmarks"]["purchase_orders"]["resume"] is None
