"""A good response, or a failure that becomes an issue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from tap_purchase_orders.http.retry_after import http_date

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping

    from requests import PreparedRequest


class ApiResponse(Struct):
    """A whole answer to one request.

    Attributes:
        status: HTTP status.
        reason: The reason phrase behind the status, which HTTP/2 does not have.
        headers: Its header fields, looked up in lower or upper case alike.
        content: The bytes of its body, unpacked; none once they have been read.
        sent: The request as it was signed and sent.
        close: To be called when the content has been read: only so many large ones
            are held at once.
        body: The JSON value of a good answer.
        received_at: When it had arrived, in UTC.
        exchange: Returns by what the upstream's support finds this exchange, if by
            anything; few answers are ever asked for it.
        body_bytes: The length of the content.
    """

    status: int = 200
    reason: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    sent: PreparedRequest = None  # type: ignore[assignment]  # unknown until it is sent
    close: Callable[[], None] = lambda: None
    body: Any = None
    received_at: dt.datetime = None  # type: ignore[assignment]  # unknown until read
    exchange: Callable[[], str | None] = lambda: None
    body_bytes: int = 0

    @property
    def as_of(self) -> dt.datetime:
        """When it was given by the upstream's own clock; ours where it does not say.

        By that its dates are to be judged.
        """
        return http_date(self.headers.get("Date", "")) or self.received_at

    @property
    def correlation_id(self) -> str | None:
        """By what the upstream's support finds this exchange, if by anything."""
        return self.exchange()


class RequestFailure(Struct, frozen=True):
    """The upstream gave no good answer for one key, and why.

    Attributes:
        kind: The kind of issue that it is: `not_found`, `forbidden`,
            `request_failed`, `unavailable`, `invalid_response` or
            `refused_redirect`.
        message: What happened, in words.
        received_at: When it was known, in UTC.
        http_status: The status of the last answer, if one came.
        error_code: The upstream's own code for the error.
        correlation_id: By what the upstream's support finds this exchange, if by
            anything.
        payload: A body that was not what was asked for.
        may_pass: Whether it may be gone when the same is asked again.
        was_stale_connection: Whether a kept connection was closed: no need to wait.
    """

    kind: str
    message: str
    received_at: dt.datetime
    http_status: int | None = None
    error_code: str | None = None
    correlation_id: str | None = None
    payload: str | None = None
    may_pass: bool = False
    was_stale_connection: bool = False

    @property
    def is_refusal(self) -> bool:
        """Whether the upstream said no, as against not having answered well."""
        return self.kind in {"forbidden", "not_found", "request_failed"}
