"""Exchanges by libcurl: one request, one whole answer, within bounds."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from threading import BoundedSemaphore
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pycurl
from msgspec import Struct

from tap_purchase_orders.asking.curl_failures import (
    Attempt,
    ExchangeError,
    failure_of,
)
from tap_purchase_orders.asking.curl_head import Head, read_head
from tap_purchase_orders.wire import bounded
from tap_purchase_orders.wire.bounded import Body, UnfitAnswerError, Unpacking
from tap_purchase_orders.wire.failures import (
    BROKEN,
    HEAD_TOO_LARGE,
    NO_HTTP,
    NOT_ANSWERED_IN_TIME,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

# Of TCP, of a proxy and of TLS together.
_CONNECT_SECONDS = 10
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
    (pycurl.CONNECTTIMEOUT, _CONNECT_SECONDS),
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


class Exchanged(Struct, frozen=True):
    """An answer as it came.

    Attributes:
        head: Its head.
        body: The unpacked body; to be closed when it is no longer needed.
    """

    head: Head
    body: Body


class Connections:
    """Connections to one server, each in the hands of one thread at a time.

    TLS is verified, redirects are not followed, no cookies are kept, and no file of
    the user's (`.netrc`, `.curlrc`) is looked at. HTTP/2 is spoken over TLS where the
    server has it. A process that was forked has to make its own.

    Args:
        origin: The address of the server, without a path.
        authorities: The file or folder of the certificates that are trusted.
        proxy: The address of a proxy, or nothing.
    """

    def __init__(self, origin: str, authorities: str, proxy: str = "") -> None:
        self._origin = origin
        self._authorities = authorities
        self._proxy = proxy
        # The one used last is taken first, so that few requests need few connections.
        self._free: list[pycurl.Curl] = []
        self._places = BoundedSemaphore(bounded.MOST_LARGE_BODIES)

    def exchange(
        self, target: str, fields: Sequence[bytes], body: bytes | None = None
    ) -> Exchanged:
        """Return the answer to a request.

        Not for the main thread: no signal is heard in here.

        Args:
            target: Path and query, printable ASCII; they are sent as they are.
            fields: The lines of its header fields.
            body: What is posted; none for a request that gets.

        Raises:
            ExchangeError: No whole answer came.
            UnfitAnswerError: The answer is too large, or packed in an unknown way.
        """
        try:
            handle = self._free.pop()
        except IndexError:
            handle = self._new_handle()
        handle.setopt(pycurl.REQUEST_TARGET, target)
        handle.setopt(pycurl.HTTPHEADER, fields)
        if body is None:
            handle.setopt(pycurl.HTTPGET, 1)
        else:
            handle.setopt(pycurl.POSTFIELDS, body)
        answer = _Answer(Body(bounded.LARGEST_BODY_BYTES, self._places))
        try:
            return self._performed(handle, answer)
        except BaseException:
            answer.body.close()
            raise
        finally:
            self._free.append(handle)

    def close(self) -> None:
        """Close the connections that are not in use."""
        while self._free:
            self._free.pop().close()

    def _performed(self, handle: pycurl.Curl, answer: _Answer) -> Exchanged:
        handle.setopt(pycurl.PREREQFUNCTION, answer.begin)
        handle.setopt(pycurl.HEADERFUNCTION, answer.take_line)
        handle.setopt(pycurl.WRITEFUNCTION, answer.take_piece)
        try:
            handle.perform()
        except pycurl.error as error:
            if answer.is_enough:
                return answer.whole()
            if answer.requests > 1:
                # It may be that a server of HTTP/2 wants to be asked in HTTP/1.1 (RFC
                # 9113, HTTP_1_1_REQUIRED): the next request is.
                handle.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
            attempt = Attempt(
                handle,
                self._proxy,
                is_sent=answer.requests > 0,
                has_head=answer.head is not None,
            )
            problem = answer.problem or failure_of(error.args[0], attempt)
            raise problem from error
        return answer.whole()

    def _new_handle(self) -> pycurl.Curl:
        handle = pycurl.Curl()
        for option, value in _OPTIONS:
            handle.setopt(option, value)
        handle.setopt(pycurl.URL, self._origin)
        handle.setopt(pycurl.TIMEOUT_MS, int(bounded.ANSWER_SECONDS * 1000))
        # Both are set even when empty: the library would look for variables itself.
        handle.setopt(pycurl.PROXY, self._proxy)
        handle.setopt(pycurl.NOPROXY, "")
        if urlsplit(self._proxy).scheme in {"", "http"}:
            # Where the address has none; the library would take another.
            handle.setopt(pycurl.PROXYPORT, _HTTP_PROXY_PORT)
        # Those that the library was built with must not be trusted, too.
        trusted, others = _AUTHORITY_FILES, _AUTHORITY_FOLDERS
        if Path(self._authorities).is_dir():
            trusted, others = others, trusted
        for option in trusted:
            handle.setopt(option, self._authorities)
        for option in others:
            handle.unsetopt(option)
        return handle


class _Answer:
    """An answer while it comes.

    No exception may leave what the library calls: its binding would print it.

    Attributes:
        body: Its body.
        head: Its head, once it is whole.
        requests: How many requests the library would have sent for it.
        is_enough: Whether the rest of it is of no interest.
        problem: Why it was not taken in.
    """

    def __init__(self, body: Body) -> None:
        self.body = body
        self.head: Head | None = None
        self.requests = 0
        self.is_enough = False
        self.problem: ExchangeError | UnfitAnswerError | None = None
        self._unpacking = Unpacking("", body)
        self._lines: list[bytes] = []
        self._head_bytes = 0

    def begin(self, *_: object) -> int:
        """Return whether a request may be sent: one may.

        Where a kept connection turns out to be closed, the library would send it once
        more: uncounted, and without a wait.
        """
        self.requests += 1
        is_first = self.requests == 1
        return int(pycurl.PREREQFUNC_OK if is_first else pycurl.PREREQFUNC_ABORT)

    def take_line(self, line: bytes) -> int:
        """Take in a line of a head, or of what follows a body."""
        self._head_bytes += len(line)
        if self._head_bytes > bounded.LARGEST_HEAD_BYTES:
            words = BROKEN if self.head else HEAD_TOO_LARGE
            self.problem = ExchangeError(words)
            return _END
        if self.head is None:
            self._lines.append(line)
            if line in _LAST_LINES:
                return self._take_head(len(line))
        return len(line)

    def _take_head(self, length: int) -> int:
        head = read_head(self._lines)
        self._lines.clear()
        if head.status == HTTPStatus.SWITCHING_PROTOCOLS:
            self.problem = ExchangeError(NO_HTTP)
            return _END
        if head.status < HTTPStatus.OK or self.requests == 0:
            # An interim answer, or that of a proxy.
            return length
        self.head = head
        if head.status in bounded.REDIRECTS:
            self.is_enough = True
            return _END
        try:
            coding = head.fields.get("Content-Encoding", "")
            self._unpacking = Unpacking(coding, self.body)
        except UnfitAnswerError as error:
            self.problem = error
            return _END
        return length

    def take_piece(self, piece: bytes) -> int:
        """Take in a piece of the body."""
        try:
            self._unpacking.take(piece)
        except UnfitAnswerError as error:
            self.problem = error
        except TimeoutError:
            self.problem = ExchangeError(NOT_ANSWERED_IN_TIME)
        except Exception:  # noqa: BLE001  # none may leave this
            self.problem = ExchangeError(BROKEN)
        return _END if self.problem else len(piece)

    def whole(self) -> Exchanged:
        """Return the answer, all of which has come.

        Raises:
            ExchangeError: There is no head, or its packed body is cut off.
        """
        if self.head is None:
            raise ExchangeError(NO_HTTP)
        if not self.is_enough:
            try:
                self._unpacking.end()
            except ValueError as error:
                raise ExchangeError(BROKEN) from error
        return Exchanged(self.head, self.body)
