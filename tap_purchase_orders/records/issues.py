"""A row of `extraction_issues`: what went wrong with one key or one field."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from tap_purchase_orders.exact_json import json_text, storable
from tap_purchase_orders.urls import is_encodable

if TYPE_CHECKING:
    import datetime as dt

    from tap_purchase_orders.records.field_reader import ParseNotes

ISSUES_STREAM = "extraction_issues"
# Issues after which something that may be there was not read: the run has failed.
UNREAD_KINDS = frozenset({"unavailable", "invalid_response", "refused_redirect"})


class Issue(Struct, frozen=True):
    """One thing that went wrong; the attributes are those of the stream's schema.

    Attributes:
        occurrence: Which it is of the run's records of one parent without a key.
    """

    upstream: str
    stream: str
    kind: str
    message: str
    observed_at: dt.datetime
    record_key: str | None = None
    field: str | None = None
    http_status: int | None = None
    error_code: str | None = None
    correlation_id: str | None = None
    payload: str | None = None
    occurrence: int = 1

    @property
    def issue_id(self) -> str:
        """The same for the same problem, whichever run meets it."""
        key = self.record_key
        if key is not None and not is_encodable(key):
            key = ascii(key)
        parts = [self.upstream, self.stream, self.kind, key, self.field]
        if self.kind == "invalid_record":
            # Its key is the very thing that is missing, and its payload may change.
            parts.append(str(self.occurrence))
        return hashlib.sha256(json_text(parts).encode()).hexdigest()[:32]

    def record(self) -> dict[str, Any]:
        """Return the row of the stream."""
        return {
            "issue_id": self.issue_id,
            "upstream": self.upstream,
            "stream": self.stream,
            "record_key": self.record_key and storable(self.record_key),
            "kind": self.kind,
            "field": self.field,
            "http_status": self.http_status,
            "error_code": self.error_code,
            "message": storable(self.message),
            "correlation_id": self.correlation_id,
            "payload": self.payload and storable(self.payload),
            "observed_at": moment_text(self.observed_at),
        }


def moment_text(moment: dt.datetime) -> str:
    """Return a moment in UTC as RFC 3339 with six fractional digits."""
    return f"{moment.isoformat(timespec='microseconds').partition('+')[0]}Z"


def unreadable_issues(
    upstream: str, stream: str, record_key: str, notes: ParseNotes, moment: dt.datetime
) -> list[Issue]:
    """Return an issue for each field whose value could not be read as its type."""
    return [
        Issue(
            upstream=upstream,
            stream=stream,
            kind="unreadable_value",
            message=f"the value of {name} cannot be read as its type; it became null",
            observed_at=moment,
            record_key=record_key,
            field=name,
            payload=json_text(value),
        )
        for name, value in notes.unreadable
    ]
