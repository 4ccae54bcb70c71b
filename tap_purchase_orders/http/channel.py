"""Kept-alive connections to one server, with the CAs and proxies of the environment."""

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
from tap_purchase_orders.http.proxy_and_trust import route_to

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tap_purchase_orders.concurrency.cancellation import CancelToken
    from tap_purchase_orders.http.api_response import ApiResponse
    from tap_purchase_orders.redaction import Secrets

# How often a waiting thread checks whether the run is cancelled.
_LOOK_SECONDS = 0.5
_KEPT_LINES = 256
_UNSENDABLE = "the credentials have characters that no header can carry"
# RFC 9110, *Field names* and *Field values*: nothing that would end the line.
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t -~\x80-\xff]*")
# RFC 9112, *Request Target*: nothing that would end it.
_TARGET = re.compile(r"[!-~]+")


class InvalidRequestError(Exception):
    """The request has characters that HTTP does not allow."""


class ForeignHostError(Exception):
    """The request would have gone to another host than the configured one."""


class Channel:
    """Kept-alive connections to one server, for tasks and threads alike.

    TLS is verified; a private CA and proxies come from the usual variables.

    Args:
        base_url: Address of the server; no request goes to any other.
        secrets: The credentials, to which the password of a proxy is added.
        cancel_token: Ends the waiting of threads.
        grace_seconds: How long a cancelled thread still waits for a response.
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
        """Return path and query of an address at this server.

        URL parsers disagree on where the host of an odd address ends. So the host is
        compared as text, and connections go to the configured host in any case.

        Raises:
            ForeignHostError: The address is at another server.
            InvalidRequestError: It has characters that no request can carry.
            UpstreamRefusedError: The environment names certificates that are not there.
        """
        if self._problem is not None:
            raise UpstreamRefusedError(self._problem)
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
        """Return the response to a request, whatever its status.

        Args:
            method: The HTTP method.
            target: Path and query, as `target` returns them.
            fields: The lines of the header fields.
            body: The body of the request.
            connect_seconds: How long connecting may take.

        Raises:
            TransportError: No whole response came.
            UntrustedServerError: The server's certificate is not trusted.
            UnacceptableResponseError: The response is too large, or its encoding is
                unknown.
            CancelledError: The run is to end, and the response did not come soon.
        """
        asked = (method, target, fields, body, connect_seconds)
        if (loop := running_event_loop()) is not None:
            return self._connections.exchange(loop, *asked)
        future: Future[ApiResponse] = Future()
        loop = event_loop()
        exchange = partial(self._connections.exchange, loop, *asked)
        loop.begin(partial(_fulfil, future, exchange))
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
        InvalidRequestError: A field has characters that no header may have.
    """
    return [_line(name, value) for name, value in fields]


# Most lines are the same in every request.
@lru_cache(maxsize=_KEPT_LINES, typed=True)
def _line(name: str | bytes, value: object) -> bytes:
    name = name.decode("latin-1") if isinstance(name, bytes) else name
    content = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    if not (_NAME.fullmatch(name) and _VALUE.fullmatch(content)):
        raise InvalidRequestError(_UNSENDABLE)
    # libcurl removes a field with "name:" and sends an empty one with "name;".
    line = f"{name}: {content}" if content.strip(" \t") else f"{name};"
    return line.encode("latin-1")
