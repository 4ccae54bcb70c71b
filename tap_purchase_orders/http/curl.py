"""One HTTP exchange by libcurl, within limits of size and time."""

from __future__ import annotations

import zlib
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pycurl

from tap_purchase_orders.concurrency.event_loop import (
    Transfers,
    event_loop,
    running_event_loop,
)
from tap_purchase_orders.http import response_limits
from tap_purchase_orders.http.body_buffer import BodyBuffer, LargeBodies
from tap_purchase_orders.http.curl_errors import (
    Attempt,
    TransportError,
    failure_of,
)
from tap_purchase_orders.http.curl_headers import coding_of, read_head
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

    from tap_purchase_orders.http.api_response import ApiResponse
    from tap_purchase_orders.http.route import Route

# Of TCP, of a proxy and of TLS together.
CONNECT_SECONDS = 10
# No byte for so long ends an exchange.
_SILENCE_SECONDS = 60
# What one read takes at most: few calls for a large body.
_BUFFER_BYTES = 64 * 1024
_HTTP_PROXY_PORT = 80
_LAST_LINES = {b"\r\n", b"\n"}
# Ends an exchange, where the library asks whether to go on.
_END = -1
_OPTIONS = (
    (pycurl.BUFFERSIZE, _BUFFER_BYTES),
    (pycurl.FOLLOWLOCATION, 0),
    # What is for the server is not for a proxy.
    (pycurl.HEADEROPT, pycurl.HEADER_SEPARATE),
    (pycurl.HTTP09_ALLOWED, 0),
    (pycurl.LOW_SPEED_LIMIT, 1),
    (pycurl.LOW_SPEED_TIME, _SILENCE_SECONDS),
    (pycurl.NETRC, pycurl.NETRC_IGNORED),
    # Signals are the tap's, and no way to keep time beside threads.
    (pycurl.NOSIGNAL, 1),
    (pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
    (pycurl.SSLVERSION, pycurl.SSLVERSION_TLSv1_2),
    (pycurl.SSL_VERIFYHOST, 2),
    (pycurl.SSL_VERIFYPEER, 1),
    (pycurl.TCP_KEEPALIVE, 1),
)
# Each option for the server, and its like for a proxy that speaks TLS itself.
_AUTHORITY_FILES = (pycurl.CAINFO, pycurl.PROXY_CAINFO)
_AUTHORITY_FOLDERS = (pycurl.CAPATH, pycurl.PROXY_CAPATH)


class Connections:
    """Connections to one server, for the tasks of a loop.

    TLS is verified, redirects are not followed, no cookies are kept, and no file of
    the user's (`.netrc`, `.curlrc`) is looked at. HTTP/2 is spoken over TLS where the
    server has it. A process that was forked has to make its own.

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

    def exchange(
        self,
        method: str,
        target: str,
        fields: Sequence[bytes],
        body: bytes | None,
        connect_seconds: float,
    ) -> ApiResponse:
        """Return the answer to a request; for tasks of a loop only.

        Args:
            method: The method of HTTP.
            target: Path and query, printable ASCII; they are sent as they are.
            fields: The lines of its header fields.
            body: What is sent with it, if anything.
            connect_seconds: How long connecting may take.

        Raises:
            TransportError: No whole answer came.
            UntrustedServerError: The server's certificate is not trusted.
            UnacceptableResponseError: The response is too large, or its encoding is
                unknown.
        """
        exchange = self._free.pop() if self._free else self._new()
        try:
            exchange.limit_connecting(connect_seconds)
            return exchange.made(method, target, fields, body)
        finally:
            self._free.append(exchange)

    def close(self) -> None:
        """Close the connections, soon; where one is in use, when it no longer is."""
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
            # Where the address has none; the library would take another.
            handle.setopt(pycurl.PROXYPORT, _HTTP_PROXY_PORT)
        # Those that the library was built with must not be trusted, too.
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

    What the library calls must raise nothing: its binding would print it.

    Args:
        handle: The library's own, ready but for the request.
        transfers: What performs it.
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
        # How many requests in a row a kept connection did not serve.
        self._unheard = 0
        handle.setopt(pycurl.PREREQFUNCTION, self._begin)
        handle.setopt(pycurl.HEADERFUNCTION, self._take_line)
        handle.setopt(pycurl.WRITEFUNCTION, self._take_piece)
        self._expect()

    def _expect(self) -> None:
        """Make ready for the next answer."""
        self._loop = running_event_loop()
        self._body = BodyBuffer(self._places, self._go_on)
        # The head, once it is whole; and the lines of it until then.
        self._head: ApiResponse | None = None
        self._lines: list[bytes] = []
        self._head_bytes = 0
        # How many requests the library would have sent for it.
        self._requests = 0
        self._coding = ""
        self._is_packed = False
        # Whether the rest of the answer is of no interest, or why it was not taken in.
        self._is_enough = False
        self._problem: TransportError | UnacceptableResponseError | None = None

    def limit_connecting(self, seconds: float) -> None:
        """Let connecting take so long."""
        self._handle.setopt(pycurl.CONNECTTIMEOUT_MS, int(seconds * 1000))

    def made(
        self, method: str, target: str, fields: Sequence[bytes], body: bytes | None
    ) -> ApiResponse:
        """Return the answer to a request; the same as `Connections.exchange`."""
        handle = self._handle
        handle.setopt(pycurl.REQUEST_TARGET, target)
        if fields is not self._sent_fields:
            handle.setopt(pycurl.HTTPHEADER, fields)
            self._sent_fields = fields
        self._choose(method, body)
        self._expect()
        try:
            assert self._loop is not None  # noqa: S101  # it is a task that calls
            if code := self._loop.perform(self._transfers, handle):
                self._failed(code)
            self._unheard = 0
            return self._whole()
        except BaseException:
            self._body.close()
            raise

    def _choose(self, method: str, body: bytes | None) -> None:
        """Make ready to send by a method, with a body or without."""
        handle = self._handle
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
        """Return if what came is enough.

        Raises:
            TransportError: No whole answer came.
            UntrustedServerError: The server's certificate is not trusted.
            UnacceptableResponseError: The response is too large, or its encoding is
                unknown.
        """
        if self._is_enough:
            return
        was_stale_connection = self._requests > 1
        if was_stale_connection:
            self._unheard += 1
            if self._unheard > 1:
                # It may be that a server of HTTP/2 wants to be asked in HTTP/1.1 (RFC
                # 9113, HTTP_1_1_REQUIRED): the next request is.
                http_1 = pycurl.CURL_HTTP_VERSION_1_1
                self._handle.setopt(pycurl.HTTP_VERSION, http_1)
        attempt = Attempt(
            self._handle,
            self._route,
            is_sent=self._requests > 0,
            was_stale_connection=was_stale_connection,
            has_head=self._head is not None,
        )
        raise self._problem or failure_of(code, attempt)

    def _whole(self) -> ApiResponse:
        """Return the answer, all of which has come.

        Raises:
            TransportError: There is no head, or its packed body is broken.
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
                raise TransportError(BROKEN) from error
        head.content, head.close = body.value(), body.close
        return head

    def _begin(self, *_: object) -> int:
        """Return whether a request may be sent: one may.

        Where a kept connection turns out to be closed, the library would send it once
        more, and nobody would count that one.
        """
        self._requests += 1
        is_first = self._requests == 1
        return int(pycurl.PREREQFUNC_OK if is_first else pycurl.PREREQFUNC_ABORT)

    def _take_line(self, line: bytes) -> int:
        """Take in a line of a head, or of what follows a body."""
        length = len(line)
        self._head_bytes += length
        if self._head_bytes > response_limits.LARGEST_HEAD_BYTES:
            words = BROKEN if self._head else HEAD_TOO_LARGE
            self._problem = TransportError(words)
            return _END
        if self._head is None:
            self._lines.append(line)
            if line in _LAST_LINES and not self._take_head():
                return _END
        return length

    def _take_head(self) -> bool:
        """Take in a whole head; return whether to go on."""
        head = read_head(self._lines)
        # Its fields keep the lines.
        self._lines = []
        if head.status == HTTPStatus.SWITCHING_PROTOCOLS:
            self._problem = TransportError(NO_HTTP)
            return False
        if head.status < HTTPStatus.OK or self._requests == 0:
            # An interim answer, or that of a proxy.
            return True
        self._head = head
        self._is_enough = head.status in response_limits.REDIRECTS
        try:
            self._coding = coding_of(head)
            self._is_packed = is_packed(self._coding)
        except UnacceptableResponseError as error:
            self._problem = error
        return not (self._is_enough or self._problem)

    def _take_piece(self, piece: bytes) -> int | None:
        """Take in a piece of the body."""
        try:
            return None if self._body.take(piece) else pycurl.WRITEFUNC_PAUSE
        except UnacceptableResponseError as error:
            self._problem = error
            return _END

    def _go_on(self) -> None:
        """Let the library go on after a pause; for any thread."""
        if self._loop is not None:
            self._loop.begin(self._unpause)

    def _unpause(self) -> None:
        # It may have ended meanwhile.
        with suppress(pycurl.error):
            self._handle.pause(pycurl.PAUSE_CONT)
