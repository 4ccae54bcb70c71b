"""What may pass is asked for again: as often, and as late, as it should be."""

from __future__ import annotations

import datetime as dt
import re
from email.utils import format_datetime
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest

from tests.tap.scenes import Played, Scene, play
from tests.tap.upstream import Reply, json_reply
from tests.tap.worlds import (
    appzen,
    appzen_error,
    collection,
    number_path,
    order,
    orders_path,
    partner_center,
    partner_center_error,
    purchase_order,
    serve_customers,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.tap.upstream import Upstream

_HOUR = dt.timedelta(hours=1)
DEBUG = {"LOGLEVEL": "DEBUG", "TAP_PURCHASE_ORDERS_LOGLEVEL": "DEBUG"}


def in_an_hour() -> str:
    return format_datetime(dt.datetime.now(dt.UTC) + _HOUR, usegmt=True)


def an_hour_ago() -> str:
    return format_datetime(dt.datetime.now(dt.UTC) - _HOUR, usegmt=True)


def body_of(key: str) -> bytes:
    return json_reply(collection([order("o1", key)])).body


# The first answer for a key; the second one is good.
PASSING = {
    "408": partner_center_error(408, 900225),
    "429": Reply(b"", 429),
    "500": partner_center_error(500, 800003),
    "502": Reply(b"<html>", 502),
    "503": Reply(b"", 503, {"Retry-After": "0"}),
    "504": Reply(b"", 504, {"Retry-After": an_hour_ago()}),
    "odd-retry-after": Reply(b"", 503, {"Retry-After": "soon"}),
    "dropped": Reply(dropped=True),
    "cut-off": Reply(body_of("cut-off"), cut_to=50),
    "half-a-body": Reply(body_of("half-a-body")[:50]),
    "html": Reply(b"<html>", headers={"Content-Type": "text/html"}),
    "broken-gzip": Reply(b"\x1f\x8bnot", headers={"Content-Encoding": "gzip"}),
}


def trouble_passes(upstream: Upstream) -> Mapping[str, Any]:
    serve_customers(upstream, dict.fromkeys(PASSING, ()))
    for key, first in PASSING.items():
        upstream.answer(orders_path(key), first, Reply(body_of(key)))
        good = json_reply(purchase_order(key))
        upstream.answer(number_path(key), first, good)
    return {
        "config": {
            "partner_center": partner_center(upstream, max_tries=2, max_concurrency=20),
            "appzen": appzen(upstream, [*PASSING], max_tries=2, max_concurrency=20),
        }
    }


def server_asks_to_wait(upstream: Upstream) -> Mapping[str, Any]:
    busy = json_reply({"statusCode": 429, "message": "Wait"}, 429, Retry_After="2")
    upstream.answer(number_path("A"), busy, json_reply(purchase_order("A")))
    return {"config": {"appzen": appzen(upstream, ["A"], max_tries=2)}}


def server_asks_to_wait_until(upstream: Upstream) -> Mapping[str, Any]:
    def busy(_asked: Any) -> Reply:
        # Whole seconds: this is more than two seconds away, at most three.
        moment = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=3)
        return Reply(b"", 503, {"Retry-After": format_datetime(moment, usegmt=True)})

    upstream.answer(number_path("A"), busy, json_reply(purchase_order("A")))
    return {"config": {"appzen": appzen(upstream, ["A"], max_tries=2)}}


def server_asks_for_too_long_a_wait(upstream: Upstream) -> Mapping[str, Any]:
    all_are_sent = Barrier(3, timeout=60)

    def once_all_are_sent(reply: Reply) -> Callable[[object], Reply]:
        def wait(_: object) -> Reply:
            all_are_sent.wait()
            return reply

        return wait

    replies = {
        "seconds": Reply(b"", 429, {"Retry-After": "301"}),
        "date": Reply(b"", 503, {"Retry-After": in_an_hour()}),
        "good": json_reply(purchase_order("good")),
    }
    for number, reply in replies.items():
        upstream.answer(number_path(number), once_all_are_sent(reply))
    numbers = [*replies]
    return {"config": {"appzen": appzen(upstream, numbers, max_tries=6)}}


def trouble_stays(upstream: Upstream) -> Mapping[str, Any]:
    serve_customers(upstream, {"c1": Reply(b"", 503), "c2": [order("o1", "c2")]})
    upstream.answer(number_path("A"), Reply(dropped=True))
    upstream.answer(number_path("B"), appzen_error(404))
    return {
        "config": {
            "partner_center": partner_center(upstream, max_tries=2),
            "appzen": appzen(upstream, ["A", "B"], max_tries=2),
        }
    }


