"""Classifies one response: good, failed, or to be retried."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct, field
from msgspec.structs import replace

from tap_purchase_orders.errors import UpstreamRefusedError
from tap_purchase_orders.exact_json import (
    NotJsonError,
    body_text,
    decode_body,
    json_text,
)
from tap_purchase_orders.http.api_response import ApiResponse, RequestFailure
from tap_purchase_orders.http.backoff import is_retryable
from tap_purchase_orders.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_purchase_orders.http.rate_limit import RateLimiter
    from tap_purchase_orders.redaction import Secrets

# To look at a member of an enumeration is a call in Python 3.11.
_OK = int(HTTPStatus.OK)
_KINDS = {
    int(HTTPStatus.FORBIDDEN): "forbidden",
    int(HTTPStatus.NOT_FOUND): "not_found",
}
# Objects, arrays and members, counted by their brackets and commas: of all that is
# documented, only a purchase order of 40,000 lines with every field has so many. Read,
# each can take twenty times what it took on the wire.
_MOST_VALUES = 2_500_000
# No error is longer: the documented descriptions have up to 1,024 characters.
_LARGEST_ERROR_BYTES = 1024 * 1024
_LONGEST_TEXT = 1024


class ApiRequest(Struct, frozen=True):
    """A request to one upstream, without credentials.

    Attributes:
        url: The address.
        limiter: The rate limit that it counts against.
        problem: Returns what is wrong with the body of a good response, if anything.
        headers: Additional header fields.
        own_refusals: Error codes that refuse this request alone, though elsewhere they
            refuse the caller everything.
        body: The JSON body of a POST request, such as a search; none for GET.
        decode: Returns the value of a good response's body; raises `NotJsonError`.
        about: What is requested, in words for the log.
    """

    url: str
    limiter: RateLimiter
    problem: Callable[[Any], str | None]
    headers: Mapping[str, str] = field(default_factory=dict)
    own_refusals: frozenset[str] = frozenset()
    body: bytes | None = None
    decode: Callable[[bytes], Any] = decode_body
    about: str = ""

    @property
    def identity(self) -> tuple[Any, ...]:
        """What tells it from other requests."""
        return (self.url, self.body, *sorted(self.headers.items()))


class UpstreamError(Struct, frozen=True):
    """The code, as text, and the description in an upstream's error body."""

    code: str | None = None
    message: str | None = None


def code_text(code: Any) -> str | None:
    """Return the code of an error as text: some services send it as a number."""
    if isinstance(code, str):
        return code.strip() or None
    is_number = isinstance(code, int | Decimal) and not isinstance(code, bool)
    return str(code).removesuffix(".0") if is_number else None


class ApiProfile(Protocol):
    """The header fields, errors and refusals of one upstream.

    Attributes:
        name: The upstream's name.
        section: Its section of the settings.
        ids: The header fields by which its support finds an exchange.
    """

    name: str
    section: str
    ids: tuple[str, ...]

    def headers(self) -> dict[str, str]:
        """Return the header fields of a new request."""

    def error(self, body: Any) -> UpstreamError:
        """Return the error in the JSON value of an error body."""

    def refusal(self, response: ApiResponse, error: UpstreamError) -> str | None:
        """Return why the upstream refuses this caller everything, if it does."""

    def unauthorized(self, sent: Mapping[str, str], /) -> str:
        """Return the setting to check when the credentials sent were refused twice."""


