"""An answer that is not what was asked for is an issue of its key, never a record."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.tap.scenes import Played, Scene, play
from tests.tap.upstream import Reply, Upstream, json_reply
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
    from collections.abc import Iterator, Mapping

HTML = Reply(
    b"<html><body>Sign in to the proxy</body></html>",
    headers={"Content-Type": "text/html"},
)
PURCHASE_ORDER = json_reply(purchase_order("X"))
ORDERS = json_reply(collection([order("o1", "X")]))

# Answers that say what is the matter: kind, status and answers of the two upstreams.
REFUSED = {
    "404": ("not_found", appzen_error(404), partner_center_error(404, 20000)),
    "404-empty": ("not_found", Reply(b"", 404), Reply(b"", 404)),
    "400": ("request_failed", appzen_error(400), partner_center_error(400, 900118)),
    "402": ("request_failed", appzen_error(402), partner_center_error(402, 1)),
    "405": ("request_failed", appzen_error(405), partner_center_error(405, 1)),
    "409": ("request_failed", appzen_error(409), partner_center_error(409, 800060)),
    "410": ("request_failed", Reply(b"gone", 410), Reply(b"gone", 410)),
    "417": ("request_failed", Reply(b"[]", 417), Reply(b"[]", 417)),
    "422": ("request_failed", Reply(b"null", 422), Reply(b"null", 422)),
}
# Answers after which something that may be there was not read.
UNREAD = {
    "408": ("unavailable", appzen_error(408), partner_center_error(408, 900225)),
    "429": ("unavailable", appzen_error(429), partner_center_error(429, 1)),
    "500": ("unavailable", appzen_error(500), partner_center_error(500, 800003)),
    "501": ("unavailable", appzen_error(501), partner_center_error(501, 0)),
    "502": ("unavailable", Reply(HTML.body, 502), Reply(HTML.body, 502)),
    "503": ("unavailable", Reply(b"", 503), Reply(b"", 503)),
    "504": ("unavailable", Reply(b'{"a', 504), Reply(b'{"a', 504)),
    "dropped": ("unavailable", Reply(dropped=True), Reply(dropped=True)),
    "cut-off": (
        "invalid_response",
        Reply(PURCHASE_ORDER.body, cut_to=60),
        Reply(ORDERS.body, cut_to=60),
    ),
    "cut-off-behind-the-last-brace": (
        "invalid_response",
        Reply(PURCHASE_ORDER.body + b" ", cut_to=len(PURCHASE_ORDER.body)),
        Reply(ORDERS.body + b" ", cut_to=len(ORDERS.body)),
    ),
    "cut-off-error": (
        "unavailable",
        Reply(HTML.body, 500, cut_to=4),
        Reply(HTML.body, 500, cut_to=4),
    ),
    "broken-gzip": (
        "invalid_response",
        Reply(b"\x1f\x8bnot", headers={"Content-Encoding": "gzip"}),
        Reply(b"\x1f\x8bnot", headers={"Content-Encoding": "gzip"}),
    ),
    "half-a-body": (
        "invalid_response",
        Reply(PURCHASE_ORDER.body[:60]),
        Reply(ORDERS.body[:60]),
    ),
    "html": ("invalid_response", HTML, HTML),
    "empty": ("invalid_response", Reply(), Reply()),
    "text": ("invalid_response", Reply(b"OK"), Reply(b"OK")),
    "null": ("invalid_response", json_reply(None), json_reply(None)),
    "string": ("invalid_response", json_reply("x"), json_reply("x")),
    "array": (
        "invalid_response",
        json_reply([purchase_order("X")]),
        json_reply([order("o1", "X")]),
    ),
    "error-body": (
        "invalid_response",
        Reply(appzen_error(404).body),
        Reply(partner_center_error(404, 20000).body),
    ),
    "another-object": (
        "invalid_response",
        json_reply({"uuid": "1", "invoice_number": "2"}),
        json_reply(customer("X")),
    ),
    "items-are-no-array": (
        "invalid_response",
        json_reply({}),
        json_reply({"totalCount": 1, "items": order("o1", "X")}),
    ),
    "204": ("invalid_response", Reply(status=204), Reply(status=204)),
    "206": (
        "invalid_response",
        Reply(PURCHASE_ORDER.body, 206),
        Reply(ORDERS.body, 206),
    ),
}
GOOD = "good"


def refused(upstream: Upstream) -> Mapping[str, Any]:
    return _with_answers(upstream, REFUSED)


def refused_again(upstream: Upstream) -> Mapping[str, Any]:
    return _with_answers(upstream, REFUSED)


def unread(upstream: Upstream) -> Mapping[str, Any]:
    return _with_answers(upstream, UNREAD)


def unread_customers(upstream: Upstream) -> Mapping[str, Any]:
    """The same answers where single customers are asked for by their ids."""
    answers = {**REFUSED, **UNREAD}
    serve_customers(upstream, {GOOD: []})
    for name, (_, _, reply) in answers.items():
        upstream.answer(f"/v1/customers/{name}", reply)
        upstream.answer(orders_path(name), json_reply(collection([])))
    upstream.answer("/v1/customers/another-object", json_reply({"totalCount": 0}))
    section = partner_center(upstream, customer_ids=[*answers, GOOD])
    return {"config": {"partner_center": section}}


def _with_answers(
    upstream: Upstream, answers: Mapping[str, tuple[str, Reply, Reply]]
) -> Mapping[str, Any]:
    orders: dict[str, Any] = {name: reply for name, (_, _, reply) in answers.items()}
    numbers: dict[str, Any] = {name: reply for name, (_, reply, _) in answers.items()}
    serve_customers(upstream, {**orders, GOOD: [order("o1", GOOD)]})
    serve_purchase_orders(upstream, {**numbers, GOOD: purchase_order(GOOD)})
    return {
        "config": {
            "partner_center": partner_center(upstream),
            "appzen": appzen(upstream, [*numbers, GOOD]),
        }
    }


@pytest.fixture(scope="module")
def played() -> dict[Scene, Played]:
    return play(refused, refused_again, unread, unread_customers)


@pytest.mark.parametrize("scene", [refused, unread], ids=lambda scene: scene.__name__)
@pytest.mark.parametrize("stream", ["purchase_orders", "orders"])
def test_each_answer_is_one_issue_of_its_kind(
    scene: Scene, stream: str, played: dict[Scene, Played]
) -> None:
    answers = REFUSED if scene is refused else UNREAD
    issues = played[scene].run.issues(stream=stream)

    assert {issue["record_key"]: issue["kind"] for issue in issues} == {
        name: kind for name, (kind, _, _) in answers.items()
    }
    assert len(issues) == len(answers)


def test_single_customers_are_treated_alike(played: dict[Scene, Played]) -> None:
    run = played[unread_customers].run
    issues = run.issues(stream="customers")

    assert {issue["record_key"]: issue["kind"] for issue in issues} == {
        name: kind for name, (kind, _, _) in {**REFUSED, **UNREAD}.items()
    }
    assert [r["id"] for r in run.records("customers")] == [GOOD]
    assert played[unread_customers].asked_for("/v1/customers") == []


@pytest.mark.parametrize("scene", [refused, unread], ids=lambda scene: scene.__name__)
def test_nothing_but_the_good_answers_becomes_records(
    scene: Scene, played: dict[Scene, Played]
) -> None:
    run = played[scene].run

    assert [r["purchase_order_number"] for r in run.records("purchase_orders")] == [
        GOOD
    ]
    assert [r["referenceCustomerId"] for r in run.records("orders")] == [GOOD]
    assert len(run.records("purchase_order_lines")) == 1
    assert len(run.records("order_line_items")) == 1


def test_the_exit_status_tells_whether_something_may_be_missing(
    played: dict[Scene, Played],
) -> None:
    assert played[refused].run.status == 0
    assert played[unread].run.status == 1
    assert played[unread_customers].run.status == 1


def test_a_customer_that_could_not_be_read_has_no_bookmark(
    played: dict[Scene, Played],
) -> None:
    for scene in (refused, unread):
        (partition,) = played[scene].run.state["bookmarks"]["orders"]["partitions"]
        assert partition["context"] == {"customer_id": GOOD}


def test_an_issue_says_what_the_upstream_said(played: dict[Scene, Played]) -> None:
    run = played[refused].run
    (number,) = run.issues(stream="purchase_orders", record_key="404")
    (orders,) = run.issues(stream="orders", record_key="409")

    assert number["upstream"] == "appzen"
    assert number["http_status"] == 404
    assert "Error code : 0badc0de - No" in number["message"]
    assert number["correlation_id"] == "corr-appzen-1"
    assert orders["upstream"] == "partner_center"
    assert orders["http_status"] == 409
    assert orders["error_code"] == "800060"
    assert orders["correlation_id"]


def test_a_body_that_was_not_asked_for_is_kept_as_json_text(
    played: dict[Scene, Played],
) -> None:
    run = played[unread].run
    (html,) = run.issues(stream="orders", record_key="html")
    (array,) = run.issues(stream="purchase_orders", record_key="array")

    assert json.loads(html["payload"]) == HTML.body.decode()
    assert json.loads(array["payload"]) == [purchase_order("X")]


def test_the_same_problem_has_the_same_id_in_every_run(
    played: dict[Scene, Played],
) -> None:
    first = [issue["issue_id"] for issue in played[refused].run.issues()]
    again = [issue["issue_id"] for issue in played[refused_again].run.issues()]

    assert first == again
    assert len(set(first)) == len(first)


def test_the_log_ends_with_a_line_for_each_stream_and_each_kind_of_issue(
    played: dict[Scene, Played],
) -> None:
    log = played[unread].run.log

    for stream in ("orders", "purchase_orders", "extraction_issues"):
        assert f"{stream}: " in log
    assert f"unavailable: {_count('unavailable')}" in log
    assert f"invalid_response: {_count('invalid_response')}" in log


def _count(kind: str) -> int:
    return 2 * sum(1 for found, _, _ in UNREAD.values() if found == kind)


# Where credentials must not go. Each test gives it a run that wants to go there.
@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Upstream]:
    with Upstream() as upstream:
        upstream.answer("/v1/customers", json_reply(collection([])))
        yield upstream


@pytest.fixture(scope="module")
def led_away(elsewhere: Upstream) -> tuple[Played, dict[str, str]]:
    """A run in which redirects and links lead to another server."""
    address = elsewhere.url
    host = address.removeprefix("http:")
    links = {
        "absolute-link": f"{address}/v1/customers",
        "link-without-scheme": f"{host}/v1/customers",
        "link-to-another-scheme": f"https:{host}/v1/customers",
        "link-with-a-user": f"http://127.0.0.1@{host[2:]}/v1/x",
    }

    def scene(upstream: Upstream) -> Mapping[str, Any]:
        own = upstream.url.removeprefix("http://")
        links["link-that-only-begins-alike"] = f"http://{own}0/v1/customers"
        replies: dict[str, Any] = {
            str(status): Reply(b"", status, {"Location": f"{address}/v1/customers"})
            for status in (301, 302, 303, 307, 308)
        }
        for name, uri in links.items():
            link = {"uri": uri, "method": "GET", "headers": []}
            page = collection([order("o1", name)], links={"next": link})
            replies[name] = json_reply(page)
        serve_customers(upstream, {**replies, GOOD: [order("o1", GOOD)]})
        numbers = {name: replies[name] for name in ("301", "302", "303", "307", "308")}
        serve_purchase_orders(upstream, {**numbers, GOOD: purchase_order(GOOD)})
        return {
            "config": {
                "partner_center": partner_center(upstream),
                "appzen": appzen(upstream, [*numbers, GOOD]),
            }
        }

    return play(scene)[scene], links


def test_redirects_and_links_to_other_hosts_are_refused(
    led_away: tuple[Played, dict[str, str]], elsewhere: Upstream
) -> None:
    played, links = led_away
    run = played.run
    redirects = ["301", "302", "303", "307", "308"]

    assert elsewhere.asked == []
    refusals = [issue["record_key"] for issue in run.issues(kind="refused_redirect")]
    assert sorted(refusals) == sorted([*redirects, *redirects, *links])
    assert run.status == 1
    assert [r["referenceCustomerId"] for r in run.records("orders")] == [GOOD]
    assert len(run.records("purchase_orders")) == 1


def test_a_redirect_of_a_list_of_customers_is_refused(elsewhere: Upstream) -> None:
    def scene(upstream: Upstream) -> Mapping[str, Any]:
        location = {"Location": f"{elsewhere.url}/v1/customers"}
        upstream.answer("/v1/customers", Reply(b"", 302, location))
        return {"config": {"partner_center": partner_center(upstream)}}

    run = play(scene)[scene].run

    assert run.status == 1
    assert elsewhere.asked == []
    assert [issue["stream"] for issue in run.issues(kind="refused_redirect")] == [
        "customers"
    ]


def test_a_link_to_another_host_keeps_what_was_listed_before_it(
    elsewhere: Upstream,
) -> None:
    def scene(upstream: Upstream) -> Mapping[str, Any]:
        serve_customers(upstream, {"c1": [order("o1", "c1")]})
        link = {"uri": f"{elsewhere.url}/v1/customers", "method": "GET"}
        page = collection([customer("c1")], links={"next": link})
        upstream.answer("/v1/customers", json_reply(page))
        return {"config": {"partner_center": partner_center(upstream)}}

    run = play(scene)[scene].run

    assert run.status == 1
    assert elsewhere.asked == []
    assert [r["id"] for r in run.records("orders")] == ["o1"]
    assert [issue["stream"] for issue in run.issues(kind="refused_redirect")] == [
        "customers"
    ]


def test_a_number_is_one_path_segment_whatever_it_holds() -> None:
    numbers = [
        "a/b",
        "100%",
        "P 1#2?x=1",
        "%2e%2e",
        "é",
        "a;b=c&d",
        " lead",
        "a+b",
        "~",
    ]
    sent = [
        "a%2Fb",
        "100%25",
        "P%201%232%3Fx%3D1",
        "%252e%252e",
        "%C3%A9",
        "a%3Bb%3Dc%26d",
        "%20lead",
        "a%2Bb",
        "~",
    ]

    def scene(upstream: Upstream) -> Mapping[str, Any]:
        serve_purchase_orders(upstream, {n: purchase_order(n) for n in numbers})
        return {"config": {"appzen": appzen(upstream, numbers)}}

    played = play(scene)[scene]

    assert sorted(played.paths()) == sorted(
        number_path("").removesuffix("/") + "/" + segment for segment in sent
    )
    assert [
        r["purchase_order_number"] for r in played.run.records("purchase_orders")
    ] == numbers
    assert played.run.issues() == []
