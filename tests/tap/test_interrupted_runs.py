"""Whatever ends a run, the next one goes on from its last STATE and loses nothing."""

from __future__ import annotations

import json
import random
import signal
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tap_purchase_orders.sandbox.process import Sandbox
from tests.tap.truncation import (
    cut,
    last_state,
    output,
    read_bytes,
    started,
    whole_messages,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

KILLS = 30
WORKERS = 4
LOOK_AHEAD = 3 * WORKERS
KEYS = {
    "customers": ("id",),
    "orders": ("referenceCustomerId", "id"),
    "order_line_items": ("referenceCustomerId", "orderId", "lineItemNumber"),
    "order_status_changes": ("referenceCustomerId", "orderId", "sequence"),
    "purchase_orders": ("purchase_order_number",),
    "purchase_order_lines": ("purchase_order_number", "line_key"),
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(
        customers=120,
        purchase_orders=120,
        latency_ms=5,
        freeze_clock=True,
        requests_per_minute=10**6,
        appzen_requests_per_second=10**4,
        without_relationship=0,
        lifetime_seconds=900,
    ) as running:
        yield running


@pytest.fixture
def config(sandbox: Sandbox) -> dict[str, Any]:
    settings: dict[str, Any] = json.loads(json.dumps(sandbox.settings))
    settings["partner_center"] |= {
        "max_concurrency": WORKERS,
        "max_requests_per_minute": 10**6,
    }
    settings["appzen"] |= {
        "max_concurrency": WORKERS,
        "max_requests_per_second": 10**4,
    }
    return settings


def table(messages: list[dict[str, Any]]) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Return what a loader that upserts by key would hold, times of reading apart."""
    rows = {}
    for message in messages:
        keys = KEYS.get(message.get("stream", ""))
        if message["type"] == "RECORD" and keys:
            record = {k: v for k, v in message["record"].items() if k != "observedAt"}
            rows[message["stream"], *(record[key] for key in keys)] = record
    return rows


def run_to_the_end(
    folder: Path, sandbox: Sandbox, config: Mapping[str, Any], state: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], int]:
    with started(folder, config, state, sandbox.environment) as process:
        received = output(process).read()
        return whole_messages(received), process.wait(60)


def test_nothing_is_missing_after_thirty_kills(
    tmp_path: Path, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    undisturbed, status = run_to_the_end(tmp_path, sandbox, config, {})
    assert status == 0
    chance = random.Random(20261122)  # noqa: S311  # seeded
    kills = 0
    while kills < KILLS:
        messages: list[dict[str, Any]] = []
        state: Mapping[str, Any] = {}
        status = -signal.SIGKILL
        while status == -signal.SIGKILL:
            with started(tmp_path, config, state, sandbox.environment) as process:
                size = chance.randrange(600_000)
                received, status = cut(process, size, signal.SIGKILL)
            new = whole_messages(received)
            state = last_state(new, state)
            messages += new
            kills += status == -signal.SIGKILL
        assert status == 0
        assert table(messages) == table(undisturbed)
    assert "Traceback" not in (tmp_path / "log").read_text()


@pytest.mark.parametrize(
    ("with_signal", "exit_status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)]
)
def test_a_run_ended_by_a_signal_is_resumed_where_it_stopped(
    tmp_path: Path,
    sandbox: Sandbox,
    config: dict[str, Any],
    with_signal: signal.Signals,
    exit_status: int,
) -> None:
    undisturbed, _ = run_to_the_end(tmp_path, sandbox, config, {})
    sandbox.reset_requests()
    chance = random.Random(exit_status)  # noqa: S311  # seeded
    messages: list[dict[str, Any]] = []
    state: Mapping[str, Any] = {}
    cuts = 0
    status = exit_status
    while status == exit_status:
        with started(tmp_path, config, state, sandbox.environment) as process:
            # The schemas are 64 KB of it: behind them, the handlers are in place.
            size = chance.randrange(100_000, 900_000)
            received, status = cut(process, size, with_signal)
        new = whole_messages(received)
        if status == exit_status:
            cuts += 1
            assert received.endswith(b"\n")
            assert new[-1]["type"] == "STATE"
        state = last_state(new, state)
        messages += new
    assert status == 0
    assert cuts >= 2
    assert table(messages) == table(undisturbed)
    asked = Counter(
        (entry["resource"], entry["key"])
        for entry in sandbox.requests(log=True)["log"]
        if entry["resource"] == "purchase_orders"
    )
    assert sum(count - 1 for count in asked.values()) <= LOOK_AHEAD * cuts
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_the_last_line_is_a_state_even_when_the_reader_is_slow(
    tmp_path: Path, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    with started(tmp_path, config, {}, sandbox.environment) as process:
        # Nothing is read for now: the pipe is full when the signal comes.
        received = read_bytes(process, 70_000)
        process.send_signal(signal.SIGTERM)
        received += output(process).read()
        assert process.wait(60) == 143
    assert whole_messages(received)[-1]["type"] == "STATE"
    assert received.endswith(b"\n")


def test_a_broken_output_pipe_is_one_line_of_error(
    tmp_path: Path, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    with started(tmp_path, config, {}, sandbox.environment) as process:
        read_bytes(process, 1)
        output(process).close()
        assert process.wait(60) == 1
        log = (tmp_path / "log").read_text()
    assert "Traceback" not in log
    assert "the program that reads the messages" in log.splitlines()[-1]


def test_a_second_signal_ends_the_run_at_once(
    tmp_path: Path, sandbox: Sandbox, config: dict[str, Any]
) -> None:
    with started(tmp_path, config, {}, sandbox.environment) as process:
        # The pipe is full and stays so: the run cannot end by itself.
        read_bytes(process, 70_000)
        process.send_signal(signal.SIGTERM)
        while b"ending" not in (tmp_path / "log").read_bytes():
            pass
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == -signal.SIGTERM
