"""Sends one request and returns the whole response."""

from __future__ import annotations

import io
import os
import re
import time
from concurrent.futures import Future, wait
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote, urlsplit

import msgspec
import requests
from msgspec import Struct
from requests import PreparedRequest
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import (
    DEFAULT_CA_BUNDLE_PATH,
    get_environ_proxies,
    select_proxy,
)
from typing_extensions import override

from tap_purchase_orders.concurrency.event_loop import event_loop, running_event_loop
from tap_purchase_orders.errors import CancelledError
from tap_purchase_orders.http.curl import Connections
from tap_purchase_orders.http.curl_errors import ExchangeError
from tap_purchase_orders.http.response_limits import UnacceptableBodyError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from requests.auth import AuthBase

    from tap_purchase_orders.concurrency.cancellation import CancelToken
    from tap_purchase_orders.http.curl import Exchanged
    from tap_purchase_orders.redaction import Secrets

# As `requests` reads them.
_AUTHORITY_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
# How often one who waits looks whether asking is to end, and how long it may take then.
_LOOK_SECONDS = 0.5
_GRACE_SECONDS = 10.0
_KEPT_LINES = 256
_UNSENDABLE = "the credentials have characters that no header can carry"
# RFC 9110, *Field names* and *Field values*: nothing that would end the line.
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(rb"[^\x00-\x08\x0a-\x1f\x7f]*")
# RFC 9112, *Request Target*: nothing that would end it.
_TARGET = re.compile(r"[!-~]+")


class TransportError(Exception):
    """No whole answer came: the connection failed, timed out or was cut off.

    Args:
        words: Why.
        was_stale_connection: Whether a kept connection was closed by the server: the
            request may be sent again at once.
    """

    def __init__(self, words: str, *, was_stale_connection: bool = False) -> None:
        super().__init__(words)
        self.was_stale_connection = was_stale_connection


class UntrustedServerError(Exception):
    """The server's certificate is not trusted; asking again would not change that."""


class InvalidRequestError(Exception):
    """The request cannot be put into words of HTTP."""


class UnacceptableResponseError(Exception):
    """The answer is too large, or packed in a way that was not asked for."""


class ForeignHostError(Exception):
    """The request would have gone to another host than the configured one."""


class Request(Struct, frozen=True):
    """A reading request, without its credentials.

    Attributes:
        url: Absolute address, encoded as it is to be sent.
        headers: Header fields besides the credentials.
        body: JSON to send with it, where the upstream wants to be asked that way.
    """

    url: str
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)
    body: bytes | None = None


class Response(Struct, frozen=True):
    """An answer.

    Attributes:
        status: HTTP status.
        reason: The reason phrase behind the status.
        headers: Header fields, looked up in lower or upper case alike.
        body: The whole body, decompressed.
        sent: The request as it was signed and sent.
        close: To be called when the body has been read: only so many large ones are
            held at once.
    """

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes
    sent: PreparedRequest
    close: Callable[[], None] = lambda: None


