from __future__ import annotations

import contextlib
import io
import json
import os
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tap_purchase_orders.incremental.customer_bookmark import (
    CustomerBookmark,
    TrackedOrder,
)
from tap_purchase_orders.incremental.state import State
from tap_purchase_orders.instants import parse_instant
from tap_purchase_orders.messages.message_writer import MessageWriter
from tap_purchase_orders.messages.state_messages import StateMessages

if TYPE_CHECKING:
    from tests.unit.json_values import Json

MEMORY = CustomerBookmark(
    parse_instant("2026-03-01T10:00:00.1234567Z"),
    {"68a3d7f0c25e": TrackedOrder("pending_po_upload", 1, "012345")},
)
# What an answer costs that brings nothing: the request, its answer, their headers.
ANSWER_BYTES = 1024


def messages_of(
    customers: int, *, known: int = 0, records: int = 2, at_the_end: bool = True
) -> list[bytes]:
    """Return the lines of a run over customers, each with records of some 300 bytes.

    Args:
        customers: How many there are.
        known: How many of them the state holds from an earlier run.
        records: How many records each of them brings.
        at_the_end: Write the last line, as a run does.
    """
    state = State({})
    for number in range(known):
        state.checkpoint_customer(customer_id(number), MEMORY)
    out = io.BytesIO()
    with contextlib.redirect_stdout(io.TextIOWrapper(out, write_through=True)) as text:
        writer = MessageWriter()
        lines = StateMessages(state, writer)
        for number in range(customers):
            for _ in range(records):
                writer.write({"type": "RECORD", "record": {"note": "x" * 300}})
            state.checkpoint_customer(customer_id(number), MEMORY)
            lines.after_batch()
        if at_the_end:
            lines.write()
        text.flush()
        return out.getvalue().splitlines(keepends=True)


def customer_id(number: int) -> str:
    return f"5e8b21cd-7f06-4a93-a2d8-{number:012}"


def states(messages: list[bytes]) -> list[bytes]:
    return [line for line in messages if b'"STATE"' in line]


def size(lines: list[bytes]) -> int:
    return sum(map(len, lines))


def last_value(messages: list[bytes]) -> Json:
    value: Json = json.loads(messages[-1])["value"]
    return value


@pytest.mark.parametrize("known", [0, 2000])
@pytest.mark.parametrize("records", [0, 2])
def test_all_state_lines_together_weigh_no_more_than_the_work(
    known: int, records: int
) -> None:
    messages = messages_of(2000, known=known, records=records)
    found = states(messages)
    work = 2000 * ANSWER_BYTES + size(messages) - size(found)

    assert len(found) > 3
    # What the last one but the final weighs has not been worked for again.
    assert size(found[:-2]) <= work


@pytest.mark.parametrize("records", [0, 2])
@pytest.mark.parametrize("is_known", [True, False])
def test_the_bytes_grow_in_proportion_to_the_customers(
    records: int,
    is_known: bool,  # noqa: FBT001
) -> None:
    few, many = (
        size(states(messages_of(count, known=count * is_known, records=records)))
        for count in (1_000, 10_000)
    )

    assert many / few <= 12


def test_a_line_says_all_that_was_written_before_it_and_nothing_else() -> None:
    messages = messages_of(500, records=1)

    written = 0
    for line in messages:
        message = json.loads(line)
        if message["type"] == "RECORD":
            written += 1
        else:
            partitions = message["value"]["bookmarks"]["orders"]["partitions"]
            assert len(partitions) == written


def test_the_last_line_is_complete_and_the_last_of_all() -> None:
    messages = messages_of(333, known=10)

    partitions = last_value(messages)["bookmarks"]["orders"]["partitions"]
    assert {part["context"]["customer_id"] for part in partitions} == {
        customer_id(number) for number in range(333)
    }
    state = State(last_value(messages))
    assert state.customer(customer_id(332)) == MEMORY


def test_a_long_run_says_now_and_then_how_far_it_has_come() -> None:
    found = states(messages_of(2000, at_the_end=False))

    assert len(found) >= 5
    # Not much is lost when the run is cut off.
    last = json.loads(found[-1])["value"]["bookmarks"]["orders"]["partitions"]
    assert len(last) >= 1000


def test_to_write_a_large_state_takes_no_memory_for_its_text() -> None:
    state = State({})
    for number in range(10_000):
        state.checkpoint_customer(customer_id(number), MEMORY)
    with (
        Path(os.devnull).open("w", encoding="utf-8") as nowhere,
        contextlib.redirect_stdout(nowhere),
    ):
        writer = MessageWriter()
        lines = StateMessages(state, writer)
        tracemalloc.start()
        try:
            lines.write()
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert peak < writer.written_bytes / 5


def test_the_same_answers_give_the_same_lines() -> None:
    assert messages_of(1500, known=700) == messages_of(1500, known=700)


def test_nothing_to_remember_is_no_line_but_what_was_written_is_handed_over() -> None:
    out = io.BytesIO()
    with contextlib.redirect_stdout(io.TextIOWrapper(out)):
        writer = MessageWriter()
        lines = StateMessages(State({}), writer)
        writer.write({"type": "RECORD"})
        lines.write()
        assert out.getvalue() == b'{"type":"RECORD"}\n'
