"""A batch: the records and issues of one response, and its checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct, field

from tap_purchase_orders.records.encoded_records import Encoded
from tap_purchase_orders.records.issues import ISSUES_STREAM, Issue

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

    from tap_purchase_orders.http.api_response import RequestFailure
    from tap_purchase_orders.records.encoded_records import Deselected
    from tap_purchase_orders.records.field_reader import Record

# About the size of a record that is not encoded yet.
_RECORD_BYTES = 4 * 1024


class Batch(Struct):
    """The records of one response, and the checkpoint to take once they are written.

    Attributes:
        received_at: When the response was received; all its records have this time.
        rows: Stream and record, in the order of writing.
        issues: What went wrong with it.
        unknown: Names of fields that the schemas do not know, by stream.
        shortened: Names of date fields that had a time of day, by stream.
        warnings: Warnings for the log that are no issues.
        checkpoint: Stores in the state what was written; called by the writer.
        key_was_refused: Whether the upstream refused the key that was requested; none
            if no key was requested.
    """

    received_at: dt.datetime
    rows: list[tuple[str, Record]] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    unknown: dict[str, set[str]] = field(default_factory=dict)
    shortened: Mapping[str, set[str]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    checkpoint: Callable[[], None] | None = None
    key_was_refused: bool | None = None

    def note(
        self, issues: Iterable[Issue], unknown: Mapping[str, Iterable[str]]
    ) -> None:
        """Add the issues and unknown fields of a record."""
        self.issues.extend(issues)
        for stream, names in unknown.items():
            if names:
                self.unknown.setdefault(stream, set()).update(names)


def weight(batch: Batch) -> int:
    """Return about how many bytes a batch holds."""
    return sum(
        [
            len(record.lines) if isinstance(record, Encoded) else _RECORD_BYTES
            for _, record in batch.rows
        ]
    )


def failure_issue(
    upstream: str, stream: str, record_key: str | None, failure: RequestFailure
) -> Issue:
    """Return a failed request for one key as an issue."""
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


# Requests, reads and decides on one key, on any thread; changes nothing shared.
Step: TypeAlias = Callable[[], Batch]


class Selection(Struct, frozen=True):
    """The streams that a run writes.

    Attributes:
        streams: The selected streams.
        full_table: Those of them that get every record, changed or not.
        deselected_fields: The fields that no record of each of them is to have; none:
            records are dictionaries of all fields.
        fingerprints: For each, a digest of what is written of its records.
    """

    streams: frozenset[str]
    full_table: frozenset[str] = frozenset()
    deselected_fields: Deselected | None = None
    fingerprints: Mapping[str, str] = field(default_factory=dict)

    def __contains__(self, stream: str) -> bool:
        """Return whether a stream is selected."""
        return stream in self.streams

    def fingerprints_of(self, streams: Iterable[str]) -> dict[str, str]:
        """Return which of an upstream's streams, and of its issues, are selected.

        Returns:
            Their digests.
        """
        selection = self.streams.intersection((*streams, ISSUES_STREAM))
        return {name: self.fingerprints.get(name, "") for name in sorted(selection)}

    def any_of(self, streams: Iterable[str]) -> bool:
        """Return whether at least one of some streams is selected."""
        return not self.streams.isdisjoint(streams)
