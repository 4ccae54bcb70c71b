"""Error messages for requests that failed without a response."""

from __future__ import annotations

import http.client
import socket
import ssl
from typing import TYPE_CHECKING

import requests

from tap_purchase_orders.http.response_limits import UnacceptableBodyError

if TYPE_CHECKING:
    from collections.abc import Iterator

# OpenSSL's `X509_V_ERR_` codes: what no other CA bundle would change.
_EXPIRED = 10
OF_ANOTHER_HOST = 62
_OF_ANOTHER_HOST = {OF_ANOTHER_HOST, 64}
PROXY_SETTING = "HTTPS_PROXY"
_CHECK_PROXY = f"check the proxy in {PROXY_SETTING}"

BROKEN = "the answer was cut off or broken"
FAILED = "the connection failed or was closed"
HEAD_TOO_LARGE = "the head of the answer is too large"
NO_ANSWER = "the connection was closed without an answer"
NO_HTTP = "the answer is not one of HTTP/1"
NO_PROXY = f"no connection through the proxy; {_CHECK_PROXY}"
NO_TLS = "no secure connection (TLS) could be made"
NOT_ANSWERED_IN_TIME = "no whole answer in time"
NOT_CONNECTED_IN_TIME = "no connection in time"
REFUSED = "the connection was refused: nothing listens there"
UNKNOWN_HOST = "the host is not known (its name cannot be resolved)"


def is_untrusted(error: requests.RequestException) -> bool:
    """Return whether a request failed since the server's certificate did."""
    return _certificate_error(error) is not None


def in_words(error: requests.RequestException) -> str:
    """Return what happened, without addresses, which may hold identifiers."""
    if isinstance(error, UnacceptableBodyError):
        return str(error)
    certificate_error = _certificate_error(error)
    if certificate_error is not None:
        return certificate_words(certificate_error.verify_code)
    for kinds, words in _WORDS:
        if any(isinstance(cause, kinds) for cause in _causes(error)):
            return words
    return FAILED


def _certificate_error(
    error: requests.RequestException,
) -> ssl.SSLCertVerificationError | None:
    causes = _causes(error)
    return next(
        (c for c in causes if isinstance(c, ssl.SSLCertVerificationError)), None
    )


def certificate_words(code: int) -> str:
    """Return why a server's certificate is not trusted, by OpenSSL's code for it."""
    if code == _EXPIRED:
        return "the server's certificate has expired"
    if code in _OF_ANOTHER_HOST:
        return "the server's certificate is that of another host"
    return (
        "the server's certificate is not trusted; for a private CA set "
        "REQUESTS_CA_BUNDLE"
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and all that it came from, the outermost first.

    `requests` and `urllib3` keep the cause now as an argument, now as `reason`.
    """
    pending: list[object] = [error]
    seen: set[int] = set()
    while pending:
        cause = pending.pop(0)
        if not isinstance(cause, BaseException) or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        pending += [*cause.args, getattr(cause, "reason", None), cause.__cause__]


# The first that fits counts.
_WORDS: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    ((requests.exceptions.ProxyError,), NO_PROXY),
    (
        (requests.exceptions.InvalidProxyURL, requests.exceptions.InvalidSchema),
        f"the proxy cannot be used; {_CHECK_PROXY}",
    ),
    ((socket.gaierror,), UNKNOWN_HOST),
    ((requests.ConnectTimeout,), NOT_CONNECTED_IN_TIME),
    ((requests.Timeout,), NOT_ANSWERED_IN_TIME),
    ((ConnectionRefusedError,), REFUSED),
    ((ssl.SSLError,), NO_TLS),
    ((http.client.RemoteDisconnected,), NO_ANSWER),
    ((http.client.BadStatusLine, http.client.UnknownProtocol), NO_HTTP),
    (
        (
            requests.exceptions.ChunkedEncodingError,
            requests.exceptions.ContentDecodingError,
            requests.exceptions.InvalidHeader,
        ),
        BROKEN,
    ),
    ((http.client.HTTPException,), HEAD_TOO_LARGE),
)
