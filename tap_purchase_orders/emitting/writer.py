"""Singer messages on standard output, in few large writes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import msgspec
from singer_sdk.singerlib.encoding.base import GenericSingerWriter
from typing_extensions import override

from tap_purchase_orders.redaction import Secrets

if TYPE_CHECKING:
    from singer_sdk.singerlib.messages import Message

    from tap_purchase_orders.reading.encoded import Encoded

_FLUSH_BYTES = 64 * 1024

_encoder = msgspec.json.Encoder(decimal_format="number")


class BufferedWriter(GenericSingerWriter[bytes, "Message"]):
    """Writes one message a line; records wait for company.

    Attributes:
        written_bytes: How much was written since the start, credentials included.
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

    def write_records(self, stream: str, records: Encoded, time_extracted: str) -> None:
        """Write the RECORD messages of records that need nothing more done to them."""
        before = b'{"type":"RECORD","stream":' + _encoder.encode(stream) + b',"record":'
        behind = b',"time_extracted":' + _encoder.encode(time_extracted) + b"}"
        lines = records.lines.removesuffix(b"\n").replace(
            b"\n", behind + b"\n" + before
        )
        if lines:
            self._write_line(before + lines + behind)

    def _write_line(self, line: bytes) -> None:
        self._buffer += line
        self._buffer += b"\n"
        self.written_bytes += len(line) + 1
        if len(self._buffer) >= _FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Hand everything over to the reader of standard output."""
        if not self._buffer:
            return
        # No credential spans two lines: its line ends are spelled by letters.
        text = self.secrets.redacted_lines(bytes(self._buffer))
        self._buffer.clear()
        # Looked up each time: whoever runs the tap within a program may redirect it.
        sys.stdout.buffer.write(text)
        sys.stdout.flush()
