"""What one response is: an answer, a failure, or a failure that may pass."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

from tap_purchase_orders.asking.answer import Answer, Failure
from tap_purchase_orders.errors import UpstreamRefusedError
from tap_purchase_orders.wire.body import NotJsonError, decode_body, json_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_purchase_orders.asking.limiter import RateLimiter
    from tap_purchase_orders.asking.transport import Response

_MAY_PASS = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
_KINDS = {
    int(HTTPStatus.FORBIDDEN): "forbidden",
    int(HTTPStatus.NOT_FOUND): "not_found",
}


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to ask for.

    Attributes:
        url: The address.
        limiter: The allowance that it counts against.
        problem: Says what is wrong with the body of a good answer, if anything.
        headers: Header fields of this question alone.
        own_refusals: Codes of refusals that concern this question alone, though the
            caller is refused everything by them elsewhere.
    """

    url: str
    limiter: RateLimiter
    problem: Callable[[Any], str | None]
    headers: Mapping[str, str] = field(default_factory=dict)
    own_refusals: frozenset[str] = frozenset()

    @property
    def identity(self) -> tuple[Any, ...]:
        """What makes it another question: the address, and the headers of its own."""
        return (self.url, *sorted(self.headers.items()))


@dataclass(frozen=True, slots=True)
class UpstreamError:
    """The upstream's own words about an error: its code as text, its description."""

    code: str | None = None
    message: str | None = None


class Dialect(Protocol):
    """How one upstream speaks.

    Attributes:
        name: What people call it.
        section: The section of the settings that it has.
    """

    name: str
    section: str

    def headers(self) -> dict[str, str]:
        """Return the header fields of a new request."""

    def correlation_id(self, response: Response) -> str | None:
        """Return the upstream's name for an exchange, for its support."""

    def error(self, body: Any) -> UpstreamError:
        """Return what the JSON value of an error body says."""

    def refusal(self, response: Response, error: UpstreamError) -> str | None:
        """Return why this caller is served nothing at all, if that is so."""


@dataclass(frozen=True, slots=True)
class MayPass:
    """A failure that may be gone when the same is asked again."""

    failure: Failure


def read_response(
    question: Question, response: Response, dialect: Dialect
) -> Answer | Failure | MayPass:
    """Return what a response is to the question that was asked.

    Raises:
        UpstreamRefusedError: The upstream serves this caller nothing at all.
    """
    status = response.status
    if status == HTTPStatus.OK:
        return _read_good(question, response, dialect)
    if status < HTTPStatus.BAD_REQUEST:
        is_redirect = status >= HTTPStatus.MULTIPLE_CHOICES
        kind = "refused_redirect" if is_redirect else "invalid_response"
        why = "a redirect, not followed" if is_redirect else "no answer to a reading"
        return _failure(
            kind, f"HTTP {status}: {why}", response, dialect, UpstreamError()
        )
    error = upstream_error(response, dialect)
    message = f"HTTP {status}: {error.message or response.reason or 'no reason given'}"
    if status in _MAY_PASS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return MayPass(_failure("unavailable", message, response, dialect, error))
    refusal = dialect.refusal(response, error)
    if refusal and error.code not in question.own_refusals:
        raise UpstreamRefusedError(refusal)
    kind = _KINDS.get(status, "request_failed")
    return _failure(kind, message, response, dialect, error)


def upstream_error(response: Response, dialect: Dialect) -> UpstreamError:
    """Return what an error response says; a gateway's may say nothing at all."""
    try:
        return dialect.error(decode_body(response.body))
    except NotJsonError:
        return UpstreamError()


def now() -> dt.datetime:
    """Return the present moment in UTC."""
    return dt.datetime.now(dt.UTC)


def http_date(value: str) -> dt.datetime | None:
    """Return the moment of an HTTP date in UTC, none if it cannot be read."""
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    # `-0000` stands for UTC, and gives a moment without a zone.
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _read_good(
    question: Question, response: Response, dialect: Dialect
) -> Answer | Failure | MayPass:
    try:
        body = decode_body(response.body)
    except NotJsonError:
        text = response.body.decode("utf-8-sig", "replace")
        message = "HTTP 200, but the body is not JSON, or is cut off"
        return MayPass(_strange(message, text, response, dialect))
    if problem := question.problem(body):
        return _strange(f"HTTP 200, but {problem}", body, response, dialect)
    received_at = now()
    as_of = http_date(response.headers.get("Date", "")) or received_at
    return Answer(body, received_at, as_of, dialect.correlation_id(response))


def _strange(message: str, body: Any, response: Response, dialect: Dialect) -> Failure:
    error = dialect.error(body)
    failure = _failure("invalid_response", message, response, dialect, error)
    return replace(failure, payload=json_text(body))


def _failure(
    kind: str,
    message: str,
    response: Response,
    dialect: Dialect,
    error: UpstreamError = UpstreamError(),  # it is frozen
) -> Failure:
    return Failure(
        kind=kind,
        message=message,
        received_at=now(),
        http_status=response.status,
        error_code=error.code,
        correlation_id=dialect.correlation_id(response),
    )
