"""Who reads standard output slowly keeps no answer waiting."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

from tests.tap.truncation import output, read_bytes, started, whole_messages
from tests.tap.upstream import Asked, Reply, Upstream, json_reply
from tests.tap.worlds import appzen, number_path, purchase_order

if TYPE_CHECKING:
    from pathlib import Path

CONCURRENCY = 32
# So many are read ahead of what was written, at least.
AHEAD = 2 * CONCURRENCY
NUMBERS = [f"PO-{number:04}" for number in range(120)]
# Each purchase order is more than a pipe holds, and what the tap holds back itself.
LINES = [{"line_number": n, "gl_code": "0100" * 25} for n in range(1, 301)]
_SECONDS = 60


def test_responses_are_read_while_the_output_is_blocked(tmp_path: Path) -> None:
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
        with started(tmp_path, config, {}, {}) as process:
            # The pipe is full, and nobody reads on.
            first = read_bytes(process, 1)
            assert all_ahead_asked.wait(_SECONDS)
            assert len(asked) < len(NUMBERS)
            rest = output(process).read()
            assert process.wait(_SECONDS) == 0

    messages = whole_messages(first + rest)
    records = [each for each in messages if each["type"] == "RECORD"]
    heads = [each for each in records if each["stream"] == "purchase_orders"]
    lines = [each for each in records if each["stream"] == "purchase_order_lines"]
    assert [each["record"]["purchase_order_number"] for each in heads] == NUMBERS
    assert len(lines) == len(NUMBERS) * len(LINES)
