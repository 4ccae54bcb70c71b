"""What an answer may have in size and in time, and sessions that keep to it.

Whatever a server sends, a worker is not held for ever by it, and does not take all of
the machine's memory. The upstreams are asked by libcurl (`asking.curl`) within the same
bounds; the sessions here are for the token authority, as MSAL needs them.
"""

from __future__ import annotations

import http.client
import io
import time
import zlib
from typing import TYPE_CHECKING, Any, cast

import requests
import urllib3
from requests.adapters import HTTPAdapter
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable
    from socket import socket

    from typing_extensions import Buffer
    from urllib3.connection import HTTPConnection
    from urllib3.connectionpool import HTTPConnectionPool

# A purchase order of 50,000 lines with every documented field, or 20,000 orders of one
# customer in one answer.
LARGEST_BODY_BYTES = 64 * 1024 * 1024
# Hundreds of answers may be under way, and most have a few KB. So many at once may be
# larger than this, and the others wait: 8 requests in flight hold 272 MiB at most.
LARGE_BODY_BYTES = 4 * 1024 * 1024
MOST_LARGE_BODIES = 4
# A whole answer, head and body, however slowly its bytes trickle in. Partner Center's
# own client gives up after three minutes, too.
ANSWER_SECONDS = 180.0
# Many times what servers let a head have; `100 Continue` and its like count, too.
LARGEST_HEAD_BYTES = 256 * 1024
_CHUNK_BYTES = 64 * 1024
# Lets `zlib` tell gzip from the zlib format of `deflate` by itself.
_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
_INFLATED = {"gzip", "x-gzip", "deflate"}
_PLAIN = {"", "identity"}
# Nobody follows them, so nobody wants to know what they say.
REDIRECTS = range(300, 400)


class UnacceptableBodyError(requests.RequestException):
    """An answer has no fit body; asking again would not change that."""


class _TooLongError(http.client.HTTPException):
    """An answer has more bytes than it may have on the wire."""


class BoundedSession(requests.Session):
    """A session whose answers have been read to their end, within bounds.

    Only gzip is asked for, and only one coding is undone: so that what one byte on the
    wire can grow to is known. Redirects are not looked at, cookies are not kept, and no
    connection prints what goes over it.

    Args:
        largest_body_bytes: What the body of an answer may have, when it is unpacked.
    """

    def __init__(self, largest_body_bytes: int = LARGEST_BODY_BYTES) -> None:
        super().__init__()
        self.headers["Accept-Encoding"] = "gzip"
        adapter = _BoundedAdapter(largest_body_bytes)
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    @override
    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Return that there is nowhere to go.

        Even where redirects are not followed, `requests` would prepare the request
        that follows one, and fail where its address is no address.
        """
        return None


def whole_body(response: requests.Response) -> bytes:
    """Return the body of an answer of a `BoundedSession`, without copying it."""
    return cast("io.BytesIO", response.raw).getvalue()


def too_large(largest_bytes: int) -> UnacceptableBodyError:
    """Return the error for a body that is larger than it may be."""
    return UnacceptableBodyError(f"the answer is larger than {largest_bytes} bytes")


class Unpacking:
    """Unpacks a body as it comes, in pieces of bounded size.

    Args:
        coding: What the field `Content-Encoding` says.
        take: Takes what was packed.

    Raises:
        UnacceptableBodyError: It is in a coding that was not asked for.
    """

    def __init__(self, coding: str, take: Callable[[bytes], object]) -> None:
        self._take = take
        self._stream: zlib._Decompress | None = None
        self._is_packed = is_packed(coding)

    def take(self, data: bytes) -> None:
        """Unpack some more; raises what taking it raises.

        Raises:
            zlib.error: It is not packed as it should be.
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
                # What follows may be one more member (RFC 1952, section 2.2).
                data, stream = stream.unused_data, None
        self._stream = stream

    def end(self) -> None:
        """Return if that was all of it.

        Raises:
            ValueError: It is cut off.
        """
        if self._stream is not None:
            msg = "the packed body is cut off"
            raise ValueError(msg)


def is_packed(coding: str) -> bool:
    """Return whether a body is packed.

    Args:
        coding: What the field `Content-Encoding` says.

    Raises:
        UnacceptableBodyError: It is in a coding that was not asked for.
    """
    coding = coding.strip().lower()
    if coding in _PLAIN:
        return False
    if coding not in _INFLATED:
        msg = "the answer is packed in a way that was not asked for"
        raise UnacceptableBodyError(msg)
    return True


