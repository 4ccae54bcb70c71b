"""Singer messages on standard output, in few large writes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct
from singer_sdk.singerlib.encoding.base import GenericSingerWriter
from typing_extensions import override

from tap_purchase_orders.redaction import Secrets

if TYPE_CHECKING:
    from singer_sdk.singerlib.messages import Message

_FLUSH_BYTES = 64 * 1024

_encoder = msgspec.json.Encoder(decimal_format="number")


class _Record(Struct, tag="RECORD", gc=False):
    """A RECORD message."""

    stream: str
    record: Struct
    time_extracted: str


class BufferedWriter(GenericSingerWriter[bytes, "Message"]):
    """Writes one message a line; records wait for company.

    Attributes:
        written_bytes: How much was written since the start.
        secrets: What may stand in no message.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.written_bytes = 0
        self.secrets = Secrets()

    @override
    def serialize_message(self, message: Message) -> bytes:
        return _encoder.encode(message.to_dict())

    @override
    def write_message(self, message: Message) -> None:
        """Write a message of the SDK's own, at once."""
        self.write(message.to_dict())
        self.flush()

    def write(self, message: dict[str, Any]) -> None:
        """Write a message, given as a dictionary."""
        self._write_line(_encoder.encode(message))

    def write_record(self, stream: str, record: Struct, time_extracted: str) -> None:
        """Write the RECORD message of a record that needs nothing more done to it."""
        message = _Record(stream, record, time_extracted)
        self._write_line(_encoder.encode(message))

    def _write_line(self, line: bytes) -> None:
        line = self.secrets.redacted_line(line)
        self._buffer += line
        self._buffer += b"\n"
        self.written_bytes += len(line) + 1
        if len(self._buffer) >= _FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Hand everything over to the reader of standard output."""
        if not self._buffer:
            return
        text, self._buffer = self._buffer, bytearray()
        # Looked up each time: whoever runs the tap within a program may redirect it.
        sys.stdout.buffer.write(text)
        sys.stdout.flush()
