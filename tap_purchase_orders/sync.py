"""One run of the tap: reads each upstream, writes its records, and sums up."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING, Protocol

from msgspec.structs import replace

from tap_purchase_orders.errors import TapError, UpstreamRefusedError
from tap_purchase_orders.http.response_reader import now
from tap_purchase_orders.messages.progress_display import ProgressDisplay
from tap_purchase_orders.records.issues import ISSUES_STREAM, UNREAD_KINDS
from tap_purchase_orders.run_history import (
    BUDGET_USED,
    FAILED,
    FINISHED,
    RUNS_STREAM,
    RunHistory,
    UpstreamRun,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_purchase_orders.concurrency.cancellation import CancelToken
    from tap_purchase_orders.extraction.batch import Batch
    from tap_purchase_orders.extraction.progress import Progress
    from tap_purchase_orders.http.budget import Budget
    from tap_purchase_orders.messages.record_writer import RecordWriter
    from tap_purchase_orders.messages.state_messages import StateMessages
    from tap_purchase_orders.records.issues import Issue

_READ_TO_THE_END = {FINISHED, BUDGET_USED}
# Issues with a part of a record that was read.
_OF_A_VALUE = {"unreadable_value", "irregular_line"}

logger = logging.getLogger(__name__)


class Extraction(Protocol):
    """The extraction of one upstream."""

    upstream: str
    progress: Progress
    budget: Budget

    @property
    def is_wanted(self) -> bool:
        """Whether a selected stream needs this upstream."""
        ...

    def batches(self, before_waiting: Callable[[], None]) -> Iterator[Batch]:
        """Yield one batch for each response."""


class RunFailedError(TapError):
    """What was read is written, but something that may be there was not read."""


class _StrictError(TapError):
    """An issue ended the run, as the settings ask."""


class Sync:
    """Writes the batches of the extractions, and the state after them.

    Args:
        extractions: One for each upstream.
        output: Writes records.
        state_lines: Writes the state.
        history: The values that the rows about this run share.
        before_waiting: Called when there is nothing to write for the moment.
        cancel_token: Is cancelled if the run is ended early.
        strict: End at the first issue.
    """

    def __init__(  # noqa: PLR0913
        self,
        extractions: Iterable[Extraction],
        output: RecordWriter,
        state_lines: StateMessages,
        history: RunHistory,
        *,
        before_waiting: Callable[[], None],
        cancel_token: CancelToken,
        strict: bool,
    ) -> None:
        self._extractions = extractions
        self._output = output
        self._state_lines = state_lines
        self._history = history
        self._before_waiting = before_waiting
        self._cancel_token = cancel_token
        self._strict = strict
        self._issues: Counter[str] = Counter()
        self._without_key: Counter[tuple[str, str | None]] = Counter()
        self._errors: list[str] = []

    def run(self) -> None:
        """Write everything; a failing upstream does not keep the other from being read.

        Raises:
            RunFailedError: Something was not read. All that was read is written, and
                the state is fit to go on from.
        """
        try:
            with self._output:
                for extraction in self._extractions:
                    if not extraction.is_wanted:
                        continue
                    if self._cancel_token.is_cancelled:
                        self._output.leave_unfinished(extraction.upstream)
                    else:
                        self._read_upstream(extraction)
        except _StrictError as error:
            self._errors.append(str(error))
        finally:
            # An interrupted or failed run ends with a STATE message, if an empty one.
            is_incomplete = self._cancel_token.is_cancelled or bool(self._errors)
            self._state_lines.write(is_incomplete=is_incomplete)
        self._summarise()
        if self._errors:
            raise RunFailedError(*self._errors)

    def _read_upstream(self, extraction: Extraction) -> None:
        """Read one upstream, and write a row about its outcome."""
        upstream_run = UpstreamRun(
            extraction.upstream, extraction.budget, extraction.progress
        )
        outcome = FAILED
        try:
            self._extract(extraction, upstream_run)
            outcome = upstream_run.outcome(
                is_interrupted=self._cancel_token.is_cancelled
            )
        except UpstreamRefusedError as error:
            logger.error("%s", error)  # noqa: TRY400  # it is written for people
            self._errors.append(f"{extraction.progress.name} was not read to the end")
        finally:
            if outcome not in _READ_TO_THE_END:
                self._output.leave_unfinished(extraction.upstream)
            ended_at = now()
            record = upstream_run.record(self._history, outcome, ended_at)
            self._output.write([(RUNS_STREAM, record)], ended_at)

    def _extract(self, extraction: Extraction, upstream_run: UpstreamRun) -> None:
        with ProgressDisplay(extraction.progress) as display:

            def before_waiting() -> None:
                self._before_waiting()
                self._output.count()
                display.show()

            for batch in extraction.batches(before_waiting):
                self._write(batch, upstream_run)
                display.show()

    def _write(self, batch: Batch, upstream_run: UpstreamRun) -> None:
        """Write a batch, and only then take its checkpoint."""
        upstream_run.records += self._output.write(batch.rows, batch.received_at)
        upstream_run.issues += len(batch.issues)
        for issue in map(self._numbered, batch.issues):
            self._issues[issue.kind] += 1
            upstream_run.unread += issue.kind in UNREAD_KINDS
            self._output.write([(ISSUES_STREAM, issue.record())], issue.observed_at)
            if not self._output.has(ISSUES_STREAM) and issue.kind not in _OF_A_VALUE:
                logger.warning(
                    "not read: %s %s: %s: %s",
                    issue.stream,
                    issue.record_key or "(no key)",
                    issue.kind,
                    issue.message,
                )
        if batch.unknown:
            self._output.warn_of_unknown(batch.unknown)
        if batch.shortened:
            self._output.warn_of_shortened(batch.shortened)
        for warning in batch.warnings:
            logger.warning("%s", warning)
        if batch.checkpoint is not None:
            batch.checkpoint()
        if self._strict and batch.issues:
            issue = batch.issues[0]
            msg = (
                f"`strict` is on, and there is an issue with {issue.stream} "
                f"{issue.record_key}: {issue.kind}: {issue.message}"
            )
            raise _StrictError(msg)
        self._state_lines.after_batch()

    def _numbered(self, issue: Issue) -> Issue:
        """Return an issue with a number that tells it from others of its parent."""
        if issue.kind != "invalid_record":
            return issue
        parent = (issue.stream, issue.record_key)
        self._without_key[parent] += 1
        return replace(issue, occurrence=self._without_key[parent])

    def _summarise(self) -> None:
        """Log one line for each stream and each kind of issue."""
        for stream, count in self._output.counts.items():
            logger.info("%s: %d records", stream, count)
        for kind, count in sorted(self._issues.items()):
            logger.warning("issues: %s: %d", kind, count)
        unread = sum(self._issues[kind] for kind in UNREAD_KINDS)
        if unread:
            see = f"see the stream {ISSUES_STREAM}"
            if not self._output.has(ISSUES_STREAM):
                see = f"the log names them; the stream {ISSUES_STREAM} would tell more"
            self._errors.append(
                f"not everything could be read ({unread} issues); {see}"
            )