class Transport:
    """Sends requests to one upstream over connections that are kept open.

    TLS is verified; a private CA and proxies come from the usual variables. Redirects
    are not followed: the credentials are for the configured host only. Neither API
    speaks of cookies, and none are kept.

    Args:
        auth: Signs every request just before it is sent.
        base_url: Address of the upstream; nothing goes to any other.
        secrets: Takes in every header field by which requests are signed.
        cancel_token: Ends the waiting of the main thread, soon.
    """

    def __init__(
        self, auth: AuthBase, base_url: str, secrets: Secrets, cancel_token: CancelToken
    ) -> None:
        self._auth = auth
        self._secrets = secrets
        self._cancel_token = cancel_token
        address = urlsplit(base_url)
        self._origin = f"{address.scheme}://{address.netloc}"
        # Plain http is for a server on this machine; a proxy would read along.
        is_secure = address.scheme == "https"
        proxies = get_environ_proxies(base_url) if is_secure else {}
        for proxy in proxies.values():
            secrets.add(_password(proxy))
        proxy = select_proxy(base_url, proxies) or ""
        authorities = _certificate_authorities()
        self._connections = Connections(self._origin, authorities, proxy)
        self._same = _Sent({}, {}, ())

    def send(self, request: Request) -> Response:
        """Return the answer, whatever its status.

        Raises:
            TransportError: No whole answer came.
            UntrustedServerError: The server's certificate is not trusted.
            InvalidRequestError: The credentials cannot be sent.
            UnacceptableResponseError: The response is too large, or its encoding is
                unknown.
            ForeignHostError: The address is that of another host.
            SignInError: No credentials could be had.
            CancelledError: Asking is to end, and the answer did not come soon.
        """
        # Before it is signed: no other host is to be had credentials for.
        target = self._target(request.url)
        headers = _headers(request)
        signed = self._auth(_unsigned(request, headers))
        if signed.url != request.url:
            target = self._target(str(signed.url))
        response = self._sent(signed, target, headers)
        if signed.hooks["response"]:
            # Some methods answer a challenge: `requests.auth.HTTPDigestAuth` is one.
            return _Again(
                lambda again: self._sent(again, self._target(str(again.url)), headers)
            ).heard(response)
        return response

    def close(self) -> None:
        """Close the connections."""
        self._connections.close()

    def _target(self, url: str) -> str:
        """Return path and query of an address that begins as the upstream's does.

        Those who read addresses do not agree on where the host of an odd one ends: it
        is never read, and the connection is to the configured host in any case.

        Raises:
            ForeignHostError: It begins in another way.
            InvalidRequestError: It has characters that no request can carry.
        """
        end = len(self._origin)
        target = url[end:].partition("#")[0]
        if url[:end].lower() != self._origin.lower() or not target.startswith("/"):
            msg = "the address is that of another host; it was not followed"
            raise ForeignHostError(msg)
        if not _TARGET.fullmatch(target):
            raise InvalidRequestError(_UNSENDABLE)
        return target

    def _sent(
        self, signed: PreparedRequest, target: str, unsigned: Mapping[str, str]
    ) -> Response:
        """Return the answer to a signed request.

        Args:
            signed: The request.
            target: Path and query of its address.
            unsigned: The header fields that it had before.
        """
        body = signed.body.encode() if isinstance(signed.body, str) else signed.body
        try:
            answer = self._exchange(target, self._fields(signed, unsigned), body)
        except UnacceptableBodyError as error:
            raise UnacceptableResponseError(str(error)) from error
        except ExchangeError as error:
            if error.is_untrusted:
                raise UntrustedServerError(str(error)) from error
            raise TransportError(
                str(error), was_stale_connection=error.was_stale_connection
            ) from error
        return Response(
            status=answer.head.status,
            reason=answer.head.reason,
            headers=answer.head.fields,
            body=answer.body,
            sent=signed,
            close=answer.close,
        )

    def _fields(
        self, signed: PreparedRequest, unsigned: Mapping[str, str]
    ) -> Sequence[bytes]:
        """Return the lines of a request's header fields; what signs it is a secret."""
        headers: Mapping[str, Any] = signed.headers
        if isinstance(headers, _Fields):
            headers = headers.given()
        before = self._same
        if before.headers == headers and before.unsigned == unsigned:
            return before.lines
        lines = []
        for name, value in headers.items():
            lines.append(_line(name, value))
            if unsigned.get(name) != value:
                # A scheme such as `Bearer` is not part of a credential; blanks may be.
                self._secrets.add_sent(str(value))
                self._secrets.add_sent(str(value).rpartition(" ")[2])
        self._same = _Sent(headers, unsigned, lines)
        return lines

    def _exchange(
        self, target: str, fields: Sequence[bytes], body: bytes | None
    ) -> Exchanged:
        if running_event_loop() is not None:
            return self._connections.exchange(target, fields, body)
        future: Future[Exchanged] = Future()
        exchange = partial(self._connections.exchange, target, fields, body)
        event_loop().begin(partial(_fulfil, future, exchange))
        return self._awaited(future)

    def _awaited(self, future: Future[Exchanged]) -> Exchanged:
        ends_at: float | None = None
        while not wait([future], timeout=_LOOK_SECONDS).done:
            event_loop().check()
            if self._cancel_token.is_requested:
                now = time.monotonic()
                ends_at = ends_at or now + _GRACE_SECONDS
                if now >= ends_at:
                    raise CancelledError
        return future.result()


