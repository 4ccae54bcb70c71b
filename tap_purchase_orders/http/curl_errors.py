"""Error messages for libcurl's error codes (*libcurl error codes*)."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pycurl
from msgspec import Struct

from tap_purchase_orders.errors import UpstreamRefusedError
from tap_purchase_orders.http import error_messages
from tap_purchase_orders.http.error_messages import certificate_words, proxy_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_purchase_orders.http.proxy_and_trust import Route

# libcurl checks the host name itself; OpenSSL reports no error then.
_NO_VERDICTS = {0, 1}
# The code has no name in every version of the binding.
_TOO_LARGE = 100
_WORDS: Mapping[int, str] = {
    pycurl.E_ABORTED_BY_CALLBACK: error_messages.NO_ANSWER,
    pycurl.E_COULDNT_RESOLVE_HOST: error_messages.UNKNOWN_HOST,
    pycurl.E_FTP_WEIRD_SERVER_REPLY: error_messages.NO_HTTP,
    pycurl.E_GOT_NOTHING: error_messages.NO_ANSWER,
    pycurl.E_OPERATION_TIMEDOUT: error_messages.NOT_CONNECTED_IN_TIME,
    pycurl.E_SSL_CONNECT_ERROR: error_messages.NO_TLS,
    pycurl.E_UNSUPPORTED_PROTOCOL: error_messages.NO_HTTP,
    _TOO_LARGE: error_messages.HEAD_TOO_LARGE,
}


class TransportError(Exception):
    """No whole response came: the connection failed, timed out or was cut off.

    Args:
        words: Why, in words, without addresses.
        was_stale_connection: Whether a kept connection was closed by the server: the
            request may be sent again at once.
        status: The status of the response whose body was cut off or broken, if it is
            that.
    """

    def __init__(
        self,
        words: str,
        *,
        was_stale_connection: bool = False,
        status: int | None = None,
    ) -> None:
        super().__init__(words)
        self.was_stale_connection = was_stale_connection
        self.status = status


class UntrustedServerError(Exception):
    """The server's certificate is not trusted; a retry would not change that."""


class Attempt(Struct, frozen=True):
    """How far a failed exchange got.

    Attributes:
        handle: The handle that it was made with.
        route: How the server was to be reached.
        is_sent: Whether a request was begun to be sent.
        was_stale_connection: Whether the library would have sent it once more.
        status: The status of the response whose head was read, if one was.
    """

    handle: pycurl.Curl
    route: Route
    is_sent: bool
    was_stale_connection: bool
    status: int | None


def failure_of(
    code: int, attempt: Attempt
) -> TransportError | UntrustedServerError | UpstreamRefusedError:
    """Return the error for an exchange that failed with a code of the library's."""
    if not attempt.is_sent and attempt.route.proxy and not _has_tunnel(code, attempt):
        said = attempt.handle.getinfo(pycurl.HTTP_CONNECTCODE)
        return TransportError(proxy_words(said, attempt.route))
    if code == pycurl.E_PEER_FAILED_VERIFICATION:
        verdict = attempt.handle.getinfo(pycurl.SSL_VERIFYRESULT)
        verdict = error_messages.OF_ANOTHER_HOST if verdict in _NO_VERDICTS else verdict
        return UntrustedServerError(certificate_words(verdict))
    if code == pycurl.E_SSL_CACERT_BADFILE:
        return UpstreamRefusedError(attempt.route.unreadable_authorities)
    words = _words(code, attempt)
    return TransportError(
        words,
        was_stale_connection=attempt.was_stale_connection,
        status=attempt.status if words == error_messages.BROKEN else None,
    )


def _has_tunnel(code: int, attempt: Attempt) -> bool:
    """Return whether a proxy did its part, so that the server behind it failed."""
    if code == pycurl.E_SSL_CACERT_BADFILE:
        return True
    said = attempt.handle.getinfo(pycurl.HTTP_CONNECTCODE)
    if urlsplit(attempt.route.proxy).scheme.startswith("socks"):
        # It says nothing in HTTP.
        return code in {pycurl.E_SSL_CONNECT_ERROR, pycurl.E_PEER_FAILED_VERIFICATION}
    return bool(said == 200)  # noqa: PLR2004  # "Connection established"


def _words(code: int, attempt: Attempt) -> str:
    if code == pycurl.E_OPERATION_TIMEDOUT and attempt.is_sent:
        return error_messages.NOT_ANSWERED_IN_TIME
    if attempt.status is not None:
        return error_messages.BROKEN
    if code == pycurl.E_COULDNT_CONNECT:
        is_refused = attempt.handle.getinfo(pycurl.OS_ERRNO) == errno.ECONNREFUSED
        return error_messages.REFUSED if is_refused else error_messages.FAILED
    return _WORDS.get(code, error_messages.FAILED)
