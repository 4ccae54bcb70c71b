"""Writes Singer messages to standard output in large blocks."""

from __future__ import annotations

import select
import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any, BinaryIO

from singer_sdk.singerlib.encoding.base import GenericSingerWriter
from typing_extensions import override

from tap_purchase_orders.exact_json import ENCODER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from singer_sdk.singerlib.messages import Message

    from tap_purchase_orders.records.encoded_records import Encoded

_FLUSH_BYTES = 64 * 1024


class MessageWriter(GenericSingerWriter[bytes, "Message"]):
    """Writes one message a line; records are buffered."""

    def __init__(self) -> None:
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._flushed_bytes = 0

    @property
    def written_bytes(self) -> int:
        """How much was written since the start."""
        return self._flushed_bytes + self._waiting_bytes

    @override
    def serialize_message(self, message: Message) -> bytes:
        return ENCODER.encode(message.to_dict())

    @override
    def write_message(self, message: Message) -> None:
        """Write a message of the SDK's own, at once."""
        self.write(message.to_dict())
        self.flush()

    def write(self, message: dict[str, Any]) -> None:
        """Write a message, given as a dictionary."""
        self.write_line([ENCODER.encode_lines([message])])

    def write_line(self, pieces: Iterable[bytes]) -> None:
        """Write a line, given in pieces; it may be too large to be held as one."""
        for piece in pieces:
            self._take([piece], len(piece))

    def write_records(self, stream: str, records: Encoded, time_extracted: str) -> None:
        """Write the RECORD messages of records that are encoded already."""
        if not records.count:
            return
        before, behind = _before(stream), _behind(time_extracted)
        lines = records.lines[:-1].replace(b"\n", behind + before)
        self._take([before, lines, behind], len(before) + len(lines) + len(behind))

    def _take(self, pieces: list[bytes], size: int) -> None:
        if self._waiting_bytes + size > _FLUSH_BYTES:
            self.flush()
        self._waiting += pieces
        self._waiting_bytes += size

    def flush(self) -> None:
        """Write the buffer to standard output."""
        if not self._waiting:
            return
        text = b"".join(self._waiting)
        self._waiting.clear()
        self._flushed_bytes += self._waiting_bytes
        self._waiting_bytes = 0
        # Looked up each time: a program that runs the tap may redirect it.
        _write_whole(sys.stdout.buffer, text)


def _write_whole(output: BinaryIO, text: bytes) -> None:
    """Write all of a text, and flush it.

    With `PYTHONUNBUFFERED` the output is the bare file, which takes a part of a text
    where a signal comes in between. A pipe that does not block takes what fits.
    """
    left = memoryview(text)
    is_flushed = False
    while not is_flushed:
        try:
            written = output.write(left)
            left = left[written or 0 :]
            if not left:
                output.flush()
                is_flushed = True
            elif not written:
                select.select([], [output], [])
        except BlockingIOError as error:
            left = left[error.characters_written :]
            select.select([], [output], [])


@lru_cache(32)
def _before(stream: str) -> bytes:
    """Return the text before a record in its message."""
    return b'{"type":"RECORD","stream":%b,"record":' % ENCODER.encode(stream)


# The same for all records of one response.
@lru_cache(1)
def _behind(time_extracted: str) -> bytes:
    """Return the text after a record in its message."""
    return b',"time_extracted":%b}\n' % ENCODER.encode(time_extracted)
