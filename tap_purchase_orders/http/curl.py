"""One HTTP exchange by libcurl, within limits of size and time."""

from __future__ import annotations

import zlib
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pycurl

from tap_purchase_orders.concurrency.event_loop import event_loop
from tap_purchase_orders.concurrency.transfers import Transfers
from tap_purchase_orders.http import response_limits
from tap_purchase_orders.http.body_buffer import BodyBuffer, LargeBodies
from tap_purchase_orders.http.curl_errors import (
    Attempt,
    TransportError,
    failure_of,
)
from tap_purchase_orders.http.curl_headers import read_head
from tap_purchase_orders.http.error_messages import (
    BROKEN,
    HEAD_TOO_LARGE,
    NO_HTTP,
    NOT_ANSWERED_IN_TIME,
)
from tap_purchase_orders.http.response_limits import (
    UnacceptableResponseError,
    is_packed,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_purchase_orders.concurrency.event_loop import EventLoop
    from tap_purchase_orders.http.api_response import ApiResponse
    from tap_purchase_orders.http.proxy_and_trust import Route

# To look at a member of an enumeration is a call in Python 3.11.
_SWITCHING_PROTOCOLS = int(HTTPStatus.SWITCHING_PROTOCOLS)
_OK = int(HTTPStatus.OK)
# For TCP, a proxy and TLS together.
CONNECT_SECONDS = 10
# An exchange ends if no byte comes for so long.
_SILENCE_SECONDS = 60
# The most that one read takes; large, so that a large body needs few calls.
_BUFFER_BYTES = 64 * 1024
_HTTP_PROXY_PORT = 80
_LAST_LINES = {b"\r\n", b"\n"}
# A callback's return value that ends the exchange.
_END = -1
_OPTIONS = (
    (pycurl.BUFFERSIZE, _BUFFER_BYTES),
    (pycurl.FOLLOWLOCATION, 0),
    # Header fields for the server are not sent to a proxy.
    (pycurl.HEADEROPT, pycurl.HEADER_SEPARATE),
    (pycurl.HTTP09_ALLOWED, 0),
    (pycurl.LOW_SPEED_LIMIT, 1),
    (pycurl.LOW_SPEED_TIME, _SILENCE_SECONDS),
    (pycurl.NETRC, pycurl.NETRC_IGNORED),
    # Signals are handled by the tap, and libcurl's timeouts by them fail with threads.
    (pycurl.NOSIGNAL, 1),
    (pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
    (pycurl.SSLVERSION, pycurl.SSLVERSION_TLSv1_2),
    (pycurl.SSL_VERIFYHOST, 2),
    (pycurl.SSL_VERIFYPEER, 1),
    (pycurl.TCP_KEEPALIVE, 1),
)
# Each option for the server, and the same for a proxy that is reached by TLS.
_AUTHORITY_FILES = (pycurl.CAINFO, pycurl.PROXY_CAINFO)
_AUTHORITY_FOLDERS = (pycurl.CAPATH, pycurl.PROXY_CAPATH)


class Connections:
    """Connections to one server, for tasks of the event loop.

    TLS is verified, redirects are not followed, no cookies are kept, and no file of
    the user's (`.netrc`, `.curlrc`) is read. HTTP/2 is used over TLS if the server has
    it. A forked process has to make its own.

    Args:
        origin: The address of the server, without a path.
        route: How it is reached.
    """

    def __init__(self, origin: str, route: Route) -> None:
        self._origin = origin
        self._route = route
        self._transfers = Transfers()
        self._free: list[_Exchange] = []
        self._places = LargeBodies(response_limits.MOST_LARGE_BODIES)

    def exchange(  # noqa: PLR0913, PLR0917
        self,
        loop: EventLoop,
        method: str,
        target: str,
        fields: Sequence[bytes],
        body: bytes | None,
        connect_seconds: float,
    ) -> ApiResponse:
        """Return the response to a request; for tasks of the event loop only.

        Args:
            loop: The event loop of the task.
            method: The HTTP method.
            target: Path and query, printable ASCII; they are sent as they are.
            fields: The lines of the header fields.
            body: The body of the request, if it has one.
            connect_seconds: How long connecting may take.

        Raises:
            TransportError: No whole response came.
            UntrustedServerError: The server's certificate is not trusted.
            UnacceptableResponseError: The response is too large, or its encoding is
                unknown.
        """
        exchange = self._free.pop() if self._free else self._new()
        try:
            exchange.choose(method, body, connect_seconds)
            return exchange.made(loop, target, fields)
        finally:
            self._free.append(exchange)

    def close(self) -> None:
        """Close the connections soon, those in use when they are free."""
        event_loop().begin(self._transfers.close)

    def _new(self) -> _Exchange:
        handle = self._new_handle()
        return _Exchange(handle, self._transfers, self._route, self._places)

    def _new_handle(self) -> pycurl.Curl:
        handle = pycurl.Curl()
        for option, value in _OPTIONS:
            handle.setopt(option, value)
        handle.setopt(pycurl.URL, self._origin)
        handle.setopt(pycurl.TIMEOUT_MS, int(response_limits.ANSWER_SECONDS * 1000))
        # Both are set even when empty: the library would look for variables itself.
        handle.setopt(pycurl.PROXY, self._route.proxy)
        handle.setopt(pycurl.NOPROXY, "")
        if urlsplit(self._route.proxy).scheme in {"", "http"}:
            # If the address has none; libcurl's default is another.
            handle.setopt(pycurl.PROXYPORT, _HTTP_PROXY_PORT)
        # The authorities that libcurl was built with are not trusted.
        trusted, others = _AUTHORITY_FILES, _AUTHORITY_FOLDERS
        if Path(self._route.authorities).is_dir():
            trusted, others = others, trusted
        for option in trusted:
            handle.setopt(option, self._route.authorities)
        for option in others:
            handle.unsetopt(option)
        return handle


class _Exchange:
    """Makes one exchange after another.

    The callbacks must not raise: the binding would print the error.

    Args:
        handle: A libcurl handle, ready but for the request.
        transfers: The transfers to the server.
        route: How the server is reached.
        places: The places for large bodies.
    """

    def __init__(
        self,
        handle: pycurl.Curl,
        transfers: Transfers,
        route: Route,
        places: LargeBodies,
    ) -> None:
        self._handle = handle
        self._transfers = transfers
        self._route = route
        self._places = places
        self._sent_fields: Sequence[bytes] = ()
        # What the last request was like, if it had no body.
        self._kind: tuple[str, float] | None = None
        self._loop: EventLoop | None = None
        # How many requests in a row failed on a stale connection.
        self._stale_in_a_row = 0
        handle.setopt(pycurl.PREREQFUNCTION, self._begin)
        handle.setopt(pycurl.HEADERFUNCTION, self._take_line)
        handle.setopt(pycurl.WRITEFUNCTION, self._take_piece)
        self._expect()

    def _expect(self) -> None:
        """Reset for the next response."""
        self._body = BodyBuffer(self._places, self._go_on)
        # The head, once it is complete, and its lines until then.
        self._head: ApiResponse | None = None
        self._lines: list[bytes] = []
        self._head_bytes = 0
        # How many requests libcurl has tried to send for it.
        self._requests = 0
        self._coding = ""
        self._is_packed = False
        # Whether the body is of no interest, or why the response was refused.
        self._is_enough = False
        self._problem: TransportError | UnacceptableResponseError | None = None

    def made(
        self, loop: EventLoop, target: str, fields: Sequence[bytes]
    ) -> ApiResponse:
        """Return the response to a request; the same as `Connections.exchange`."""
        handle = self._handle
        handle.setopt(pycurl.REQUEST_TARGET, target)
        if fields is not self._sent_fields:
            handle.setopt(pycurl.HTTPHEADER, fields)
            self._sent_fields = fields
        self._loop = loop
        self._expect()
        try:
            if code := loop.perform(self._transfers, handle):
                self._failed(code)
            self._stale_in_a_row = 0
            return self._whole()
        except BaseException:
            self._body.close()
            raise

    def choose(self, method: str, body: bytes | None, connect_seconds: float) -> None:
        """Set the method, the body, and how long connecting may take."""
        kind = (method, connect_seconds)
        if body is None and kind == self._kind:
            return
        self._kind = kind if body is None else None
        handle = self._handle
        handle.setopt(pycurl.CONNECTTIMEOUT_MS, int(connect_seconds * 1000))
        handle.setopt(pycurl.NOBODY, method == "HEAD")
        usual = method
        if body is not None or method == "POST":
            handle.setopt(pycurl.POSTFIELDS, body or b"")
            usual = "POST"
        elif method != "HEAD":
            handle.setopt(pycurl.HTTPGET, 1)
            usual = "GET"
        if method == usual:
            handle.unsetopt(pycurl.CUSTOMREQUEST)
        else:
            handle.setopt(pycurl.CUSTOMREQUEST, method)

    def _failed(self, code: int) -> None:
        """Raise the error for a failed exchange, unless the head was enough.

        Raises:
            TransportError: No whole response came.
            UntrustedServerError: The server's certificate is not trusted.
            UnacceptableResponseError: The response is too large, or its encoding is
                unknown.
        """
        if self._is_enough:
            return
        was_stale_connection = self._requests > 1
        if was_stale_connection:
            self._stale_in_a_row += 1
            if self._stale_in_a_row > 1:
                # An HTTP/2 server may want HTTP/1.1 (RFC 9113, HTTP_1_1_REQUIRED): the
                # next request uses that.
                http_1 = pycurl.CURL_HTTP_VERSION_1_1
                self._handle.setopt(pycurl.HTTP_VERSION, http_1)
        attempt = Attempt(
            self._handle,
            self._route,
            is_sent=self._requests > 0,
            was_stale_connection=was_stale_connection,
            status=self._head.status if self._head else None,
        )
        raise self._problem or failure_of(code, attempt)

    def _whole(self) -> ApiResponse:
        """Return the complete response.

        Raises:
            TransportError: There is no head, or its compressed body is broken.
            UnacceptableResponseError: It is too large.
        """
        head, body = self._head, self._body
        if head is None:
            raise TransportError(NO_HTTP)
        if self._is_packed and not self._is_enough:
            try:
                body.unpack(self._coding)
            except TimeoutError as error:
                raise TransportError(NOT_ANSWERED_IN_TIME) from error
            except (ValueError, zlib.error) as error:
                raise TransportError(BROKEN, status=head.status) from error
        head.content, head.close = body.value(), body.close
        return head

    def _begin(self, *_: object) -> int:
        """Return whether a request may be sent: only the first may.

        If a kept-alive connection turns out to be closed, libcurl would send the
        request again without counting it.
        """
        self._requests += 1
        is_first = self._requests == 1
        return int(pycurl.PREREQFUNC_OK if is_first else pycurl.PREREQFUNC_ABORT)

    def _take_line(self, line: bytes) -> int:
        """Add a line of a head, or of the trailers."""
        length = len(line)
        self._head_bytes += length
        if self._head_bytes > response_limits.LARGEST_HEAD_BYTES:
            self._problem = (
                TransportError(BROKEN, status=self._head.status)
                if self._head
                else TransportError(HEAD_TOO_LARGE)
            )
            return _END
        if self._head is None:
            self._lines.append(line)
            if line in _LAST_LINES and not self._take_head():
                return _END
        return length

    def _take_head(self) -> bool:
        """Read a complete head; return whether to go on."""
        head = read_head(self._lines)
        # The head keeps the lines: a new list for the next one.
        self._lines = []
        if head.status == _SWITCHING_PROTOCOLS:
            self._problem = TransportError(NO_HTTP)
            return False
        if head.status < _OK or self._requests == 0:
            # An interim response, or that of a proxy.
            return True
        self._head = head
        self._is_enough = head.status in response_limits.REDIRECTS
        try:
            self._coding = head.headers.get("content-encoding", "")
            self._is_packed = self._coding != "" and is_packed(self._coding)
        except UnacceptableResponseError as error:
            self._problem = error
        return not (self._is_enough or self._problem)

    def _take_piece(self, piece: bytes) -> int | None:
        """Add a piece of the body."""
        try:
            return None if self._body.take(piece) else pycurl.WRITEFUNC_PAUSE
        except UnacceptableResponseError as error:
            self._problem = error
            return _END

    def _go_on(self) -> None:
        """Resume a paused transfer; for any thread."""
        if self._loop is not None:
            self._loop.begin(self._unpause)

    def _unpause(self) -> None:
        # It may have ended meanwhile.
        with suppress(pycurl.error):
            self._handle.pause(pycurl.PAUSE_CONT)
