"""A failed request as a row of `extraction_issues`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_purchase_orders.records.issues import Issue

if TYPE_CHECKING:
    from tap_purchase_orders.http.api_response import RequestFailure


def failure_issue(
    upstream: str, stream: str, record_key: str | None, failure: RequestFailure
) -> Issue:
    """Return the issue that a failure to read one key is."""
    return Issue(
        upstream=upstream,
        stream=stream,
        kind=failure.kind,
        message=failure.message,
        observed_at=failure.received_at,
        record_key=record_key,
        http_status=failure.http_status,
        error_code=failure.error_code,
        correlation_id=failure.correlation_id,
        payload=failure.payload,
    )