def _headers(request: Request) -> dict[str, str]:
    headers = {**request.headers, "Accept-Encoding": "gzip"}
    if request.body is not None:
        headers["Content-Type"] = "application/json"
    return headers


def _unsigned(request: Request, headers: Mapping[str, str]) -> PreparedRequest:
    """Return a request as those who sign it know it."""
    unsigned = PreparedRequest()
    # As it was built: to prepare it would undo some of the encoding of a segment.
    unsigned.url = request.url
    unsigned.method = "GET" if request.body is None else "POST"
    unsigned.body = request.body
    unsigned.headers = _Fields(headers)
    return unsigned


class _Sent(Struct, frozen=True):
    """Header fields that were sent, which are often the same again."""

    headers: Mapping[str, str]
    unsigned: Mapping[str, str]
    lines: Sequence[bytes]


class _Fields(CaseInsensitiveDict[str]):
    """Header fields as those who sign know them, quicker to make and to go through."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__()
        self._store: dict[str, tuple[str, str]] = {
            name.lower(): (name, value) for name, value in fields.items()
        }

    def given(self) -> dict[str, str]:
        """Return the fields by their names as they were given."""
        return dict(self._store.values())


class _Again(BaseAdapter):
    """Answers as those who listen to answers know them, and sends once more for them.

    Args:
        send: Sends a request.
    """

    def __init__(self, send: Callable[[PreparedRequest], Response]) -> None:
        super().__init__()
        self._send = send

    @override
    def send(
        self, request: PreparedRequest, *_: object, **__: object
    ) -> requests.Response:
        return self.shown(self._send(request))

    @override
    def close(self) -> None:
        """Do nothing: the connections are another's."""

    def shown(self, response: Response) -> requests.Response:
        """Return an answer as `requests` has them."""
        shown: Any = requests.Response()
        shown.status_code, shown.reason = response.status, response.reason
        shown.headers = CaseInsensitiveDict(response.headers)
        shown.url, shown.request = response.sent.url, response.sent
        shown.raw, shown.connection = io.BytesIO(response.body), self
        response.close()
        return cast("requests.Response", shown)

    def heard(self, response: Response) -> Response:
        """Return what those who listen to an answer make of it."""
        last = self.shown(response)
        for listener in response.sent.hooks["response"]:
            last = listener(last) or last
        return Response(
            last.status_code, last.reason, last.headers, last.content, last.request
        )


def _fulfil(future: Future[Exchanged], exchange: Callable[[], Exchanged]) -> None:
    try:
        future.set_result(exchange())
    except BaseException as error:  # noqa: BLE001  # raised where the result is awaited
        future.set_exception(error)


def _certificate_authorities() -> str:
    """Return the file or folder of trusted certificates, by the usual variables."""
    named = (os.environ.get(name) for name in _AUTHORITY_VARIABLES)
    return next(filter(None, named), DEFAULT_CA_BUNDLE_PATH)


# Most of them are the same in every request.
@lru_cache(maxsize=_KEPT_LINES, typed=True)
def _line(name: str | bytes, value: object) -> bytes:
    """Return the line of a header field.

    Raises:
        InvalidRequestError: It would be another line, or more than one.
    """
    try:
        name, content = _latin(name), _latin(value)
    except UnicodeEncodeError:
        name = content = b"\n"
    if not _NAME.fullmatch(name) or not _VALUE.fullmatch(content):
        raise InvalidRequestError(_UNSENDABLE)
    # An empty one would take a field away, were it not said in the library's own way.
    return name + b": " + content if content.strip() else name + b";"


def _latin(text: object) -> bytes:
    return text if isinstance(text, bytes) else str(text).encode("latin-1")


def _password(proxy: str) -> str:
    """Return the password in the address of a proxy, if it has one."""
    user = proxy.rpartition("@")[0].rpartition("/")[2]
    return unquote(user.partition(":")[2])
