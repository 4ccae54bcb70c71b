"""A signal is heard wherever the run waits, and the last line is then a STATE."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.tap.tap import COMMAND
from tests.tap.truncation import output, started, whole_messages
from tests.tap.upstream import Asked, Reply, Upstream, json_reply
from tests.tap.worlds import (
    appzen,
    number_path,
    partner_center,
    purchase_order,
    serve_purchase_orders,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

# Many times what the end of a run takes; without an end, a test would wait for that.
SECONDS = 60
NUMBERS = [f"N{number}" for number in range(5)]
NOTHING = {"type": "STATE", "value": {"bookmarks": {}}}
# A package whose sources wait for ever, as a network file system may.
PLUG_IN = """
import sys, threading
from tap_purchase_orders.number_sources.source import NumberSource

def wait():
    print("waiting for ever", file=sys.stderr, flush=True)
    threading.Event().wait()

def numbers(section, occasion):
    yield "N0"
    wait()

def version(section):
    wait()

stuck = NumberSource(numbers)
stuck_before = NumberSource(lambda *_: iter(["N0"]), count=version)
"""


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as running:
        serve_purchase_orders(running, {n: purchase_order(n) for n in NUMBERS})
        yield running


def ended(
    folder: Path,
    config: Mapping[str, Any],
    is_there: threading.Event,
    environment: Mapping[str, str] | None = None,
) -> list[dict[str, Any]]:
    """Return what a run writes that is told to end once something has happened."""
    with started(folder, config, {}, environment or {}) as process:
        assert is_there.wait(SECONDS)
        process.send_signal(signal.SIGTERM)
        received = output(process).read()
        assert process.wait(SECONDS) == 143
    assert received.endswith(b"\n")
    messages = whole_messages(received)
    assert messages[-1]["type"] == "STATE"
    assert "Traceback" not in (folder / "log").read_text()
    return messages


def telling(event: threading.Event, reply: Reply, _: Asked) -> Reply:
    event.set()
    return reply


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b"", 503),
        Reply(b"", 503, {"Retry-After": "250"}),
        Reply(b"", 429, {"Retry-After": "250"}),
    ],
    ids=["waits", "retry-after", "too-many"],
)
def test_a_signal_ends_a_wait_for_a_retry(
    tmp_path: Path, upstream: Upstream, reply: Reply
) -> None:
    asked = threading.Event()
    upstream.answer(number_path("N0"), partial(telling, asked, reply))
    config = {"appzen": appzen(upstream, ["N0"], max_tries=20)}

    assert ended(tmp_path, config, asked)[-1] == NOTHING


def test_a_signal_ends_a_wait_for_the_rate_limit(
    tmp_path: Path, upstream: Upstream
) -> None:
    asked = threading.Event()
    page = json_reply({"totalCount": 0, "items": []})
    upstream.answer("/v1/customers/c1", partial(telling, asked, page))
    section = partner_center(
        upstream, customer_ids=["c1", "c2", "c3"], max_requests_per_minute=1
    )

    ended(tmp_path, {"partner_center": section}, asked)


def test_a_signal_ends_a_wait_for_a_response(
    tmp_path: Path, upstream: Upstream
) -> None:
    asked, is_over = threading.Event(), threading.Event()

    def answer(_: Asked) -> Reply:
        asked.set()
        is_over.wait(SECONDS)
        return Reply(dropped=True)

    upstream.answer(number_path("N0"), answer)
    try:
        config = {"appzen": appzen(upstream, ["N0"])}
        assert ended(tmp_path, config, asked)[-1] == NOTHING
    finally:
        is_over.set()


@pytest.mark.parametrize("source", ["stuck", "stuck_before"])
def test_a_signal_ends_a_wait_for_a_source_of_numbers(
    tmp_path: Path, upstream: Upstream, source: str
) -> None:
    (tmp_path / "slow_source.py").write_text(PLUG_IN)
    info = tmp_path / "slow_source-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: slow\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[tap_purchase_orders.number_sources]\n"
        "stuck = slow_source:stuck\nstuck_before = slow_source:stuck_before\n"
    )
    section = appzen(upstream, [], purchase_order_numbers={"source": source})
    (tmp_path / "config.json").write_text(json.dumps({"appzen": section}))
    variables = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    with subprocess.Popen(
        [COMMAND, "--config", "config.json"],
        cwd=tmp_path,
        env={**variables, "PYTHONPATH": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            assert process.stderr is not None
            for line in process.stderr:
                if b"waiting for ever" in line:
                    break
            process.send_signal(signal.SIGTERM)
            received, _ = process.communicate(timeout=SECONDS)
            assert process.wait(SECONDS) == 143
        finally:
            process.kill()

    assert whole_messages(received)[-1]["type"] == "STATE"


def test_a_signal_while_a_log_line_is_written_does_not_wait_for_that_line() -> None:
    """Its handler logs, whatever of the log it has interrupted."""
    program = """
import io, logging, signal, sys
from tap_purchase_orders.logs import hide_in_log
from tap_purchase_orders.redaction import Secrets

logger = logging.getLogger("test")
handler = logging.StreamHandler(io.StringIO())
logging.getLogger().addHandler(handler)
secrets = Secrets(["a-secret-0123456789"])
hide_in_log(secrets)

def log_at(moment):
    moments = 0
    signal.signal(signal.SIGTERM, lambda *_: logger.warning("ending"))

    def trace(frame, event, _):
        nonlocal moments
        moments += event == "line"
        if moments == moment and event == "line":
            sys.settrace(None)
            raised.append(moment)
            signal.raise_signal(signal.SIGTERM)
        return trace

    sys.settrace(trace)
    try:
        logger.warning("a-secret-0123456789 %s", moment)
        hide_in_log(secrets)
    finally:
        sys.settrace(None)
    return moments

raised = []
count = log_at(-1)
for moment in range(1, count + 1):
    log_at(moment)
text = handler.stream.getvalue()
print(len(raised) > 20, text.count("ending") == len(raised), "a-secret" in text)
"""
    finished = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert (finished.stdout, finished.stderr) == ("True True False\n", "")
