"""An upstream that is down ends its part of the run soon; the next run goes on."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.tap.tap import COMMAND, Run, run_tap
from tests.tap.upstream import Asked, Reply, Upstream, json_reply
from tests.tap.worlds import (
    appzen,
    number_path,
    order,
    orders_path,
    partner_center,
    purchase_order,
    serve_customers,
    serve_purchase_orders,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def impatient(seconds: float) -> tuple[str, ...]:
    """Return the command, with another time for which an upstream may be silent."""
    program = f"""
from tap_purchase_orders.http import outage_detection
from tap_purchase_orders.__main__ import main

outage_detection.SILENT_SECONDS = {seconds}
main()
"""
    return (sys.executable, "-c", program)


IMPATIENT = impatient(2.0)
NUMBERS = [f"N{number}" for number in range(60)]
UNAVAILABLE = Reply(b"", 503)
IN_A_DAY = Reply(b"", 429, {"Retry-After": "86400"})


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as started:
        serve_purchase_orders(started, {n: purchase_order(n) for n in NUMBERS})
        yield started


@pytest.fixture
def closed_url() -> str:
    """The address of a server that refuses connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


def emitted(run: Run) -> list[str]:
    return [r["purchase_order_number"] for r in run.records("purchase_orders")]


def down(run: Run) -> list[str]:
    """Return the lines that say that an upstream is down."""
    return [line for line in run.errors if "nothing more is asked of it" in line]


def test_a_server_that_refuses_connections_is_asked_for_what_is_left_next_time(
    upstream: Upstream, closed_url: str
) -> None:
    section = appzen(upstream, NUMBERS, max_tries=6)
    first = run_tap({"appzen": {**section, "api_url": closed_url}}, command=IMPATIENT)
    second = run_tap({"appzen": section}, state=first.state)

    assert first.status == 1
    assert len(down(first)) == 1
    assert "the connection was refused" in down(first)[0]
    assert emitted(second) == NUMBERS
    assert second.status == 0


def test_every_answer_503_ends_the_run_behind_what_was_read(upstream: Upstream) -> None:
    for number in NUMBERS[20:]:
        upstream.answer(number_path(number), UNAVAILABLE)
    section = appzen(upstream, NUMBERS, max_tries=6)
    first = run_tap({"appzen": section}, command=IMPATIENT)
    serve_purchase_orders(upstream, {n: purchase_order(n) for n in NUMBERS})
    second = run_tap({"appzen": section}, state=first.state)

    assert first.status == 1
    assert len(down(first)) == 1
    assert emitted(first) == NUMBERS[:20]
    assert emitted(second) == NUMBERS[20:]


def test_a_long_retry_after_ends_the_run_with_what_is_under_way(
    upstream: Upstream,
) -> None:
    for number in NUMBERS[20:]:
        upstream.answer(number_path(number), IN_A_DAY)
    section = appzen(upstream, NUMBERS, max_tries=6)
    first = run_tap({"appzen": section})
    asked = len(upstream.asked)
    serve_purchase_orders(upstream, {n: purchase_order(n) for n in NUMBERS})
    second = run_tap({"appzen": section}, state=first.state)

    assert first.status == 1
    assert len(down(first)) == 1
    assert "86400" in down(first)[0]
    assert first.issues() == []
    assert asked <= 20 + section.get("max_concurrency", 8)
    assert emitted(second) == NUMBERS[20:]


def test_customers_behind_a_long_retry_after_keep_their_bookmarks(
    upstream: Upstream,
) -> None:
    ids = [f"c{number:02}" for number in range(30)]
    serve_customers(upstream, {each: [order("o1", each)] for each in ids})
    section = partner_center(upstream, max_tries=6)
    before = run_tap({"partner_center": section}).state
    serve_customers(
        upstream,
        {
            each: [order("o2", each, creationDate="2026-05-01T00:00:00Z")]
            if each < "c10"
            else Reply(b"", 429, {"Retry-After": "3600"})
            for each in ids
        },
    )
    upstream.asked.clear()
    run = run_tap({"partner_center": section}, state=before)

    def bookmarks(state: Any) -> dict[str, str]:
        return {
            part["context"]["customer_id"]: part["replication_key_value"]
            for part in state["bookmarks"]["orders"]["partitions"]
        }

    assert run.status == 1
    assert len(down(run)) == 1
    assert len(upstream.asked) <= 1 + 10 + 8
    kept = {each: bookmarks(before)[each] for each in ids if each >= "c10"}
    assert kept.items() <= bookmarks(run.state).items()
    assert {each for each in ids if each < "c10"} == {
        record["referenceCustomerId"] for record in run.records("orders")
    }


