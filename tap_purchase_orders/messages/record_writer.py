"""Writes the records of the selected streams as RECORD messages."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from tap_purchase_orders.records.encoded_records import Encoded
from tap_purchase_orders.records.issues import moment_text

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping
    from types import TracebackType

    from singer_sdk.metrics import Counter as Metric
    from singer_sdk.metrics import Timer

    from tap_purchase_orders.messages.message_writer import MessageWriter
    from tap_purchase_orders.records.field_reader import Record
    from tap_purchase_orders.streams import TapStream

# A server that makes up names must not fill memory and log with them.
_MOST_NAMED = 1000

# So many records are counted together at most.
_MOST_UNCOUNTED = 1000

logger = logging.getLogger(__name__)


class UnfinishedStreamError(Exception):
    """The error that a stream's metrics get if it was not read to its end."""


class RecordWriter:
    """Writes the selected streams: schemas first, then records.

    Used as a context, in which the SDK's metrics of each stream are kept.

    Args:
        streams: The selected streams, by name.
        writer: Where the messages go.
    """

    def __init__(self, streams: Mapping[str, TapStream], writer: MessageWriter) -> None:
        self._streams = streams
        self._writer = writer
        self._metrics = ExitStack()
        self._counters: dict[str, Metric] = {}
        # Streams that were not read to their end, for the metrics.
        self._unfinished: set[str] = set()
        self._named: set[str] = set()
        self._has_named_shortened = False
        self.counts = dict.fromkeys(streams, 0)
        # What the metrics have of these.
        self._counted = self.counts.copy()
        self._uncounted = 0

    def __enter__(self) -> Self:
        """Start the metrics and write the schemas."""
        for name, stream in self._streams.items():
            counter = self._metrics.enter_context(stream.get_record_counter())
            timer = stream.get_sync_timer()
            timer.__enter__()
            self._metrics.push(partial(self._end_timer, name, timer))
            self._counters[name] = counter
            for message in stream.schema_messages():
                self._writer.write(message)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Log the metrics."""
        self.count()
        self._metrics.__exit__(exc_type, exc_value, traceback)

    def has(self, stream: str) -> bool:
        """Return whether a stream is selected."""
        return stream in self._streams

    def leave_unfinished(self, upstream: str) -> None:
        """Mark the streams of an upstream as not read to their end."""
        self._unfinished |= {
            name
            for name, stream in self._streams.items()
            if stream.upstream == upstream
        }

    def _end_timer(
        self, name: str, timer: Timer, kind: type[BaseException] | None, *rest: Any
    ) -> None:
        if kind is None and name in self._unfinished:
            kind = UnfinishedStreamError
        timer.__exit__(kind, *rest)

    def write(self, rows: Iterable[tuple[str, Record]], received: dt.datetime) -> int:
        """Write the records of one response, and return how many were selected.

        Args:
            rows: Streams' names and records; this function may change the records.
            received: When the response of the records was received.
        """
        time_extracted = moment_text(received)
        written = 0
        for stream, record in rows:
            selected = self._streams.get(stream)
            if selected is None:
                continue
            count = 1
            if isinstance(record, Encoded):
                count = record.count
                if selected.is_unmapped:
                    self._writer.write_records(stream, record, time_extracted)
                else:
                    for name, records in selected.mapped(record):
                        self._writer.write_records(name, records, time_extracted)
            else:
                for message in selected.record_messages(record, time_extracted):
                    self._writer.write(message)
            self.counts[stream] += count
            written += count
        self._uncounted += written
        if self._uncounted >= _MOST_UNCOUNTED:
            self.count()
        return written

    def count(self) -> None:
        """Bring the metrics up to date; called when there is nothing to write."""
        for stream, count in self.counts.items():
            if new := count - self._counted[stream]:
                self._counters[stream].increment(new)
        self._counted, self._uncounted = self.counts.copy(), 0

    def warn_of_unknown(self, unknown: Mapping[str, Iterable[str]]) -> None:
        """Name fields that the schemas do not know, each once a run."""
        for stream, names in unknown.items():
            if stream not in self._streams:
                continue
            new = {f"{stream}.{name}" for name in names} - self._named
            if new and len(self._named) < _MOST_NAMED:
                self._named |= new
                logger.warning(
                    "fields that the schemas do not know are not emitted: %s",
                    ", ".join(sorted(new)),
                )

    def warn_of_shortened(self, shortened: Mapping[str, Iterable[str]]) -> None:
        """Name date fields that were sent with a time of day, once a run."""
        named = sorted(
            f"{stream}.{name}"
            for stream, names in shortened.items()
            if stream in self._streams
            for name in names
        )
        if named and not self._has_named_shortened:
            self._has_named_shortened = True
            logger.warning(
                "dates that have a time of day are emitted as their day in UTC, such "
                "as %s",
                ", ".join(named),
            )
