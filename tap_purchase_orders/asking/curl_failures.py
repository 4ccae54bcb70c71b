"""Why no whole answer came, by the codes of libcurl (*libcurl error codes*)."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pycurl
from msgspec import Struct

from tap_purchase_orders.wire import failures
from tap_purchase_orders.wire.failures import certificate_words

if TYPE_CHECKING:
    from collections.abc import Mapping

_UNREADABLE_AUTHORITIES = (
    "the certificates in REQUESTS_CA_BUNDLE cannot be read; check that variable"
)
# The library checks the name of the host itself; OpenSSL had nothing to say then.
_NO_VERDICTS = {0, 1}
# The code has no name in every version of the binding.
_TOO_LARGE = 100
_WORDS: Mapping[int, str] = {
    pycurl.E_ABORTED_BY_CALLBACK: failures.NO_ANSWER,
    pycurl.E_COULDNT_RESOLVE_HOST: failures.UNKNOWN_HOST,
    pycurl.E_FTP_WEIRD_SERVER_REPLY: failures.NO_HTTP,
    pycurl.E_GOT_NOTHING: failures.NO_ANSWER,
    pycurl.E_OPERATION_TIMEDOUT: failures.NOT_CONNECTED_IN_TIME,
    pycurl.E_SSL_CONNECT_ERROR: failures.NO_TLS,
    pycurl.E_UNSUPPORTED_PROTOCOL: failures.NO_HTTP,
    _TOO_LARGE: failures.HEAD_TOO_LARGE,
}


class ExchangeError(Exception):
    """No whole answer came.

    Args:
        words: Why, in words, without addresses.
        is_untrusted: Whether that is since the server's certificate is not trusted.
        is_unheard: Whether it is since a kept connection was no longer served.
    """

    def __init__(
        self, words: str, *, is_untrusted: bool = False, is_unheard: bool = False
    ) -> None:
        super().__init__(words)
        self.is_untrusted = is_untrusted
        self.is_unheard = is_unheard


class Attempt(Struct, frozen=True):
    """How far an exchange came that failed.

    Attributes:
        handle: What it was made with.
        proxy: The address of the proxy, or nothing.
        is_sent: Whether a request was begun to be sent.
        is_unheard: Whether the library would have sent it once more.
        has_head: Whether the head of an answer was read.
    """

    handle: pycurl.Curl
    proxy: str
    is_sent: bool
    is_unheard: bool
    has_head: bool


def failure_of(code: int, attempt: Attempt) -> ExchangeError:
    """Return the error for an exchange that failed with a code of the library's."""
    if not attempt.is_sent and attempt.proxy and not _has_tunnel(code, attempt):
        return ExchangeError(failures.NO_PROXY)
    if code == pycurl.E_PEER_FAILED_VERIFICATION:
        verdict = attempt.handle.getinfo(pycurl.SSL_VERIFYRESULT)
        verdict = failures.OF_ANOTHER_HOST if verdict in _NO_VERDICTS else verdict
        return ExchangeError(certificate_words(verdict), is_untrusted=True)
    if code == pycurl.E_SSL_CACERT_BADFILE:
        return ExchangeError(_UNREADABLE_AUTHORITIES, is_untrusted=True)
    return ExchangeError(_words(code, attempt), is_unheard=attempt.is_unheard)


def _has_tunnel(code: int, attempt: Attempt) -> bool:
    """Return whether a proxy did its part, so that the server behind it failed."""
    if code == pycurl.E_SSL_CACERT_BADFILE:
        return True
    said = attempt.handle.getinfo(pycurl.HTTP_CONNECTCODE)
    if urlsplit(attempt.proxy).scheme.startswith("socks"):
        # It says nothing in HTTP.
        return code in {pycurl.E_SSL_CONNECT_ERROR, pycurl.E_PEER_FAILED_VERIFICATION}
    return bool(said == 200)  # noqa: PLR2004  # "Connection established"


def _words(code: int, attempt: Attempt) -> str:
    if code == pycurl.E_OPERATION_TIMEDOUT and attempt.is_sent:
        return failures.NOT_ANSWERED_IN_TIME
    if attempt.has_head:
        return failures.BROKEN
    if code == pycurl.E_COULDNT_CONNECT:
        is_refused = attempt.handle.getinfo(pycurl.OS_ERRNO) == errno.ECONNREFUSED
        return failures.REFUSED if is_refused else failures.FAILED
    return _WORDS.get(code, failures.FAILED)