class ResponseReader:
    """Classifies the responses of one upstream.

    It returns no credential that a server has sent back, and no endless error texts.

    Args:
        profile: The upstream's header fields, errors and refusals.
        secrets: The credentials.
    """

    def __init__(self, profile: ApiProfile, secrets: Secrets) -> None:
        self._profile = profile
        self._secrets = secrets
        self._hide = secrets.redacted

    def outcome(
        self, api_request: ApiRequest, response: ApiResponse
    ) -> ApiResponse | RequestFailure:
        """Return the response if it is a good one, else the failure.

        Raises:
            UpstreamRefusedError: The upstream refuses this caller everything.
        """
        status = response.status
        if status == _OK:
            return self._good(api_request, response)
        if status < HTTPStatus.BAD_REQUEST:
            is_redirect = status >= HTTPStatus.MULTIPLE_CHOICES
            kind = "refused_redirect" if is_redirect else "invalid_response"
            why = "a redirect, not followed" if is_redirect else "unexpected for a read"
            return self._failure(kind, f"HTTP {status}: {why}", response)
        error = self.error(response)
        reason = self._shown(response.reason)
        message = f"HTTP {status}: {error.message or reason or 'no reason given'}"
        if is_retryable(status):
            failure = self._failure("unavailable", message, response, error.code)
            return replace(failure, is_retryable=True)
        refusal = self._profile.refusal(response, error)
        if refusal and error.code not in api_request.own_refusals:
            raise UpstreamRefusedError(self.named(refusal, self.id_of(response)))
        kind = _KINDS.get(status, "request_failed")
        return self._failure(kind, message, response, error.code)

    def error(self, response: ApiResponse) -> UpstreamError:
        """Return the error in a response; one of a gateway may have none."""
        if len(response.content) > _LARGEST_ERROR_BYTES:
            return UpstreamError()
        try:
            error = self._profile.error(decode_body(response.content))
        except NotJsonError:
            return UpstreamError()
        code, message = self._shown(error.code or ""), self._shown(error.message or "")
        return UpstreamError(code or None, message or None)

    def id_of(self, response: ApiResponse) -> str | None:
        """Return the ids by which the upstream's support finds an exchange, if any."""
        return self.id_in(response.headers, response.sent.headers)

    def id_in(self, received: Mapping[str, str], sent: Mapping[str, str]) -> str | None:
        """Return the ids by which the upstream's support finds an exchange, if any.

        Args:
            received: The header fields of the response, if one came.
            sent: Those of the request, for ids that the response does not have.
        """
        ids = [received.get(name) or sent.get(name) for name in self._profile.ids]
        return "/".join(self._shown(str(each)) for each in ids if each) or None

    def named(self, message: str, exchange: str | None) -> str:
        """Return a message for the log that names the exchange it is about."""
        ids = "/".join(self._profile.ids)
        return f"{message} ({ids}: {exchange})" if exchange else message

    def _good(
        self, api_request: ApiRequest, response: ApiResponse
    ) -> ApiResponse | RequestFailure:
        content = response.content
        if len(content) > _MOST_VALUES and _has_too_many_values(content):
            message = f"HTTP 200, but the body has more than {_MOST_VALUES} values"
            return self._strange(message, response)
        try:
            body = api_request.decode(content)
        except NotJsonError:
            message = "HTTP 200, but the body is not JSON, or is cut off"
            return replace(self._strange(message, response), is_retryable=True)
        if problem := api_request.problem(body):
            error = self.error(response)
            failure = self._failure(
                "invalid_response", f"HTTP 200, but {problem}", response, error.code
            )
            return replace(failure, payload=json_text(body, self._hide))
        if self._secrets.are_in(content):
            # Data is never edited: it is reported, and not emitted.
            message = "HTTP 200, but the body has a credential of the request in it"
            return self._strange(message, response)
        response.body, response.received_at = body, now()
        # Not a method of the response: that would keep its content in memory.
        response.exchange = partial(self.id_in, response.headers, response.sent.headers)
        response.body_bytes, response.content = len(content), b""
        return response

    def _strange(self, message: str, response: ApiResponse) -> RequestFailure:
        """Return the failure for a body that cannot be read."""
        failure = self._failure("invalid_response", message, response)
        return replace(failure, payload=body_text(response.content, self._hide))

    def _failure(
        self, kind: str, message: str, response: ApiResponse, code: str | None = None
    ) -> RequestFailure:
        return RequestFailure(
            kind=kind,
            message=message,
            received_at=now(),
            http_status=response.status,
            error_code=code,
            correlation_id=self.id_of(response),
        )

    def _shown(self, text: str) -> str:
        return one_line(self._hide(text), _LONGEST_TEXT)


def now() -> dt.datetime:
    """Return the present moment in UTC."""
    return dt.datetime.now(dt.UTC)


def _has_too_many_values(body: bytes) -> bool:
    return sum(map(body.count, b",[{")) > _MOST_VALUES
