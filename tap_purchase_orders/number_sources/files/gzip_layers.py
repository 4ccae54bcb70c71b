"""Removes the gzip encoding that a web server may have added to a file."""

from __future__ import annotations

import gzip
import io
from typing import IO, TYPE_CHECKING, cast

from typing_extensions import override

if TYPE_CHECKING:
    from typing_extensions import Buffer

_MARK = b"\x1f\x8b"
# The file itself, and what the server says of it in `Content-Encoding`.
_MOST_LAYERS = 2


def without_gzip(stored: IO[bytes]) -> IO[bytes]:
    """Return a stream without the layers of gzip around it.

    One that is packed twice, by its owner and by the server, is unpacked twice. One
    that is cut off raises EOFError.
    """
    for _ in range(_MOST_LAYERS):
        start = b""
        while len(start) < len(_MARK) and (
            more := stored.read(len(_MARK) - len(start))
        ):
            start += more
        stored = cast("IO[bytes]", io.BufferedReader(_Rejoined(start, stored)))
        if start != _MARK:
            break
        stored = cast("IO[bytes]", gzip.GzipFile(fileobj=stored))
    return stored


class _Rejoined(io.RawIOBase):
    """A stream from which the first bytes were taken already.

    Args:
        start: These bytes.
        rest: What follows.
    """

    def __init__(self, start: bytes, rest: IO[bytes]) -> None:
        self._start = start
        self._rest = rest
        self._has_ended = False

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer)
        some = self._start
        # A client of HTTP warns of whoever goes on reading behind the end.
        if not (some or self._has_ended):
            some = self._rest.read(len(view))
            self._has_ended = not some
        self._start = b""
        view[: len(some)] = some
        return len(some)
