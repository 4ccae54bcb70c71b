"""What a run did, as rows of `extraction_runs`."""

from __future__ import annotations

import datetime as dt
import json
import signal
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tap_purchase_orders.tap import TapPurchaseOrders
from tests.tap.tap import Run, run_tap
from tests.tap.truncation import output, started, whole_messages
from tests.tap.upstream import Asked, Reply, Upstream, json_reply
from tests.tap.worlds import (
    appzen,
    appzen_error,
    number_path,
    order,
    partner_center,
    purchase_order,
    selection,
    serve_customers,
    serve_purchase_orders,
)

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

NUMBERS = [f"N{number}" for number in range(6)]


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as server:
        serve_customers(server, {"c1": [order("o1", "c1")], "c2": []})
        serve_purchase_orders(server, {n: purchase_order(n) for n in NUMBERS})
        yield server


def settings(upstream: Upstream, **of_appzen: Any) -> dict[str, Any]:
    return {
        "run_history": True,
        "partner_center": partner_center(upstream),
        "appzen": appzen(upstream, NUMBERS, **of_appzen),
    }


def visits(run: Run) -> dict[str, dict[str, Any]]:
    """Return the rows by their upstream."""
    return {row["upstream"]: row for row in run.records("extraction_runs")}


def counted(run: Run, *streams: str) -> int:
    return sum(len(run.rows(stream)) for stream in streams)


def test_a_run_has_a_row_for_each_upstream(upstream: Upstream) -> None:
    run = run_tap(settings(upstream))

    rows = visits(run)
    assert list(rows) == ["partner_center", "appzen"]
    assert len({row["run_id"] for row in rows.values()}) == 1
    for row in rows.values():
        assert row["outcome"] == "finished"
        assert row["repeats"] == row["issues"] == 0
        assert row["tap_version"] == TapPurchaseOrders.plugin_version
        assert (row["shard_index"], row["shard_count"]) == (0, 1)
        began, ended = (
            dt.datetime.fromisoformat(row[name]) for name in ("started_at", "ended_at")
        )
        assert began <= ended
        assert isinstance(row["seconds"], (int, Decimal))
    mine = rows["partner_center"]
    asked = [each for each in upstream.asked if each.path.startswith("/v1/")]
    assert mine["requests"] == len(asked)
    assert (mine["keys_done"], mine["keys_total"]) == (2, 2)
    streams = ("customers", "orders", "order_line_items", "order_status_changes")
    assert mine["records"] == counted(run, *streams)
    theirs = rows["appzen"]
    assert theirs["requests"] == theirs["keys_done"] == theirs["keys_total"] == 6
    assert theirs["records"] == counted(run, "purchase_orders", "purchase_order_lines")


def test_each_run_has_its_own_id(upstream: Upstream) -> None:
    first, second = (run_tap(settings(upstream)) for _ in range(2))

    assert visits(first)["appzen"]["run_id"] != visits(second)["appzen"]["run_id"]


def test_the_row_stands_before_the_last_state(upstream: Upstream) -> None:
    run = run_tap(settings(upstream))

    kinds = [(message["type"], message.get("stream")) for message in run.messages]
    assert kinds[-2:] == [("RECORD", "extraction_runs"), ("STATE", None)]


def test_an_upstream_that_nothing_selected_needs_has_no_row(
    upstream: Upstream,
) -> None:
    discovered = json.loads(run_tap(settings(upstream), "--discover").output)
    catalog = selection(discovered, "purchase_orders", "extraction_runs")

    run = run_tap(settings(upstream), catalog=catalog)

    assert list(visits(run)) == ["appzen"]


def test_repeats_and_what_stays_unread_are_counted(upstream: Upstream) -> None:
    upstream.answer(number_path("N1"), appzen_error(500))

    run = run_tap(settings(upstream, max_tries=2))

    row = visits(run)["appzen"]
    assert run.status == 1
    assert row["outcome"] == "incomplete"
    assert (row["requests"], row["repeats"], row["issues"]) == (7, 1, 1)


def test_a_used_up_budget_is_no_failure(upstream: Upstream) -> None:
    run = run_tap(settings(upstream, max_requests_per_run=4))

    row = visits(run)["appzen"]
    assert run.status == 0
    assert row["outcome"] == "budget_used"
    assert (row["requests"], row["keys_done"], row["keys_total"]) == (4, 4, 6)


def test_a_refusal_is_a_failure(upstream: Upstream) -> None:
    upstream.answer(number_path("N0"), appzen_error(403))

    run = run_tap(settings(upstream))

    assert run.status == 1
    rows = visits(run)
    assert rows["appzen"]["outcome"] == "failed"
    assert rows["partner_center"]["outcome"] == "finished"


def test_strict_ends_in_a_failure(upstream: Upstream) -> None:
    upstream.answer(number_path("N0"), appzen_error(404))

    run = run_tap({**settings(upstream), "strict": True})

    assert run.status == 1
    assert visits(run)["appzen"]["outcome"] == "failed"


def test_a_signal_interrupts(upstream: Upstream, tmp_path: Path) -> None:
    running: list[subprocess.Popen[bytes]] = []

    def ending(_: Asked) -> Reply:
        running[0].send_signal(signal.SIGTERM)
        return json_reply(purchase_order("N3"))

    upstream.answer(number_path("N3"), ending)
    config = settings(upstream, max_concurrency=1)
    with started(tmp_path, config, {}, {}) as process:
        running.append(process)
        messages = whole_messages(output(process).read())
        status = process.wait()

    outcomes = [
        message["record"]["outcome"]
        for message in messages
        if message["type"] == "RECORD" and message["stream"] == "extraction_runs"
    ]
    assert status == 143
    assert outcomes == ["finished", "interrupted"]


def test_without_the_setting_there_is_no_such_stream(upstream: Upstream) -> None:
    run = run_tap({**settings(upstream), "run_history": False})

    assert "extraction_runs" not in run.schemas
