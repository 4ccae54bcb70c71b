"""Reads the lines of a text file, compressed or not, in bounded memory."""

from __future__ import annotations

import codecs
import gzip
import io
import re
from itertools import chain
from typing import IO, TYPE_CHECKING, Self, cast

from tap_purchase_orders.extras import how_to_install
from tap_purchase_orders.number_sources.error_messages import source_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from tap_purchase_orders.errors import SourceError
    from tap_purchase_orders.number_sources.files.stored_file import StoredFile

_CHUNK_BYTES = 64 * 1024
_START_BYTES = 256
_OTHER_LINE_ENDS = "\v\f\x1c\x1d\x1e"
# Of a few bytes of zstd much can come at once: so little is taken at a time.
_ZSTD_CHUNK_BYTES = 4 * 1024
# In characters; a number has a few, a line of JSON may have a lot.
LONGEST_LINE = 8 * 1024 * 1024
# Marks that tell the encoding for certain.
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# What a server answers that wants somebody to sign in. A file of XML is no better.
_PAGE = re.compile(r"\s*<(?:!doctype|html|head|body|script|\?xml)\b", re.IGNORECASE)
# What begins like this is no text.
_NO_TEXTS = {
    b"PK\x03\x04": "a ZIP archive or an Excel file",
    b"\xd0\xcf\x11\xe0": "an Excel file",
    b"%PDF-": "a PDF document",
    b"{\\rtf": "an RTF document",
    b"\x1f\x8b": "packed with gzip, which its name has to say",
}


def lines(file: StoredFile, packing: str, encoding: str | None) -> Iterator[str]:
    """Yield the lines of a text, each but perhaps the last with its line feed.

    A byte order mark is left out; CR LF and CR end lines too.

    Args:
        file: Where the text is.
        packing: `.gz`, `.zst`, or nothing.
        encoding: The encoding, where no byte order mark tells it; by default UTF-8.

    Raises:
        SourceError: It cannot be read, or is no text; the message names the line.
    """
    # Without code of ours between the lines: there may be millions.
    return chain.from_iterable(map(lines_of, blocks(file, packing, encoding)))


def lines_of(block: str) -> Iterable[str]:
    """Return the lines of a text whose ends of lines are line feeds."""
    # `splitlines` takes half the time, and ends lines at more signs than a line feed.
    if block.isascii() and not any(sign in block for sign in _OTHER_LINE_ENDS):
        return block.splitlines(keepends=True)
    return io.StringIO(block)


def pieces(file: StoredFile, packing: str, encoding: str | None) -> Iterator[str]:
    """Yield a text in pieces of any length, with line feeds for all ends of lines.

    Args:
        file: Where the text is.
        packing: `.gz`, `.zst`, or nothing.
        encoding: The encoding, where no byte order mark tells it; by default UTF-8.

    Raises:
        SourceError: It cannot be read, or is no text; the message names the line.
    """
    line_ends = io.IncrementalNewlineDecoder(None, translate=True)
    decoder: codecs.IncrementalDecoder | None = None
    line, is_start = 1, True
    # Nothing, at the end: it shows whether the last character is whole.
    for chunk in chain(_whole_start(_chunks(file, packing)), (b"",)):
        if decoder is None:
            # A mark is certain, whatever the settings say.
            encoding = _marked(chunk, _MARKS) or encoding or "utf-8"
            if what := _marked(chunk, _NO_TEXTS):
                raise _no_text(file, f"it is {what}")
            decoder = codecs.getincrementaldecoder(encoding)()
        try:
            decoded = decoder.decode(chunk, final=not chunk)
        except UnicodeError as error:
            raise _undecodable(file, encoding or "", line, error) from error
        text = line_ends.decode(decoded, final=not chunk)
        if is_start:
            text = text.removeprefix("\ufeff")
            if _PAGE.match(text):
                raise _no_text(file, "it is a web page, and no list of numbers")
            is_start = False
        if (place := text.find("\0")) >= 0:
            line += text.count("\n", 0, place)
            raise _no_text(file, f"there is a byte 0 in line {line}")
        line += text.count("\n")
        yield text


def blocks(file: StoredFile, packing: str, encoding: str | None) -> Iterator[str]:
    """Yield a text in pieces that end where lines end, as `pieces` does else.

    Raises:
        SourceError: It cannot be read, or is no text; the message names the line.
    """
    number, rest = 1, ""
    for piece in pieces(file, packing, encoding):
        text = rest + piece
        end = text.rfind("\n") + 1
        block, rest = text[:end], text[end:]
        number += block.count("\n")
        if len(rest) > LONGEST_LINE:
            raise _no_text(file, f"line {number} is longer than 8 MiB")
        if block:
            yield block
    if rest:
        yield rest


class BlockLines:
    """The lines of blocks of text; those not taken can be had as blocks again.

    Args:
        blocks: Text that ends where lines end.
    """

    def __init__(self, blocks: Iterator[str]) -> None:
        self._blocks = blocks
        self._lines: Iterator[str] = iter(())

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        while (line := next(self._lines, None)) is None:
            self._lines = iter(lines_of(next(self._blocks)))
        return line

    def rest(self) -> Iterator[str]:
        """Return what follows the last line that was taken."""
        return chain(("".join(self._lines),), self._blocks)


def _undecodable(
    file: StoredFile, encoding: str, line: int, error: UnicodeError
) -> SourceError:
    name = _name_of(encoding)
    if not isinstance(error, UnicodeDecodeError):
        return _no_text(file, f"it is not {name}", "encoding")
    line += error.object[: error.start].decode(encoding, "replace").count("\n")
    byte = f"0x{error.object[error.start]:02x}"
    problem = f"line {line} is not {name} (byte {byte})"
    if name == "UTF-8":
        problem += "; on Windows it is perhaps windows-1252"
    return _no_text(file, problem, "encoding")


def _whole_start(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield chunks, the first of which is long enough to tell what it is."""
    start = b""
    for chunk in chunks:
        start += chunk
        if len(start) >= _START_BYTES:
            yield start
            break
    else:
        if start:
            yield start
    yield from chunks


def _marked(start: bytes, marks: Mapping[bytes, str]) -> str | None:
    """Return what a mark at the start of a file tells."""
    found = (what for mark, what in marks.items() if start.startswith(mark))
    return next(found, None)


def _name_of(encoding: str | None) -> str:
    return "UTF-8" if encoding in {"utf-8", "utf-8-sig"} else str(encoding).upper()


def _no_text(file: StoredFile, problem: str, key: str = "path") -> SourceError:
    return source_error(f"{file.shown} cannot be read as text: {problem}", key)


def _chunks(file: StoredFile, packing: str) -> Iterator[bytes]:
    unpacked: Callable[[IO[bytes]], Iterator[bytes]]
    unpacked = {".gz": _of_gzip, ".zst": _of_zstd}.get(packing, _as_they_are)
    if packing == ".gz" and file.is_without_gzip:
        unpacked = _as_they_are
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
    try:
        import zstandard  # noqa: PLC0415  # few runs need it
    except ModuleNotFoundError as error:
        problem = f"needs the package zstandard: {how_to_install('zstd')}"
        raise source_error(problem, "path") from error
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
