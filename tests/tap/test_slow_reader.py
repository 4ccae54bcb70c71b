"""Who reads standard output slowly keeps no answer waiting."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.tap.truncation import output, read_bytes, started, whole_messages
from tests.tap.upstream import Asked, Reply, Upstream, json_reply
from tests.tap.worlds import appzen, number_path, purchase_order

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Mapping
    from pathlib import Path

CONCURRENCY = 32
# So many are read ahead of what was written, at least.
AHEAD = 2 * CONCURRENCY
NUMBERS = [f"PO-{number:04}" for number in range(120)]
# Each purchase order is more than a pipe holds, and what the tap holds back itself.
LINES = [{"line_number": n, "gl_code": "0100" * 25} for n in range(1, 301)]
_SECONDS = 60


@contextmanager
def blocked(
    folder: Path, environment: Mapping[str, str]
) -> Iterator[tuple[subprocess.Popen[bytes], bytes, set[str]]]:
    """Start a run and read nothing of it but what is yielded, until its pipe is full.

    Yields:
        The process, what was read, and the numbers that were asked for.
    """
    # A request that follows as many as may be under way shows that answers came in.
    all_ahead_asked = threading.Event()
    asked: set[str] = set()

    def answer(number: str, _: Asked) -> Reply:
        asked.add(number)
        if len(asked) >= AHEAD:
            all_ahead_asked.set()
        return json_reply(purchase_order(number, purchase_order_lines=LINES))

    with Upstream() as upstream:
        for number in NUMBERS:
            upstream.answer(number_path(number), partial(answer, number))
        config = {"appzen": appzen(upstream, NUMBERS, max_concurrency=CONCURRENCY)}
        with started(folder, config, {}, environment) as process:
            first = read_bytes(process, 1)
            assert all_ahead_asked.wait(_SECONDS)
            yield process, first, asked


def headers(messages: list[dict[str, Any]]) -> list[str]:
    return [
        each["record"]["purchase_order_number"]
        for each in messages
        if each["type"] == "RECORD" and each["stream"] == "purchase_orders"
    ]


# With the second one, the system's own call to write is all there is.
in_both_ways = pytest.mark.parametrize("environment", [{}, {"PYTHONUNBUFFERED": "1"}])


@in_both_ways
def test_responses_are_read_while_the_output_is_blocked(
    environment: Mapping[str, str], tmp_path: Path
) -> None:
    with blocked(tmp_path, environment) as (process, first, asked):
        assert len(asked) < len(NUMBERS)
        # As Ctrl+Z and `fg` do: what was being written is interrupted.
        process.send_signal(signal.SIGSTOP)
        process.send_signal(signal.SIGCONT)
        rest = output(process).read()
        assert process.wait(_SECONDS) == 0

    messages = whole_messages(first + rest)
    assert headers(messages) == NUMBERS
    lines = [m for m in messages if m.get("stream") == "purchase_order_lines"]
    assert len(lines) == 1 + len(NUMBERS) * len(LINES)


@in_both_ways
def test_a_signal_while_the_output_is_blocked_cuts_no_line(
    environment: Mapping[str, str], tmp_path: Path
) -> None:
    with blocked(tmp_path, environment) as (process, first, _):
        process.send_signal(signal.SIGTERM)
        rest = output(process).read()
        assert process.wait(_SECONDS) == 143

    messages = whole_messages(first + rest)
    assert messages[-1]["type"] == "STATE"
    position, *_ = messages[-1]["value"]["bookmarks"]["purchase_orders"]["resume"]
    assert headers(messages) == NUMBERS[:position]
