"""A whole world over TLS: all that its invoices name is read, whatever ends a run."""

from __future__ import annotations

import datetime as dt
import random
import signal
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tap_purchase_orders.sandbox.process import Sandbox
from tests.sandboxes import Caller
from tests.tap.tap import run_tap
from tests.tap.truncation import cut, last_state, started, whole_messages

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

INVOICES = 400
WORKERS = 4
# How many invoices a run that goes on may read again: those since the state was told,
# and those that had been begun when the run ended.
MOST_READ_AGAIN = 20 + 2 * 3 * WORKERS
FIRST_DAY = 61
WEEK = dt.timedelta(days=7)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(
        customers=0,
        purchase_orders=150,
        invoices=INVOICES,
        latency_ms=3,
        freeze_clock=True,
        appzen_requests_per_second=10**5,
        lifetime_seconds=900,
    ) as running:
        yield running


@pytest.fixture
def config(sandbox: Sandbox) -> dict[str, Any]:
    section = sandbox.settings["appzen"] | {
        "purchase_order_numbers": {"source": "invoices"},
        "max_concurrency": WORKERS,
        "max_requests_per_second": 10**4,
    }
    start = epoch(sandbox) - dt.timedelta(days=FIRST_DAY)
    return {"appzen": section, "start_date": start.isoformat()}


def epoch(sandbox: Sandbox) -> dt.datetime:
    return dt.datetime.fromisoformat(sandbox.document["epoch"])


def named(sandbox: Sandbox, start: dt.datetime) -> set[str]:
    """Return what the invoices processed from a moment on name, by reading them all."""
    numbers: set[str] = set()
    with Caller(sandbox) as caller:
        while start < epoch(sandbox) + dt.timedelta(days=FIRST_DAY):
            body = {
                "from-last-appzen-update-time": start.isoformat(),
                "to-last-appzen-update-time": (start + WEEK).isoformat(),
            }
            for found in caller.appzen("invoice/search", body).json():
                invoice = caller.appzen(f"invoice/{found['appzen-uuid']}").json()
                numbers.update(invoice["purchase_order_numbers"])
                numbers.update(
                    line["purchase_order_number"]
                    for line in invoice["invoice_lines"]
                    if line["purchase_order_number"]
                )
            start += WEEK
    sandbox.reset_requests()
    return numbers


def asked(sandbox: Sandbox, resource: str) -> Counter[str]:
    """Return how often each key of a resource was asked for."""
    log = sandbox.requests(log=True)["log"]
    return Counter(entry["key"] for entry in log if entry["resource"] == resource)


def emitted(messages: list[dict[str, Any]]) -> set[str]:
    return {
        message["record"]["purchase_order_number"]
        for message in messages
        if message["type"] == "RECORD" and message["stream"] == "purchase_orders"
    }


def test_a_run_reads_all_that_is_named_and_asks_nothing_twice(
    sandbox: Sandbox, config: dict[str, Any]
) -> None:
    expected = named(sandbox, epoch(sandbox) - dt.timedelta(days=FIRST_DAY))
    first = run_tap(config, environment=sandbox.environment)

    assert (first.status, first.issues()) == (0, [])
    assert emitted(first.messages) == expected
    for resource in ("invoices", "purchase_orders"):
        assert set(asked(sandbox, resource).values()) == {1}
    assert set(asked(sandbox, "purchase_orders")) == expected
    assert len(asked(sandbox, "invoices")) == INVOICES // 2

    sandbox.reset_requests()
    second = run_tap(config, environment=sandbox.environment, state=first.state)
    assert second.counts() == {}
    assert sandbox.requests()["total"] == 1


