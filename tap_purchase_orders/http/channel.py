"""The way to one server, for any thread."""

from __future__ import annotations

import re
import time
from concurrent.futures import Future, wait
from functools import lru_cache, partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tap_purchase_orders.concurrency.event_loop import event_loop, running_event_loop
from tap_purchase_orders.errors import CancelledError, UpstreamRefusedError
from tap_purchase_orders.http.curl import CONNECT_SECONDS, Connections
from tap_purchase_orders.http.route import route_to

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tap_purchase_orders.concurrency.cancellation import CancelToken
    from tap_purchase_orders.http.api_response import ApiResponse
    from tap_purchase_orders.redaction import Secrets

# How often one who waits looks whether asking is to end.
_LOOK_SECONDS = 0.5
_KEPT_LINES = 256
_UNSENDABLE = "the credentials have characters that no header can carry"
# RFC 9110, *Field names* and *Field values*: nothing that would end the line.
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(rb"[^\x00-\x08\x0a-\x1f\x7f]*")
# RFC 9112, *Request Target*: nothing that would end it.
_TARGET = re.compile(r"[!-~]+")


class InvalidRequestError(Exception):
    """The request cannot be put into words of HTTP."""


class ForeignHostError(Exception):
    """The request would have gone to another host than the configured one."""


class Channel:
    """Connections to one server that are kept open, for tasks and threads alike.

    TLS is verified; a private CA and proxies come from the usual variables.

    Args:
        base_url: Address of the server; nothing goes to any other.
        secrets: Takes in the password of a proxy.
        cancel_token: Ends the waiting of threads.
        grace_seconds: How long they wait then for an answer that is under way.
    """

    def __init__(
        self,
        base_url: str,
        secrets: Secrets,
        cancel_token: CancelToken,
        grace_seconds: float,
    ) -> None:
        self._cancel_token = cancel_token
        self._grace_seconds = grace_seconds
        address = urlsplit(base_url)
        self._origin = f"{address.scheme}://{address.netloc}"
        route = route_to(base_url, secrets)
        self._problem = route.problem
        self._connections = Connections(self._origin, route)

    def target(self, url: str) -> str:
        """Return path and query of an address that begins as the server's does.

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

    def exchange(
        self,
        method: str,
        target: str,
        fields: Sequence[bytes],
        body: bytes | None,
        connect_seconds: float = CONNECT_SECONDS,
    ) -> ApiResponse:
        """Return the answer to a request, whatever its status.

        Args:
            method: The method of HTTP.
            target: Path and query, as `target` returns them.
            fields: The lines of its header fields.
            body: What is sent with it.
            connect_seconds: How long connecting may take.

        Raises:
            TransportError: No whole answer came.
            UntrustedServerError: The server's certificate is not trusted.
            UnacceptableResponseError: The response is too large, or its encoding is
                unknown.
            UpstreamRefusedError: The environment names certificates that are not there.
            CancelledError: Asking is to end, and the answer did not come soon.
        """
        if self._problem is not None:
            raise UpstreamRefusedError(self._problem)
        asked = (method, target, fields, body, connect_seconds)
        exchange = partial(self._connections.exchange, *asked)
        if running_event_loop() is not None:
            return exchange()
        future: Future[ApiResponse] = Future()
        event_loop().begin(partial(_fulfil, future, exchange))
        ends_at: float | None = None
        while not wait([future], timeout=_LOOK_SECONDS).done:
            event_loop().check()
            if self._cancel_token.is_cancelled:
                now = time.monotonic()
                ends_at = ends_at or now + self._grace_seconds
                if now >= ends_at:
                    raise CancelledError
        return future.result()

    def close(self) -> None:
        """Close the connections."""
        self._connections.close()


def _fulfil(future: Future[ApiResponse], exchange: Callable[[], ApiResponse]) -> None:
    try:
        future.set_result(exchange())
    except BaseException as error:  # noqa: BLE001  # raised where the result is awaited
        future.set_exception(error)


def field_lines(fields: Iterable[tuple[str | bytes, object]]) -> list[bytes]:
    """Return the lines of header fields.

    Raises:
        InvalidRequestError: One of them would be another line, or more than one.
    """
    return [_line(name, value) for name, value in fields]


# Most of them are the same in every request.
@lru_cache(maxsize=_KEPT_LINES, typed=True)
def _line(name: str | bytes, value: object) -> bytes:
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
