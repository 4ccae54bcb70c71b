"""Sends one request and returns the whole response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from typing_extensions import override

from tap_purchase_orders.concurrency.semaphore import Semaphore
from tap_purchase_orders.http.api_response import ApiResponse
from tap_purchase_orders.http.channel import Channel, field_lines
from tap_purchase_orders.http.session import as_response, body_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from requests.auth import AuthBase

    from tap_purchase_orders.concurrency.cancellation import CancelToken
    from tap_purchase_orders.redaction import Secrets

# How long a response may still take when the run is to end.
_GRACE_SECONDS = 10.0


class Transport:
    """Sends requests to one upstream over kept-alive connections.

    Redirects are not followed: the credentials are for the configured host only.
    Neither API uses cookies, and none are kept.

    Args:
        auth: Signs every request just before it is sent.
        base_url: Address of the upstream; no request goes to any other.
        secrets: The credentials, to which header fields that sign requests are added.
        cancel_token: Ends the waiting of the main thread, soon.
    """

    def __init__(
        self, auth: AuthBase, base_url: str, secrets: Secrets, cancel_token: CancelToken
    ) -> None:
        self._auth = auth
        # Methods that need not wait, for the moment, sign by themselves.
        self._sign_at_once = getattr(auth, "sign_at_once", None)
        self._secrets = secrets
        self._channel = Channel(base_url, secrets, cancel_token, _GRACE_SECONDS)
        # Of the last request; most have the same.
        self._fields_and_lines: tuple[Mapping[str, Any], Sequence[bytes]] = {}, ()
        self._signed_by: AbstractSet[tuple[str, Any]] = frozenset()
        # One at a time: a task that fetches a token yields to others, and a lock of the
        # method's own would then block the thread of all tasks.
        self._signing = Semaphore(1, cancel_token)

    def send(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> ApiResponse:
        """Return the response to a reading request, whatever its status.

        Args:
            url: Absolute address, encoded as it is to be sent.
            headers: Header fields besides the credentials.
            body: The JSON body of a POST request; none for GET.

        Raises:
            TransportError: No whole response came.
            UntrustedServerError: The server's certificate is not trusted.
            InvalidRequestError: The credentials cannot be sent.
            UnacceptableResponseError: The response is too large, or its encoding is
                unknown.
            ForeignHostError: The address is that of another host.
            SignInError: No credentials could be had.
            UpstreamRefusedError: The environment names certificates that are not there.
            CancelledError: The run is to end, and the response did not come soon.
        """
        # Before signing: no token is fetched for a request to another host, or without
        # the certificates to trust.
        target = self._channel.target(url)
        unsigned = {**(headers or {}), "Accept-Encoding": "gzip"}
        if body is not None:
            unsigned["Content-Type"] = "application/json"
        signed = _request(url, unsigned, body)
        if self._sign_at_once is None or not self._sign_at_once(signed):
            with self._signing:
                signed = self._auth(signed)
        if signed.url != url:
            target = self._channel.target(str(signed.url))
        response = self._sent(signed, target, unsigned)
        if signed.hooks["response"]:
            # `requests.auth.HTTPDigestAuth`, for one, responds to a challenge.
            again = _Again(
                lambda changed: self._sent(
                    changed, self._channel.target(str(changed.url)), unsigned
                )
            )
            return again.after_hooks(response)
        return response

    def renew(self, refused: PreparedRequest) -> None:
        """Drop the credentials of a refused request, if the method can get new ones."""
        renew = getattr(self._auth, "renew", None)
        if renew is not None:
            with self._signing:
                renew(refused)

    def close(self) -> None:
        """Close the connections."""
        self._channel.close()

    def _sent(
        self, signed: PreparedRequest, target: str, unsigned: Mapping[str, str]
    ) -> ApiResponse:
        """Return the response to a signed request.

        Args:
            signed: The request.
            target: Path and query of its address.
            unsigned: The header fields that it had before.
        """
        lines = self._lines(signed, unsigned)
        body = None if signed.body is None else body_bytes(signed)
        response = self._channel.exchange(str(signed.method), target, lines, body)
        response.sent = signed
        return response

    def _lines(
        self, signed: PreparedRequest, unsigned: Mapping[str, str]
    ) -> Sequence[bytes]:
        """Return the lines of a request's header fields; what signs it is a secret."""
        fields = signed.headers
        given: dict[str, Any]
        given = fields.given() if isinstance(fields, _Fields) else {**fields}
        signed_by = given.items() - unsigned.items()
        if signed_by != self._signed_by:
            for _, value in signed_by:
                # A scheme such as `Bearer` is not part of a credential; blanks may be.
                self._secrets.add_sent(str(value))
                self._secrets.add_sent(str(value).rpartition(" ")[2])
            self._signed_by = signed_by
        before, lines = self._fields_and_lines
        if given != before:
            lines = field_lines(given.items())
            self._fields_and_lines = given, lines
        return lines


def _request(url: str, headers: dict[str, str], body: bytes | None) -> PreparedRequest:
    """Return a request as auth methods take it."""
    request = _Request()
    # `prepare_url` would undo some of the encoding of a path segment.
    request.url = url
    request.method = "GET" if body is None else "POST"
    request.body = body
    request.headers = _Fields(headers)
    return request


class _Request(PreparedRequest):
    """A `PreparedRequest` that is faster to make: it has what every request has."""

    _cookies = None
    _body_position = None

    def __init__(self) -> None:
        self.hooks: dict[str, list[Any]] = {"response": []}


class _Fields(CaseInsensitiveDict[str]):
    """A `CaseInsensitiveDict` that is faster to make and to iterate."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._store: dict[str, tuple[str, str]] = {}
        for name, value in fields.items():
            self._store[name.lower()] = name, value

    def given(self) -> dict[str, str]:
        """Return the fields with their names as given."""
        return dict(self._store.values())


class _Again(BaseAdapter):
    """Sends a request again for the response hooks of an auth method."""

    def __init__(self, send: Callable[[PreparedRequest], ApiResponse]) -> None:
        super().__init__()
        self._send = send

    @override
    def send(self, request: PreparedRequest, *_: object, **__: object) -> Response:
        return as_response(self._send(request), self)

    @override
    def close(self) -> None:
        """Do nothing: the connections are another's."""

    def after_hooks(self, response: ApiResponse) -> ApiResponse:
        """Return what the response hooks of the request return."""
        last = as_response(response, self)
        for listener in response.sent.hooks["response"]:
            last = listener(last) or last
        return ApiResponse(
            last.status_code, last.reason, last.headers, last.content, last.request
        )