@pytest.mark.parametrize("workers", [1, WORKERS])
def test_invoices_and_purchase_orders_share_what_may_be_in_flight(
    workers: int, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    config["appzen"]["max_concurrency"] = workers

    run_tap(config, environment=sandbox.environment)

    assert sandbox.requests()["most_in_flight"]["appzen"] == workers


def test_what_was_processed_before_the_start_date_is_not_read(
    sandbox: Sandbox, config: dict[str, Any]
) -> None:
    month_ago = epoch(sandbox) - dt.timedelta(days=30)
    config["start_date"] = month_ago.isoformat()
    expected = named(sandbox, month_ago)

    run = run_tap(config, environment=sandbox.environment)

    assert emitted(run.messages) == expected
    assert len(asked(sandbox, "invoices")) == INVOICES // 4


def test_an_invoice_on_the_border_of_two_searches_is_read_once(
    sandbox: Sandbox, config: dict[str, Any]
) -> None:
    one = epoch(sandbox) - dt.timedelta(days=20)
    body = {
        "from-last-appzen-update-time": one.isoformat(),
        "to-last-appzen-update-time": (one + WEEK).isoformat(),
    }
    with Caller(sandbox) as caller:
        found = caller.appzen("invoice/search", body).json()[5]
    border = dt.datetime.fromisoformat(found["last-appzen-update-time"])
    config["start_date"] = (border - WEEK).isoformat()
    sandbox.reset_requests()

    run_tap(config, environment=sandbox.environment)

    assert border.microsecond == 0
    assert asked(sandbox, "invoices")[found["appzen-uuid"]] == 1


def test_more_invoices_than_a_search_gives_are_all_read() -> None:
    with Sandbox(
        customers=0,
        purchase_orders=30,
        invoices=40_000,
        freeze_clock=True,
        appzen_requests_per_second=10**5,
    ) as sandbox:
        section = sandbox.settings["appzen"] | {
            "purchase_order_numbers": {"source": "invoices"},
            "max_requests_per_second": 10**4,
        }
        start = epoch(sandbox) - dt.timedelta(days=5)
        run = run_tap(
            {"appzen": section, "start_date": start.isoformat()},
            environment=sandbox.environment,
        )
        read = asked(sandbox, "invoices")
        searches = sandbox.requests()["by_resource"]["invoice_search"]

    assert run.status == 0
    assert set(read.values()) == {1}
    # One in 259.2 seconds.
    assert len(read) == 1667
    assert searches == {"200": 3}


@pytest.mark.parametrize("with_signal", [signal.SIGKILL, signal.SIGTERM])
def test_whatever_ends_a_run_the_next_one_goes_on(
    tmp_path: Path,
    sandbox: Sandbox,
    config: dict[str, Any],
    with_signal: signal.Signals,
) -> None:
    expected = named(sandbox, epoch(sandbox) - dt.timedelta(days=FIRST_DAY))
    chance = random.Random(20261122)  # noqa: S311  # seeded
    messages: list[dict[str, Any]] = []
    state: Mapping[str, Any] = {}
    ended = -signal.SIGKILL if with_signal is signal.SIGKILL else 143
    cuts = 0
    status = ended
    while status == ended:
        with started(tmp_path, config, state, sandbox.environment) as process:
            # The schemas are 64 KB of it: behind them, the handlers are in place.
            size = chance.randrange(70_000, 250_000)
            received, status = cut(process, size, with_signal)
        new = whole_messages(received)
        state = last_state(new, state)
        messages += new
        if status == ended:
            cuts += 1
            if with_signal is signal.SIGTERM:
                assert new[-1]["type"] == "STATE"

    assert status == 0
    assert cuts >= 2
    assert emitted(messages) == expected
    log = (tmp_path / "log").read_text()
    assert "Traceback" not in log
    # The world stands still: what a run goes on with is what the last one left.
    assert "starting over" not in log
    if with_signal is signal.SIGTERM:
        again = sum(asked(sandbox, "invoices").values()) - INVOICES // 2
        assert again <= MOST_READ_AGAIN * cuts


def test_runs_with_a_budget_read_all_together(
    sandbox: Sandbox, config: dict[str, Any]
) -> None:
    expected = named(sandbox, epoch(sandbox) - dt.timedelta(days=FIRST_DAY))
    config["appzen"]["max_requests_per_run"] = 90
    found: set[str] = set()
    state: Any = None
    warnings = ["at first"]
    while warnings:
        sandbox.reset_requests()
        run = run_tap(config, environment=sandbox.environment, state=state)
        state, warnings = run.state, run.warnings
        found |= emitted(run.messages)
        assert run.status == 0
        assert sandbox.requests()["total"] <= 90

    assert found == expected
