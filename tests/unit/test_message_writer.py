from __future__ import annotations

import contextlib
import io
import json
import os
import threading
from typing import TYPE_CHECKING, Any, cast

from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from tap_purchase_orders.messages.message_writer import MessageWriter
from tap_purchase_orders.records.encoded_records import encoded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.unit.json_values import Json

TIME = "2026-03-01T10:00:00.000000Z"
SECRET = 's3cret-"with"-\\signs/and more'

texts = st.text(st.characters(codec="utf-8"), max_size=20)
records = st.dictionaries(texts, texts | st.integers() | st.none(), max_size=3)
answers = st.lists(st.tuples(texts, st.lists(records, max_size=3)), max_size=5)


@contextlib.contextmanager
def writer_to(out: io.BytesIO) -> Iterator[MessageWriter]:
    with contextlib.redirect_stdout(io.TextIOWrapper(out)) as text:
        writer = MessageWriter()
        yield writer
        writer.flush()
        text.detach()


def message(stream: str, record: Json, time: str = TIME) -> Json:
    return {
        "type": "RECORD",
        "stream": stream,
        "record": record,
        "time_extracted": time,
    }


@given(answers, st.sampled_from([TIME, "2026-03-01T10:00:00.000001Z"]))
def test_records_that_are_text_already_make_the_same_messages(
    answer: list[tuple[str, list[Json]]], time: str
) -> None:
    one, other = io.BytesIO(), io.BytesIO()
    with writer_to(one) as writer:
        for stream, rows in answer:
            writer.write_records(stream, encoded(rows, ()), time)
        size = writer.written_bytes
    with writer_to(other) as writer:
        for stream, rows in answer:
            for row in rows:
                writer.write(message(stream, row, time))

    assert one.getvalue() == other.getvalue()
    assert size == len(one.getvalue())


class Partial(io.RawIOBase):
    """A file that takes a few bytes at a time."""

    def __init__(self) -> None:
        self.taken = bytearray()

    @override
    def writable(self) -> bool:
        return True

    @override
    def write(self, data: Any, /) -> int:
        part = bytes(data[:7])
        self.taken += part
        return len(part)


def test_a_file_that_takes_a_part_gets_the_rest() -> None:
    messages = [message("a", {"number": number}) for number in range(50)]
    bare = Partial()
    with contextlib.redirect_stdout(io.TextIOWrapper(cast("Any", bare))):
        writer = MessageWriter()
        for each in messages:
            writer.write(each)
        writer.flush()

    assert [json.loads(line) for line in bare.taken.splitlines()] == messages


def test_a_pipe_that_does_not_block_gets_everything() -> None:
    messages = [message("a", {"note": "x" * 1000}) for _ in range(1000)]
    reader, writer_end = os.pipe()
    os.set_blocking(writer_end, False)
    received: list[bytes] = []

    def read() -> None:
        with open(reader, "rb", buffering=0) as pipe:  # noqa: PTH123
            while part := pipe.read(4096):
                received.append(part)

    thread = threading.Thread(target=read)
    thread.start()
    with (
        open(writer_end, "w", encoding="utf-8") as output,  # noqa: PTH123
        contextlib.redirect_stdout(output),
    ):
        writer = MessageWriter()
        for each in messages:
            writer.write(each)
        writer.flush()
    thread.join()

    lines = b"".join(received).splitlines()
    assert [json.loads(line) for line in lines] == messages


def test_what_is_written_comes_in_large_parts_and_all_of_it_at_the_end() -> None:
    out = io.BytesIO()
    sizes = set()
    with writer_to(out) as writer:
        for number in range(1000):
            writer.write(message("a", {"number": number, "note": "x" * 1000}))
            sizes.add(len(out.getvalue()))

    assert 5 < len(sizes) < 100
    lines = out.getvalue().splitlines()
    assert [json.loads(line)["record"]["number"] for line in lines] == [*range(1000)]
