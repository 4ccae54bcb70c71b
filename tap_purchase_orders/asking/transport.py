"""One request over the wire, and its whole answer."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from typing_extensions import override

from tap_purchase_orders.wire.failures import in_words, is_untrusted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_purchase_orders.redaction import Secrets

_CONNECT_SECONDS = 10.0
_READ_SECONDS = 60.0
# A whole answer, however slowly its bytes trickle in.
_ANSWER_SECONDS = 300.0
# No documented answer comes near; it bounds what a faulty server can make us hold.
_LARGEST_BODY_BYTES = 256 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024


class TransportError(Exception):
    """No whole answer came: the connection failed, timed out or was cut off."""


class UntrustedServerError(Exception):
    """The server's certificate is not trusted; asking again would not change that."""


class UnsendableError(Exception):
    """The request cannot be put into words of HTTP."""


class BodyTooLargeError(Exception):
    """The answer has more bytes than any answer should."""


@dataclass(frozen=True, slots=True)
class Request:
    """A reading request, without its credentials.

    Attributes:
        url: Absolute address, encoded as it is to be sent.
        headers: Header fields besides the credentials.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Response:
    """An answer.

    Attributes:
        status: HTTP status.
        reason: The reason phrase behind the status.
        headers: Header fields, looked up in lower or upper case alike.
        body: The whole body, decompressed.
        sent: The request as it was signed and sent.
    """

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes
    sent: requests.PreparedRequest = field(repr=False)


class Transport:
    """Sends requests to one upstream over connections that are kept open.

    TLS is verified; a private CA and proxies come from the usual variables. Redirects
    are not followed: the credentials are for the configured host only.

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
        self._session = requests.Session()
        # A netrc file must not replace the credentials that were configured.
        self._session.auth = _Unsigned()
        # Neither API speaks of cookies, and a shared jar would tie requests together.
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._environment = self._session.merge_environment_settings(
            base_url, {}, stream=True, verify=None, cert=None
        )
        if urlsplit(base_url).scheme == "http":
            # Plain http is for a server on this machine; a proxy would read along.
            self._environment["proxies"] = {}
        adapter = HTTPAdapter(pool_connections=2, pool_maxsize=connections)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def send(self, request: Request) -> Response:
        """Return the answer, whatever its status.

        Raises:
            TransportError: No whole answer came.
            UntrustedServerError: The server's certificate is not trusted.
            UnsendableError: The credentials cannot be sent.
            BodyTooLargeError: The answer does not end in time or size.
            SignInError: No credentials could be had.
        """
        prepared = self._session.prepare_request(
            requests.Request("GET", request.url, request.headers)
        )
        # The address is sent as it was built: `requests` would undo some of the
        # encoding of a path segment.
        prepared.url = request.url
        prepared = self._signed(prepared)
        try:
            with self._session.send(
                prepared,
                allow_redirects=False,
                timeout=(_CONNECT_SECONDS, _READ_SECONDS),
                **self._environment,
            ) as response:
                return Response(
                    status=response.status_code,
                    reason=response.reason or "",
                    headers=response.headers,
                    body=_whole_body(response),
                    sent=prepared,
                )
        except requests.RequestException as error:
            if is_untrusted(error):
                raise UntrustedServerError(in_words(error)) from error
            raise TransportError(in_words(error)) from error
        except ValueError as error:
            msg = "the credentials have characters that no header can carry"
            raise UnsendableError(msg) from error

    def _signed(self, prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        before = dict(prepared.headers)
        prepared = self._auth(prepared)
        for name, value in prepared.headers.items():
            if before.get(name) != value:
                # A scheme such as `Bearer` is no part of the credential.
                self._secrets.add_sent(str(value).rpartition(" ")[2])
        return prepared


class _Unsigned(AuthBase):
    """Signs nothing."""

    @override
    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        return r


def _whole_body(response: requests.Response) -> bytes:
    deadline = time.monotonic() + _ANSWER_SECONDS
    body = bytearray()
    for chunk in response.iter_content(_CHUNK_BYTES):
        body += chunk
        if len(body) > _LARGEST_BODY_BYTES:
            msg = f"the body is larger than {_LARGEST_BODY_BYTES} bytes"
            raise BodyTooLargeError(msg)
        if time.monotonic() > deadline:
            msg = f"the body did not end within {_ANSWER_SECONDS:.0f} seconds"
            raise BodyTooLargeError(msg)
    return bytes(body)
