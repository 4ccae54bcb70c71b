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
    """A whole response to one request.

    Attributes:
        status: HTTP status.
        reason: The reason phrase behind the status, which HTTP/2 does not have.
        headers: Its header fields, looked up in lower or upper case alike.
        content: The bytes of its body, unpacked; none once they have been read.
        sent: The request as it was signed and sent.
        close: To be called when the content has been read: the number of large
            bodies in memory is limited.
        body: The JSON value of a good response.
        received_at: When it had arrived, in UTC.
        exchange: Returns the ids by which the upstream's support finds this exchange,
            if there are any; few responses are ever logged with them.
        body_bytes: The length of the content.
        sent_at: When it was sent, once that was looked up.
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
    sent_at: dt.datetime | None = None

    @property
    def as_of(self) -> dt.datetime:
        """When it was sent by the upstream's clock, or received by ours if unknown.

        The dates in it are compared with this moment.
        """
        if self.sent_at is None:
            self.sent_at = http_date(self.headers.get("Date", "")) or self.received_at
        return self.sent_at

    @property
    def correlation_id(self) -> str | None:
        """The ids by which the upstream's support finds this exchange, if any."""
        return self.exchange()


class RequestFailure(Struct, frozen=True):
    """Why the upstream gave no good response for one key.

    Attributes:
        kind: The kind of issue that it is: `not_found`, `forbidden`,
            `request_failed`, `unavailable`, `invalid_response` or
            `refused_redirect`.
        message: What happened, in words.
        received_at: When it was known, in UTC.
        http_status: The status of the last response, if one came.
        error_code: The upstream's own code for the error.
        correlation_id: The ids by which the upstream's support finds this exchange,
            if any.
        payload: A body that was not what was requested.
        is_retryable: Whether a retry may succeed.
        was_stale_connection: Whether a kept-alive connection was closed: the retry
            need not wait.
    """

    kind: str
    message: str
    received_at: dt.datetime
    http_status: int | None = None
    error_code: str | None = None
    correlation_id: str | None = None
    payload: str | None = None
    is_retryable: bool = False
    was_stale_connection: bool = False

    @property
    def is_refusal(self) -> bool:
        """Whether the upstream refused this key, rather than failed to respond."""
        return self.kind in {"forbidden", "not_found", "request_failed"}