def test_one_upstream_that_is_down_does_not_keep_the_other_from_being_read(
    upstream: Upstream, closed_url: str
) -> None:
    config = {
        "partner_center": {**partner_center(upstream), "api_url": closed_url},
        "appzen": appzen(upstream, NUMBERS[:5]),
    }
    config["partner_center"]["max_tries"] = 6
    run = run_tap(config, command=IMPATIENT)

    assert run.status == 1
    assert len(down(run)) == 1
    assert emitted(run) == NUMBERS[:5]


def test_keys_that_stay_unavailable_are_issues_while_others_are_answered(
    upstream: Upstream,
) -> None:
    """One after another they take longer than an upstream may be silent."""
    broken = NUMBERS[10:16]
    for number in broken:
        upstream.answer(number_path(number), UNAVAILABLE)
    section = appzen(upstream, NUMBERS, max_tries=3, max_concurrency=2)
    run = run_tap({"appzen": section}, command=impatient(6.0))

    assert [issue["record_key"] for issue in run.issues(kind="unavailable")] == broken
    assert emitted(run) == [n for n in NUMBERS if n not in broken]
    assert run.status == 1
    assert down(run) == []
    assert run.state["bookmarks"]["purchase_orders"]["resume"] is None


def test_a_zone_that_http_does_not_know_is_no_hour_of_waiting(
    upstream: Upstream,
) -> None:
    served = {
        "Date": "Sun, 29 Nov 2026 12:00:00 GMT",
        "Retry-After": "Sun, 29 Nov 2026 13:00:01 CET",
    }
    good = json_reply(purchase_order("N0"))
    upstream.answer(number_path("N0"), Reply(b"", 503, served), good)
    run = run_tap({"appzen": appzen(upstream, ["N0"], max_tries=2)})

    assert run.status == 0
    assert emitted(run) == ["N0"]


def test_a_server_that_takes_requests_and_never_answers_is_down(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        with Upstream() as unused:
            section = {**appzen(unused, NUMBERS), "api_url": url}
        path = tmp_path / "config.json"
        path.write_text(json.dumps({"appzen": section}))
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
        finished = subprocess.run(
            [*IMPATIENT, "--config", str(path)],
            capture_output=True,
            env=environment,
            timeout=60,
            check=False,
        )

    assert finished.returncode == 1
    assert b"nothing more is asked of it" in finished.stderr
    assert finished.stdout.splitlines()[-1].startswith(b'{"type":"STATE"')


def test_ten_thousand_numbers_and_a_server_that_refuses_connections(
    tmp_path: Path, closed_url: str, upstream: Upstream
) -> None:
    """With the true patience: less than two minutes, and a state to go on from."""
    numbers = [f"P{number:05}" for number in range(10_000)]
    section = appzen(upstream, numbers)
    # As by default.
    del section["max_tries"], section["max_requests_per_second"]
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"appzen": {**section, "api_url": closed_url}}))
    finished = subprocess.run(
        [COMMAND, "--config", path],
        capture_output=True,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        timeout=120,
        check=False,
    )
    assert finished.returncode == 1
    state = json.loads(finished.stdout.splitlines()[-1])["value"]

    for number in numbers:
        upstream.answer(number_path(number), partial(_answered, number))
    section |= {"max_requests_per_second": 10_000, "max_concurrency": 32}
    second = run_tap({"appzen": section}, state=state)
    assert emitted(second) == numbers
    assert second.status == 0


def _answered(number: str, _: Asked) -> Reply:
    return json_reply(purchase_order(number))


def test_a_customer_list_that_cannot_be_had_ends_the_run(upstream: Upstream) -> None:
    upstream.answer("/v1/customers", UNAVAILABLE)
    upstream.answer(orders_path("c1"), UNAVAILABLE)
    run = run_tap(
        {"partner_center": partner_center(upstream, max_tries=6)}, command=IMPATIENT
    )

    assert run.status == 1
    assert len(down(run)) == 1
    # A state to go on from, though nothing was read.
    assert run.messages[-1] == {"type": "STATE", "value": {"bookmarks": {}}}
