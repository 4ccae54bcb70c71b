"""Sends one request and returns the whole response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct
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

    from requests.auth import AuthBase

    from tap_purchase_orders.concurrency.cancellation import CancelToken
    from tap_purchase_orders.redaction import Secrets

# How long an answer may still take when asking is to end.
_GRACE_SECONDS = 10.0


class Transport:
    """Sends requests to one upstream over connections that are kept open.

    Redirects are not followed: the credentials are for the configured host only.
    Neither API speaks of cookies, and none are kept.

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
        self._channel = Channel(base_url, secrets, cancel_token, _GRACE_SECONDS)
        self._same = _Sent({}, {}, ())
        # One at a time: a task that fetches a token gives way to others, and a lock of
        # the method's own would then stop the thread of them all.
        self._signing = Semaphore(1, cancel_token)

    def send(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> ApiResponse:
        """Return the answer to a reading request, whatever its status.

        Args:
            url: Absolute address, encoded as it is to be sent.
            headers: Header fields besides the credentials.
            body: JSON to send with it, where the upstream wants to be asked that way.

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
        self._channel.target(url)
        unsigned = {**(headers or {}), "Accept-Encoding": "gzip"}
        if body is not None:
            unsigned["Content-Type"] = "application/json"
        with self._signing:
            signed = self._auth(_request(url, unsigned, body))
        answer = self._sent(signed, unsigned)
        if signed.hooks["response"]:
            # Some methods answer a challenge: `requests.auth.HTTPDigestAuth` is one.
            again = _Again(lambda changed: self._sent(changed, unsigned))
            return again.heard(answer)
        return answer

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
        self, signed: PreparedRequest, unsigned: Mapping[str, str]
    ) -> ApiResponse:
        """Return the answer to a signed request.

        Args:
            signed: The request.
            unsigned: The header fields that it had before.
        """
        target = self._channel.target(str(signed.url))
        lines = self._lines(signed, unsigned)
        body = body_bytes(signed)
        answer = self._channel.exchange(str(signed.method), target, lines, body)
        answer.sent = signed
        return answer

    def _lines(
        self, signed: PreparedRequest, unsigned: Mapping[str, str]
    ) -> Sequence[bytes]:
        """Return the lines of a request's header fields; what signs it is a secret."""
        headers: Mapping[str, Any] = signed.headers
        if isinstance(headers, _Fields):
            headers = headers.given()
        before = self._same
        if before.headers == headers and before.unsigned == unsigned:
            return before.lines
        lines = field_lines(headers.items())
        for name, value in headers.items():
            if unsigned.get(name) != value:
                # A scheme such as `Bearer` is not part of a credential; blanks may be.
                self._secrets.add_sent(str(value))
                self._secrets.add_sent(str(value).rpartition(" ")[2])
        self._same = _Sent(headers, unsigned, lines)
        return lines


def _request(url: str, headers: dict[str, str], body: bytes | None) -> PreparedRequest:
    """Return a request as those who sign it know it."""
    request = PreparedRequest()
    # As it was built: to prepare it would undo some of the encoding of a segment.
    request.url = url
    request.method = "GET" if body is None else "POST"
    request.body = body
    request.headers = _Fields(headers)
    return request


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
    """Sends once more for those who listen to answers."""

    def __init__(self, send: Callable[[PreparedRequest], ApiResponse]) -> None:
        super().__init__()
        self._send = send

    @override
    def send(self, request: PreparedRequest, *_: object, **__: object) -> Response:
        return as_response(self._send(request), self)

    @override
    def close(self) -> None:
        """Do nothing: the connections are another's."""

    def heard(self, answer: ApiResponse) -> ApiResponse:
        """Return what those who listen to an answer make of it."""
        last = as_response(answer, self)
        for listener in answer.sent.hooks["response"]:
            last = listener(last) or last
        return ApiResponse(
            last.status_code, last.reason, last.headers, last.content, last.request
        )
