"""Rows of `extraction_runs`: what a run did at each upstream."""

from __future__ import annotations

import time
import uuid
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from tap_purchase_orders.http.response_reader import now
from tap_purchase_orders.records.issues import moment_text
from tap_purchase_orders.records.values import UnreadableError, to_decimal_text

if TYPE_CHECKING:
    import datetime as dt

    from tap_purchase_orders.config import DecimalType, Shard
    from tap_purchase_orders.extraction.progress import Progress
    from tap_purchase_orders.http.budget import Budget

RUNS_STREAM = "extraction_runs"

FINISHED = "finished"
INCOMPLETE = "incomplete"
BUDGET_USED = "budget_used"
INTERRUPTED = "interrupted"
FAILED = "failed"

# Of a second.
_DIGITS = 3


class RunHistory(Struct, frozen=True):
    """The values that all rows of one run share.

    Attributes:
        shard: The share of the work that the run takes.
        tap_version: Version of the tap.
        decimal_type: Given where numbers are text that fits this type.
        run_id: Id of the run.
    """

    shard: Shard
    tap_version: str
    decimal_type: DecimalType | None = None
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex)

    def number(self, seconds: float) -> Decimal | str | None:
        """Return a number of seconds as records have it, to the millisecond."""
        if self.decimal_type is None:
            return Decimal(f"{seconds:.{_DIGITS}f}")
        size = self.decimal_type.precision, self.decimal_type.scale
        with suppress(UnreadableError):
            return to_decimal_text(f"{seconds:.{min(_DIGITS, size[1])}f}", *size)
        return None


class UpstreamRun(Struct):
    """The run of one upstream, from the creation of this object on.

    Attributes:
        upstream: Section of the settings.
        budget: Counts its requests.
        progress: Counts its keys.
        records: How many records were written.
        issues: How many issues there were.
        unread: How many of these mean that something was not read.
    """

    upstream: str
    budget: Budget
    progress: Progress
    records: int = 0
    issues: int = 0
    unread: int = 0
    _started_at: dt.datetime = field(default_factory=now)
    _started: float = field(default_factory=time.monotonic)

    def outcome(self, *, is_interrupted: bool) -> str:
        """Return the outcome of a run that no error has ended."""
        if is_interrupted:
            return INTERRUPTED
        if self.budget.is_exceeded:
            return BUDGET_USED
        return INCOMPLETE if self.unread else FINISHED

    def record(
        self, history: RunHistory, outcome: str, ended_at: dt.datetime
    ) -> dict[str, Any]:
        """Return the row of the stream."""
        return {
            "run_id": history.run_id,
            "upstream": self.upstream,
            "started_at": moment_text(self._started_at),
            "ended_at": moment_text(ended_at),
            "seconds": history.number(time.monotonic() - self._started),
            "outcome": outcome,
            "requests": self.budget.spent,
            "repeats": self.budget.repeats,
            "rate_limit_wait_seconds": history.number(
                self.progress.pace().waited_seconds
            ),
            "keys_done": self.progress.done,
            "keys_total": self.progress.total,
            "records": self.records,
            "issues": self.issues,
            "shard_index": history.shard.index,
            "shard_count": history.shard.count,
            "tap_version": history.tap_version,
        }
