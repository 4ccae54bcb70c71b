"""Limits on the size and duration of a response.

No response can hold up a worker for ever, or take all memory.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# A purchase order of 50,000 lines with every documented field, or 20,000 orders of one
# customer in one response.
LARGEST_BODY_BYTES = 64 * 1024 * 1024
# Most responses have a few KB. At most so many larger ones are in memory at once, and
# the others wait: 8 requests in flight hold 272 MiB at most.
LARGE_BODY_BYTES = 4 * 1024 * 1024
MOST_LARGE_BODIES = 4
# For a whole response, head and body, however slowly it arrives. Partner Center's own
# client gives up after three minutes, too.
ANSWER_SECONDS = 180.0
# Many times what servers allow for a head; interim responses count, too.
LARGEST_HEAD_BYTES = 256 * 1024
_CHUNK_BYTES = 64 * 1024
# Lets `zlib` tell gzip from the zlib format of `deflate` by itself.
_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
_INFLATED = {"gzip", "x-gzip", "deflate"}
_PLAIN = {"", "identity"}
# They are not followed, so their bodies are not read.
REDIRECTS = range(300, 400)


class UnacceptableResponseError(Exception):
    """A response has no fit body; a retry would not change that."""


def too_large(largest_bytes: int) -> UnacceptableResponseError:
    """Return the error for a body that is larger than it may be."""
    return UnacceptableResponseError(
        f"the response is larger than {largest_bytes} bytes"
    )


class Unpacking:
    """Decompresses a body piece by piece, in pieces of bounded size.

    Args:
        coding: The value of `Content-Encoding`.
        take: Takes the decompressed pieces.

    Raises:
        UnacceptableResponseError: The coding was not requested.
    """

    def __init__(self, coding: str, take: Callable[[bytes], object]) -> None:
        self._take = take
        self._stream: zlib._Decompress | None = None
        self._is_packed = is_packed(coding)

    def take(self, data: bytes) -> None:
        """Decompress a piece; raises what `take` raises.

        Raises:
            zlib.error: It is not compressed data.
        """
        if not self._is_packed:
            self._take(data)
            return
        stream = self._stream
        while data:
            stream = stream or zlib.decompressobj(_GZIP_OR_ZLIB)
            self._take(stream.decompress(data, _CHUNK_BYTES))
            data = stream.unconsumed_tail
            if stream.eof:
                # Another member may follow (RFC 1952, section 2.2).
                data, stream = stream.unused_data, None
        self._stream = stream

    def end(self) -> None:
        """Check that the body was complete.

        Raises:
            ValueError: It is cut off.
        """
        if self._stream is not None:
            msg = "the packed body is cut off"
            raise ValueError(msg)


def is_packed(coding: str) -> bool:
    """Return whether a body is compressed.

    Args:
        coding: The value of `Content-Encoding`.

    Raises:
        UnacceptableResponseError: The coding was not requested.
    """
    coding = coding.strip().lower()
    if coding in _PLAIN:
        return False
    if coding not in _INFLATED:
        msg = "the response is packed in a way that was not asked for"
        raise UnacceptableResponseError(msg)
    return True
