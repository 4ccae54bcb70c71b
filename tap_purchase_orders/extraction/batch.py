"""What one answer brings, ready to be written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Mapping

    from tap_purchase_orders.reading.issues import Issue


@dataclass(slots=True)
class Batch:
    """The records of one answer, and what to remember once they are written.

    Attributes:
        received_at: When the answer had arrived; all its records bear this time.
        rows: Stream and record, in the order of writing.
        issues: What went wrong with it.
        unknown: Names of fields that the schemas do not know, by stream.
        remember: Takes what was written into the state.
    """

    received_at: dt.datetime
    rows: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    unknown: dict[str, set[str]] = field(default_factory=dict)
    remember: Callable[[], None] | None = None

    def note(
        self, issues: Iterable[Issue], unknown: Mapping[str, Iterable[str]]
    ) -> None:
        """Take in what was noticed while a record was read."""
        self.issues.extend(issues)
        for stream, names in unknown.items():
            if names:
                self.unknown.setdefault(stream, set()).update(names)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to ask for, and what to make of the outcome.

    Attributes:
        fetch: Asks; it runs on a worker and touches nothing that is shared.
        read: Makes the batch of what was fetched; it runs on the thread that writes.
    """

    fetch: Callable[[], Any]
    read: Callable[[Any], Batch]

    @classmethod
    def ready(cls, batch: Batch) -> Step:
        """Return a step that has nothing to ask for: its batch is made already."""
        return cls(lambda: batch, lambda made: made)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which streams a run is for.

    Attributes:
        streams: The selected streams.
        full_table: Those of them that get everything, news or not.
    """

    streams: frozenset[str]
    full_table: frozenset[str] = frozenset()

    def __contains__(self, stream: str) -> bool:
        """Return whether a stream is selected."""
        return stream in self.streams

    def any_of(self, streams: Iterable[str]) -> bool:
        """Return whether at least one of some streams is selected."""
        return not self.streams.isdisjoint(streams)