def kept_connections_are_closed(upstream: Upstream) -> Mapping[str, Any]:
    dropped = Reply(dropped=True)
    good = {key: json_reply(purchase_order(key)) for key in "ABC"}
    upstream.answer(number_path("A"), good["A"])
    upstream.answer(number_path("B"), dropped, good["B"])
    # Only the first of these finds a connection that was kept.
    upstream.answer(number_path("C"), dropped, dropped, good["C"])
    section = appzen(upstream, [*"ABC"], max_concurrency=1, max_tries=3)
    return {"config": {"appzen": section}, "environment": DEBUG}


@pytest.fixture(scope="module")
def played() -> dict[Scene, Played]:
    return play(
        trouble_passes,
        server_asks_to_wait,
        server_asks_to_wait_until,
        server_asks_for_too_long_a_wait,
        trouble_stays,
        kept_connections_are_closed,
    )


def seconds_between_the_requests(played: Played) -> float:
    first, second = played.asked_for(number_path("A"))
    return second.at - first.at


@pytest.mark.parametrize("key", PASSING)
def test_a_second_request_follows_and_its_answer_counts(
    key: str, played: dict[Scene, Played]
) -> None:
    scene = played[trouble_passes]
    run = scene.run

    assert len(scene.asked_for(orders_path(key))) == 2
    assert len(scene.asked_for(number_path(key))) == 2
    assert key in [r["referenceCustomerId"] for r in run.records("orders")]
    assert key in [r["purchase_order_number"] for r in run.records("purchase_orders")]


def test_a_failure_that_a_retry_overcomes_leaves_no_issue(
    played: dict[Scene, Played],
) -> None:
    run = played[trouble_passes].run

    assert run.status == 0
    assert run.issues() == []


def test_a_request_that_got_no_answer_is_repeated_as_the_same(
    played: dict[Scene, Played],
) -> None:
    scene = played[trouble_passes]
    ids = {
        key: [a.headers["ms-requestid"] for a in scene.asked_for(orders_path(key))]
        for key in PASSING
    }

    assert len(set(ids["dropped"])) == 1
    assert len(set(ids["500"])) == 2


def test_a_repeat_waits_at_least_a_second(played: dict[Scene, Played]) -> None:
    scene = played[trouble_passes]

    for key in PASSING:
        first, second = scene.asked_for(orders_path(key))
        assert second.at - first.at >= 1


def test_a_repeat_waits_as_long_as_the_server_asks(played: dict[Scene, Played]) -> None:
    assert seconds_between_the_requests(played[server_asks_to_wait]) >= 2
    assert seconds_between_the_requests(played[server_asks_to_wait_until]) >= 2
    assert played[server_asks_to_wait].run.status == 0
    assert played[server_asks_to_wait_until].run.status == 0


def test_more_than_five_minutes_are_not_waited_for(played: dict[Scene, Played]) -> None:
    scene = played[server_asks_for_too_long_a_wait]
    run = scene.run

    # Nothing but what was under way is asked for, and what came of that is written.
    assert len(scene.asked) == 3
    assert len(run.records("purchase_orders")) == 1
    # No key of its own is at fault: the next run begins with the first one.
    assert run.issues() == []
    assert run.state["bookmarks"]["purchase_orders"]["resume"][0] == 0
    assert run.status == 1
    said = [line for line in run.errors if "asks to be left alone for" in line]
    assert len(said) == 1


def test_a_lasting_failure_is_an_issue_once_the_tries_are_used_up(
    played: dict[Scene, Played],
) -> None:
    scene = played[trouble_stays]
    run = scene.run

    assert len(scene.asked_for(orders_path("c1"))) == 2
    assert len(scene.asked_for(number_path("A"))) == 2
    assert len(scene.asked_for(number_path("B"))) == 1
    assert [(i["record_key"], i["kind"], i["http_status"]) for i in run.issues()] == [
        ("c1", "unavailable", 503),
        ("A", "unavailable", None),
        ("B", "not_found", 404),
    ]
    assert run.status == 1
    assert [r["referenceCustomerId"] for r in run.records("orders")] == ["c2"]
    (partition,) = run.state["bookmarks"]["orders"]["partitions"]
    assert partition["context"] == {"customer_id": "c2"}


def test_what_a_kept_connection_did_not_serve_is_asked_for_again_at_once(
    played: dict[Scene, Played],
) -> None:
    kept = played[kept_connections_are_closed]

    assert kept.run.status == 0
    assert len(kept.run.records("purchase_orders")) == 3
    # By what the log says of the waits; the second time in a row is like any other.
    waits = re.findall(r"try (\d) of \d in (\d+)\.\d s", kept.run.log)
    assert [(number, wait != "0") for number, wait in waits] == [
        ("2", False),
        ("2", False),
        ("3", True),
    ]
