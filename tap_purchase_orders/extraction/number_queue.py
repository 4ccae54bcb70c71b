"""The queue of purchase-order numbers of one run, and the position reached."""

from __future__ import annotations

import logging
from itertools import chain
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from tap_purchase_orders.extraction.digest_order import NumbersByDigest
from tap_purchase_orders.http.response_reader import now
from tap_purchase_orders.incremental.resume import ChangesRead, DigestMark, ListPosition
from tap_purchase_orders.instants import instant_of
from tap_purchase_orders.number_sources.seen_set import SeenSet
from tap_purchase_orders.number_sources.source import (
    Checkpoint,
    Item,
    SourceIssue,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_purchase_orders.config import Shard
    from tap_purchase_orders.extraction.source_reader import SourceReader
    from tap_purchase_orders.incremental.resume import ResumePoint
    from tap_purchase_orders.incremental.state import State
    from tap_purchase_orders.instants import Instant

logger = logging.getLogger(__name__)


class QueuedNumber(Struct, frozen=True):
    """One item of the source, with its checkpoints.

    Attributes:
        queue: The queue.
        item: A number to request, or a checkpoint or issue of the source itself.
        serial: Its place in the queue, from 1 on.
        point: The point behind it in the list, if it is a number.
    """

    queue: NumberQueue
    item: Item
    serial: int
    point: ResumePoint | None

    def checkpoint(self) -> None:
        """Store that what was read is written."""
        self.queue.advance(self)
        self.queue.note_read(self)

    def checkpoint_unread(self) -> None:
        """Store that it could not be read."""
        self.queue.advance_unread(self)

    def pass_over(self) -> None:
        """Store nothing of it; a later one may be stored."""
        self.queue.advance(self, is_stored=False)


class NumberQueue:
    """The numbers that a run requests, each once, from where the last one stopped.

    Args:
        source: The source of the numbers.
        state: What earlier runs left.
        shard: The share of the numbers to take.
        start_date: From when on changes are read where no earlier run has read any.
        reads_all: Where the list has changed since a run was interrupted, read the
            numbers that are not read yet, and then those that are.
    """

    def __init__(
        self,
        source: SourceReader,
        state: State,
        shard: Shard,
        start_date: Instant | None,
        *,
        reads_all: bool,
    ) -> None:
        self._source = source
        self._state = state
        self._shard = shard
        self._start_date = start_date
        self._reads_all = reads_all
        self._began_at = instant_of(now())
        # The serial number up to which all items are written, without a gap.
        self._written = 0
        self._is_new = True
        # Whether the source has given nothing, in this run and the one it resumes.
        self._is_empty = False
        self._has_moved = False
        self.has_started_over = True
        self.position = 0
        # Where this run began, and the point behind the last number that was read.
        self._start: ResumePoint | None = None
        self._last_read: ResumePoint | None = None
        # How many numbers are left, if they are read in the order of digests.
        self._remaining: int | None = None

    @property
    def total(self) -> int | None:
        """How many numbers are left, none if that is not known."""
        if self._remaining is not None or self._shard.count > 1:
            return self._remaining
        total = self._source.count()
        return None if total is None else total - self.position

    def queue(self) -> Iterator[QueuedNumber]:
        """Yield what the source gives, in its order, duplicates left out.

        Raises:
            SourceError: The source cannot be read to its end.
        """
        with SeenSet() as seen:
            yield from self._queued(seen)

    def finish(self) -> None:
        """Note that every number is written: the next run starts over."""
        # A source of changes says so by its last checkpoint.
        if not self._source.follows_changes:
            self._state.checkpoint_resume_point(None)

    def start_over(self) -> None:
        """Note that nothing was read: the next run starts over."""
        self._state.checkpoint_resume_point(None)

    def go_back(self) -> None:
        """Note that the upstream is down: the next run begins with what is unread.

        All numbers after the last one that was read come again. If this run has read
        nothing, and the last one stopped at the same number, that number may be the
        cause: the next run goes on in another order.
        """
        point = self._last_read or self._start
        if point is None:
            return
        has_stopped_here_before = self._last_read is None and not self.has_started_over
        if has_stopped_here_before and not self._source.spends_requests:
            order = point.order
            mark = DigestMark() if order is None else DigestMark(order.round + 1)
            point = replace(point, order=mark)
        self._state.checkpoint_resume_point(point)

    @property
    def next_start(self) -> str:
        """Where the next run goes on, for the log."""
        what = "the list"
        if self._source.follows_changes and self._since is not None:
            what = f"what changed since {self._since.text}"
        where = f"behind number {self.position} of {what}"
        if self._remaining is not None:
            where = f"with the numbers of {what} that were not read yet"
        if self._has_moved:
            return where
        return f"{where}, as this one did: raise `appzen.max_requests_per_run`"

    @property
    def is_first_run(self) -> bool:
        """Whether no earlier run has read this list, or begun to."""
        return self.has_started_over and self._is_new

    @property
    def _known(self) -> ChangesRead | None:
        """Which changes of this very source were read."""
        changes = self._state.changes_read
        if changes is None or changes.identity != self._source.identity:
            return None
        return changes

    @property
    def _changes_read(self) -> Instant | None:
        """Up to when its changes were read, from `start_date` on."""
        changes = self._known
        if changes is None or not changes.has_all_since(self._start_date):
            return None
        return changes.until

    @property
    def _since(self) -> Instant | None:
        return self._changes_read or self._start_date

    def _queued(self, seen: SeenSet) -> Iterator[QueuedNumber]:
        self._is_new = self._known is None
        if not self._is_new and self._changes_read is None:
            logger.info(
                "AppZen: `start_date` is earlier than in the last run: what changed "
                "since then is read"
            )
        items, position, mark = self._opened(seen)
        self._start = replace(position.point(), order=mark)
        self._is_empty = position.position == 0 and mark is None
        placed = self._placed(self._watched(items), position, mark, seen)
        for serial, (item, point) in enumerate(placed, start=1):
            if self._is_empty and isinstance(item, Checkpoint):
                self._check_may_be_empty()
            yield QueuedNumber(self, item, serial, point)
        if self._is_empty:
            self._check_may_be_empty()
            self._log_empty_source()

    def _watched(self, items: Iterator[Item]) -> Iterator[Item]:
        """Yield the items of a source, and note whether there are any."""
        for item in items:
            is_nothing = isinstance(item, str) and not item.strip()
            if is_nothing or isinstance(item, Checkpoint):
                yield item
                continue
            self._is_empty = False
            yield item
            yield from items

    def _placed(
        self,
        items: Iterator[Item],
        position: ListPosition,
        mark: DigestMark | None,
        seen: SeenSet,
    ) -> Iterator[tuple[Item, ResumePoint | None]]:
        """Yield the remaining items, each number once and with the point behind it.

        Args:
            items: The remaining items of the source.
            position: That of the first of them.
            mark: The position in the order of digests, if that is the order.
            seen: The numbers that came already.
        """
        if mark is not None:
            yield from self._placed_by_digest(items, position.point(), mark, seen)
            position = ListPosition(self._identity_of_changes, self._began_at)
        for item in items:
            if not isinstance(item, str):
                yield item, None
                if isinstance(item, Checkpoint):
                    position = ListPosition(self._identity_of_changes, self._began_at)
                continue
            point = position.take(item)
            if self._shard.takes(item) and seen.add(item):
                yield item, point

    def _placed_by_digest(
        self,
        items: Iterator[Item],
        point: ResumePoint,
        mark: DigestMark,
        seen: SeenSet,
    ) -> Iterator[tuple[Item, ResumePoint | None]]:
        """Yield the items before the next checkpoint, in the order of digests."""
        start = DigestMark(mark.round)
        with NumbersByDigest(mark) as numbers, NumbersByDigest(start) as read_before:
            until = None
            for item in items:
                if isinstance(item, Checkpoint):
                    until = item
                    break
                if isinstance(item, SourceIssue):
                    yield item, None
                    continue
                is_wanted = self._shard.takes(item) and seen.add(item)
                if is_wanted and not numbers.add(item) and self._reads_all:
                    read_before.add(item)
            self._remaining = numbers.count + read_before.count
            for digest, number in chain(numbers, read_before):
                yield number, replace(point, order=DigestMark(mark.round, digest))
        if until is not None:
            self._remaining = None
            yield until, None

    def _opened(
        self, seen: SeenSet
    ) -> tuple[Iterator[Item], ListPosition, DigestMark | None]:
        """Return the remaining items of the source, and their position in it.

        Args:
            seen: Gets the numbers that an interrupted run has done.
        """
        resume = self._state.resume_point
        if resume is None:
            return *self._from_start(), None
        began_at = resume.began_at or self._began_at
        items = self._source.items(self._since, began_at)
        position = self._position_from(began_at)
        for item in items if resume.position else ():
            if isinstance(item, SourceIssue):
                # It was reported before. If numbers are missing because of it now, the
                # position differs.
                continue
            if isinstance(item, Checkpoint):
                break
            position.go_on(item)
            if self._shard.takes(item):
                seen.put(item)
            if position.position == resume.position:
                break
        if not position.is_at(resume):
            items.close()
            seen.clear()
            return self._opened_anew()
        if resume.position and resume.order is None:
            logger.info("AppZen: going on behind number %d", resume.position)
        elif resume.order is not None:
            logger.info("AppZen: going on with the numbers that were not read yet")
        self.has_started_over = False
        self._began_at = began_at
        self.position = resume.position
        return items, position, resume.order

    def _opened_anew(
        self,
    ) -> tuple[Iterator[Item], ListPosition, DigestMark | None]:
        """Return the items of a changed list, and their order.

        In the list's own order, numbers at its end might never be read if the list
        changes between runs that are all cut short.
        """
        if self._source.spends_requests:
            logger.info("AppZen: the list of numbers has changed: starting over")
            return *self._from_start(), None
        logger.info(
            "AppZen: the list of numbers has changed: starting over, in an order that "
            "changes of the list do not touch"
        )
        return *self._from_start(), DigestMark()

    def _from_start(self) -> tuple[Iterator[Item], ListPosition]:
        return self._source.items(self._since, self._began_at), self._position_from(
            self._began_at
        )

    def _position_from(self, began_at: Instant) -> ListPosition:
        follows = self._source.follows_changes
        return ListPosition(self._identity_of_changes, began_at if follows else None)

    @property
    def _identity_of_changes(self) -> str:
        """What tells a list of changes from others; other lists differ by numbers."""
        return self._source.identity if self._source.follows_changes else ""

    def advance(self, queued: QueuedNumber, *, is_stored: bool = True) -> None:
        """Take the checkpoint of an item, if all items before it are written.

        Args:
            queued: The item.
            is_stored: Whether the state is to have it.
        """
        if self._written != queued.serial - 1:
            return
        self._written = queued.serial
        if not is_stored:
            return
        if queued.point is not None:
            self._has_moved = True
            self.position = queued.point.position
            self._state.checkpoint_resume_point(queued.point)
        elif isinstance(queued.item, Checkpoint):
            self._checkpoint_changes(instant_of(queued.item.moment))

    def advance_unread(self, queued: QueuedNumber) -> None:
        """Do the same for an item that could not be read.

        A change comes only once: the next run has to start from what this one could
        not read.
        """
        if not self._source.follows_changes:
            self.advance(queued)

    def note_read(self, queued: QueuedNumber) -> None:
        """Note that a number was read, unless an item before it is missing."""
        if queued.point is not None and self._state.resume_point is queued.point:
            self._last_read = queued.point

    def _checkpoint_changes(self, until: Instant) -> None:
        self._has_moved = True
        self.position = 0
        # The items after it are a new list.
        self._start = self._last_read = None
        since = self._start_date
        if (known := self._known) is not None and self._changes_read is not None:
            since = known.since
        changes = ChangesRead(self._source.identity, until, since)
        self._state.checkpoint_changes(changes)

    def _check_may_be_empty(self) -> None:
        """Check whether the source may give no numbers.

        Raises:
            SourceError: It may not: the job that makes the list may have failed.
        """
        if self._is_new and not self._source.may_be_empty:
            raise self._source.empty_error()

    def _log_empty_source(self) -> None:
        if self._is_new:
            logger.warning("AppZen: %s: nothing to read", self._source.empty_message)
        else:
            logger.info("AppZen: the source names no changes since the last run")
