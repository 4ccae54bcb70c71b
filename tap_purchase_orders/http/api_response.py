"""A good response, or a failure that becomes an issue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from tap_purchase_orders.http.retry_after import http_date

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping


class ApiResponse(Struct, frozen=True):
    """A good answer.

    Attributes:
        body: Its JSON value.
        received_at: When it had arrived, in UTC.
        headers: Its header fields, looked up in lower or upper case alike.
        exchange: Returns by what the upstream's support finds this exchange, if by
            anything; few answers are ever asked for it.
        body_bytes: The length of the body.
    """

    body: Any
    received_at: dt.datetime
    headers: Mapping[str, str]
    exchange: Callable[[], str | None]
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
    """

    kind: str
    message: str
    received_at: dt.datetime
    http_status: int | None = None
    error_code: str | None = None
    correlation_id: str | None = None
    payload: str | None = None

    @property
    def is_refusal(self) -> bool:
        """Whether the upstream said no, as against not having answered well."""
        return self.kind in {"forbidden", "not_found", "request_failed"}
