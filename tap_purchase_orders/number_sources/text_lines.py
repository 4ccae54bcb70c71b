"""Reads the lines of a text file, compressed or not, in bounded memory."""

from __future__ import annotations

import codecs
import gzip
import io
from itertools import chain
from typing import IO, TYPE_CHECKING, cast

from tap_purchase_orders.number_sources.error_messages import source_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_purchase_orders.errors import SourceError
    from tap_purchase_orders.number_sources.stored_file import StoredFile

_CHUNK_BYTES = 64 * 1024
# Of a few bytes of zstd much can come at once: so little is taken at a time.
_ZSTD_CHUNK_BYTES = 4 * 1024
# In characters; a number has a few, a line of JSON may have a lot.
LONGEST_LINE = 8 * 1024 * 1024
_UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def lines(file: StoredFile, packing: str) -> Iterator[str]:
    """Yield the lines of a UTF-8 text, each but perhaps the last with its line feed.

    A byte order mark is left out; CR LF and CR end lines too.

    Args:
        file: Where the text is.
        packing: `.gz`, `.zst`, or nothing.

    Raises:
        SourceError: It cannot be read, or is no text; the message names the line.
    """
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    line_ends = io.IncrementalNewlineDecoder(None, translate=True)
    number, rest = 1, ""
    # Nothing, at the end: it shows whether the last character is whole.
    for chunk in chain(_chunks(file, packing), (b"",)):
        if number == 1 and not rest and chunk.startswith(_UTF_16_MARKS):
            raise _no_text(file, "it is UTF-16; save it as UTF-8")
        if (place := chunk.find(b"\0")) >= 0:
            line = number + chunk.count(b"\n", 0, place)
            raise _no_text(file, f"there is a byte 0 in line {line}")
        try:
            decoded = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            line = number + error.object.count(b"\n", 0, error.start)
            byte = f"0x{error.object[error.start]:02x}"
            problem = f"line {line} is not UTF-8 (byte {byte})"
            raise _no_text(file, problem) from error
        text = rest + line_ends.decode(decoded, final=not chunk)
        *whole, rest = text.split("\n")
        for line_text in whole:
            yield f"{line_text}\n"
        number += len(whole)
        if len(rest) > LONGEST_LINE:
            raise _no_text(file, f"line {number} is longer than 8 MiB")
    if rest:
        yield rest


def _no_text(file: StoredFile, problem: str) -> SourceError:
    return source_error(f"{file.shown} cannot be read as text: {problem}", "path")


def _chunks(file: StoredFile, packing: str) -> Iterator[bytes]:
    unpacked: Callable[[IO[bytes]], Iterator[bytes]]
    unpacked = {".gz": _of_gzip, ".zst": _of_zstd}.get(packing, _as_they_are)
    with file.opened() as stored:
        yield from unpacked(stored)


def _as_they_are(stored: IO[bytes]) -> Iterator[bytes]:
    while chunk := stored.read(_CHUNK_BYTES):
        yield chunk


def _of_gzip(stored: IO[bytes]) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=stored) as text:
        yield from _as_they_are(cast("IO[bytes]", text))
    # An empty file would pass for one that holds nothing.
    if not stored.tell():
        raise EOFError


def _of_zstd(stored: IO[bytes]) -> Iterator[bytes]:
    import zstandard  # noqa: PLC0415  # few runs need it

    unpacker = zstandard.ZstdDecompressor()
    frame, is_whole = unpacker.decompressobj(), False
    while chunk := stored.read(_ZSTD_CHUNK_BYTES):
        while chunk:
            if text := frame.decompress(chunk):
                yield text
            chunk, is_whole = b"", frame.eof
            if is_whole:
                # There may be several, one after the other.
                chunk, frame = frame.unused_data, unpacker.decompressobj()
    if not is_whole:
        raise EOFError
