"""One request over the wire, and its whole answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import requests
from requests.auth import AuthBase
from typing_extensions import override
from urllib3.util import parse_url

from tap_purchase_orders.wire.bounded import (
    BoundedSession,
    UnfitAnswerError,
    whole_body,
)
from tap_purchase_orders.wire.failures import in_words, is_untrusted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_purchase_orders.redaction import Secrets

_CONNECT_SECONDS = 10.0
_READ_SECONDS = 60.0


class TransportError(Exception):
    """No whole answer came: the connection failed, timed out or was cut off."""


class UntrustedServerError(Exception):
    """The server's certificate is not trusted; asking again would not change that."""


class UnsendableError(Exception):
    """The request cannot be put into words of HTTP."""


class UnfitError(Exception):
    """The answer is too large, or packed in a way that was not asked for."""


class ElsewhereError(Exception):
    """The request would have gone to another host than the configured one."""


@dataclass(frozen=True, slots=True)
class Request:
    """A reading request, without its credentials.

    Attributes:
        url: Absolute address, encoded as it is to be sent.
        headers: Header fields besides the credentials.
        body: JSON to send with it, where the upstream wants to be asked that way.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Response:
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
    sent: requests.PreparedRequest = field(repr=False)
    close: Callable[[], None] = field(default=lambda: None, repr=False)


class Transport:
    """Sends requests to one upstream over connections that are kept open.

    TLS is verified; a private CA and proxies come from the usual variables. Redirects
    are not followed: the credentials are for the configured host only. Neither API
    speaks of cookies, and none are kept: a shared jar would tie requests together.

    Args:
        auth: Signs every request just before it is sent.
        base_url: Address of the upstream; it decides on proxy and CA.
        connections: How many connections are kept open.
        secrets: Takes in every header field by which requests are signed.
    """

    def __init__(
        self, auth: AuthBase, base_url: str, connections: int, secrets: Secrets
    ) -> None:
        self._auth = auth
        self._secrets = secrets
        self._host = parse_url(base_url)[:4]
        self._session = BoundedSession(connections)
        # A netrc file must not replace the credentials that were configured.
        self._session.auth = _Unsigned()
        self._environment = self._session.merge_environment_settings(
            base_url, {}, stream=True, verify=None, cert=None
        )
        if urlsplit(base_url).scheme == "http":
            # Plain http is for a server on this machine; a proxy would read along.
            self._environment["proxies"] = {}
        for proxy in self._environment["proxies"].values():
            secrets.add(_password(proxy))

    def send(self, request: Request) -> Response:
        """Return the answer, whatever its status.

        Raises:
            TransportError: No whole answer came.
            UntrustedServerError: The server's certificate is not trusted.
            UnsendableError: The credentials cannot be sent.
            UnfitError: The answer is too large, or packed in an unknown way.
            ElsewhereError: The address is that of another host.
            SignInError: No credentials could be had.
        """
        # Those who read addresses do not agree on odd ones: this is a second opinion on
        # where a link leads, by the library that connects.
        if parse_url(request.url)[:4] != self._host:
            msg = "the address is that of another host; it was not followed"
            raise ElsewhereError(msg)
        prepared = self._session.prepare_request(_unsigned(request))
        # The address is sent as it was built: `requests` would undo some of the
        # encoding of a path segment.
        prepared.url = request.url
        prepared = self._signed(prepared)
        try:
            response = self._session.send(
                prepared,
                allow_redirects=False,
                timeout=(_CONNECT_SECONDS, _READ_SECONDS),
                **self._environment,
            )
        except UnfitAnswerError as error:
            raise UnfitError(str(error)) from error
        except requests.RequestException as error:
            if is_untrusted(error):
                raise UntrustedServerError(in_words(error)) from error
            raise TransportError(in_words(error)) from error
        except ValueError as error:
            msg = "the credentials have characters that no header can carry"
            raise UnsendableError(msg) from error
        return Response(
            status=response.status_code,
            reason=response.reason or "",
            headers=response.headers,
            body=whole_body(response),
            sent=prepared,
            close=response.raw.close,
        )

    def _signed(self, prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        before = dict(prepared.headers)
        prepared = self._auth(prepared)
        for name, value in prepared.headers.items():
            if before.get(name) != value:
                # A scheme such as `Bearer` is not part of a credential; blanks may be.
                self._secrets.add_sent(str(value))
                self._secrets.add_sent(str(value).rpartition(" ")[2])
        return prepared


class _Unsigned(AuthBase):
    """Signs nothing."""

    @override
    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        return r


def _unsigned(request: Request) -> requests.Request:
    if request.body is None:
        return requests.Request("GET", request.url, request.headers)
    headers = {**request.headers, "Content-Type": "application/json"}
    return requests.Request("POST", request.url, headers, data=request.body)


def _password(proxy: str) -> str:
    """Return the password in the address of a proxy, if it has one."""
    user = proxy.rpartition("@")[0].rpartition("/")[2]
    return unquote(user.partition(":")[2])
