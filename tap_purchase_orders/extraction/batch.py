"""A batch: the records and issues of one response, and its checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct, field

from tap_purchase_orders.records.encoded import Encoded

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

    from tap_purchase_orders.records.encoded import Deselected
    from tap_purchase_orders.records.issues import Issue
    from tap_purchase_orders.records.record_reader import Record

# What a record takes about that is not yet written out.
_RECORD_BYTES = 4 * 1024


class Batch(Struct):
    """The records of one answer, and what to remember once they are written.

    Attributes:
        received_at: When the answer had arrived; all its records bear this time.
        rows: Stream and record, in the order of writing.
        issues: What went wrong with it.
        unknown: Names of fields that the schemas do not know, by stream.
        shortened: Names of date fields that had a time of day, by stream.
        warnings: What people should hear of, and no issue.
        checkpoint: Takes what was written into the state; called by the writer.
        key_was_refused: Whether the upstream said no to the key that was asked for;
            none where no key was asked for.
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
        """Take in what was noticed while a record was read."""
        self.issues.extend(issues)
        for stream, names in unknown.items():
            if names:
                self.unknown.setdefault(stream, set()).update(names)


def weight(batch: Batch) -> int:
    """Return about how many bytes a batch holds."""
    return sum(
        len(record.lines) if isinstance(record, Encoded) else _RECORD_BYTES
        for _, record in batch.rows
    )


# One thing to ask for: asks, reads and decides, on any thread, and touches nothing
# that is shared.
Step: TypeAlias = Callable[[], Batch]


class Selection(Struct, frozen=True):
    """Which streams a run is for.

    Attributes:
        streams: The selected streams.
        full_table: Those of them that get everything, news or not.
        deselected_fields: The fields that no record of each of them is to have; none:
            records are dictionaries of all fields.
        fingerprints: Of each a digest of what is written of its records.
    """

    streams: frozenset[str]
    full_table: frozenset[str] = frozenset()
    deselected_fields: Deselected | None = None
    fingerprints: Mapping[str, str] = field(default_factory=dict)

    def __contains__(self, stream: str) -> bool:
        """Return whether a stream is selected."""
        return stream in self.streams

    def fingerprints_of(self, streams: Iterable[str]) -> dict[str, str]:
        """Return the selected ones of some streams, with their digests."""
        selection = self.streams.intersection(streams)
        return {name: self.fingerprints.get(name, "") for name in sorted(selection)}

    def any_of(self, streams: Iterable[str]) -> bool:
        """Return whether at least one of some streams is selected."""
        return not self.streams.isdisjoint(streams)