class _BoundedAdapter(HTTPAdapter):
    def __init__(self, largest_body_bytes: int) -> None:
        # One thread asks at a time, and keeps one connection.
        super().__init__(pool_connections=2, pool_maxsize=1)
        self._largest_body_bytes = largest_body_bytes

    @override
    def get_connection_with_tls_context(
        self, *args: Any, **kwargs: Any
    ) -> HTTPConnectionPool:
        found = super().get_connection_with_tls_context(*args, **kwargs)
        pool = cast("HTTPConnectionPool", found)
        kind = cast("type[HTTPConnection]", pool.ConnectionCls)
        if kind.response_class is not _BoundedResponse:
            # Here, since the connections may be those to a proxy of any kind. Were
            # `debuglevel` set for all connections of the process, credentials would be
            # printed among the messages.
            own = {"response_class": _BoundedResponse, "debuglevel": 0}
            pool.ConnectionCls = type(kind.__name__, (kind,), own)
        return pool

    @override
    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        *args: Any,
        **kwargs: Any,
    ) -> requests.Response:
        """Return an answer whose body is in memory.

        Raises:
            UnacceptableBodyError: The body is too large, or in a coding not asked for.
            requests.RequestException: There is no whole answer.
        """
        response = super().send(request, True, *args, **kwargs)  # noqa: FBT003  # theirs
        raw = response.raw
        try:
            response.raw = self._body(raw, response)
        except (TimeoutError, urllib3.exceptions.ReadTimeoutError) as error:
            raise requests.ReadTimeout(error, request=request) from error
        except (urllib3.exceptions.HTTPError, ValueError, zlib.error) as error:
            broken = requests.exceptions.ChunkedEncodingError
            raise broken(error, request=request) from error
        else:
            raw.release_conn()
        finally:
            raw.close()
        return response

    def _body(self, raw: Any, response: requests.Response) -> io.BytesIO:
        body = io.BytesIO()
        if response.status_code in REDIRECTS:
            raw.close()
            return body

        def take(piece: bytes) -> None:
            if body.tell() + len(piece) > self._largest_body_bytes:
                raise too_large(self._largest_body_bytes)
            body.write(piece)

        unpacking = Unpacking(response.headers.get("Content-Encoding", ""), take)
        for piece in raw.stream(_CHUNK_BYTES, decode_content=False):
            unpacking.take(piece)
        unpacking.end()
        body.seek(0)
        return body


class _BoundedResponse(http.client.HTTPResponse):
    """An answer that has so many bytes, and so much time, and no more."""

    def __init__(self, sock: socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self._meter = _Meter(self.fp.detach(), sock)
        self.fp = io.BufferedReader(self._meter)

    @override
    def begin(self) -> None:
        super().begin()
        # Chunks have heads and may have trailers: twice what a body may have is more
        # than any server needs for both.
        self._meter.allow(2 * LARGEST_BODY_BYTES)

    def _read_status(self) -> tuple[str, int, str]:
        """Return the status line.

        This method of the standard library's own is the only place where interim
        answers other than `100 Continue` can be passed over, as RFC 9110, section
        15.2, asks: the standard library takes them for the answer, and the answer for
        that to the next request.
        """
        version, status, reason = super()._read_status()  # type: ignore[misc]
        is_interim = http.HTTPStatus.CONTINUE <= status < http.HTTPStatus.OK
        if status == http.HTTPStatus.SWITCHING_PROTOCOLS:
            raise http.client.UnknownProtocol(version)
        return version, http.HTTPStatus.CONTINUE if is_interim else status, reason


class _Meter(io.RawIOBase):
    """The bytes of one answer as they come: so many, for so long.

    A timeout of a connection is one of each read; here all reads of an answer have one
    deadline together.
    """

    def __init__(self, source: io.RawIOBase, connection: socket) -> None:
        self._source = source
        self._connection = connection
        self._read_seconds = connection.gettimeout() or ANSWER_SECONDS
        self._deadline = time.monotonic() + ANSWER_SECONDS
        self._left = LARGEST_HEAD_BYTES

    def allow(self, count: int) -> None:
        """Let so many more bytes come, and no more."""
        self._left = count

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Buffer, /) -> int | None:
        """Read into a buffer and return how many bytes came.

        Raises:
            TimeoutError: The time is up.
            _TooLongError: There are too many bytes.
        """
        seconds = self._deadline - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        if seconds < self._read_seconds:
            self._connection.settimeout(seconds)
        count = self._source.readinto(buffer)
        self._left -= count or 0
        if self._left < 0:
            raise _TooLongError
        return count

    @override
    def close(self) -> None:
        self._source.close()
        super().close()
