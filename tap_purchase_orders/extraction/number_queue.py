"""The queue of purchase-order numbers of one run, and the position reached."""

from __future__ import annotations

import hashlib
import logging
from contextlib import closing, contextmanager
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from tap_purchase_orders.concurrency.background import (
    in_background,
    iterate_in_background,
)
from tap_purchase_orders.errors import CancelledError, SourceError, TapError
from tap_purchase_orders.extraction.number_order import NumbersByDigest
from tap_purchase_orders.http.response_reader import now
from tap_purchase_orders.incremental.resume import ChangesRead, DigestMark, ListPosition
from tap_purchase_orders.instants import instant_of
from tap_purchase_orders.number_sources.registry import number_source
from tap_purchase_orders.number_sources.seen_set import SeenSet
from tap_purchase_orders.number_sources.source import (
    SECTION,
    Checkpoint,
    Item,
    SourceContext,
    SourceIssue,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from tap_purchase_orders.clients.appzen import AppZen
    from tap_purchase_orders.concurrency.cancellation import CancelToken
    from tap_purchase_orders.config import AppZenSettings, Settings
    from tap_purchase_orders.incremental.resume import ResumePoint
    from tap_purchase_orders.incremental.state import State
    from tap_purchase_orders.instants import Instant

# How far back changes are looked for where any number will do.
_DAYS_FOR_TRYING = 7

logger = logging.getLogger(__name__)


class QueuedNumber(Struct, frozen=True):
    """One thing that the source gave.

    Attributes:
        item: A number to be asked for, or word of the source itself.
        checkpoint: To be called once what came of it is written.
        checkpoint_unread: To be called instead where it could not be read.
        pass_over: To be called instead where it is not to be remembered, and a later
            one may be.
    """

    item: Item
    checkpoint: Callable[[], None]
    checkpoint_unread: Callable[[], None]
    pass_over: Callable[[], None]


class NumberQueue:
    """The numbers that a run asks for, each once, from where the last one stopped.

    Args:
        settings: All settings.
        section: The section `appzen`.
        client: Asks AppZen; one of the sources is AppZen itself.
        state: What earlier runs left.
        cancel_token: Says that nothing more is to be asked.
    """

    def __init__(
        self,
        settings: Settings,
        section: AppZenSettings,
        client: AppZen,
        *,
        state: State,
        cancel_token: CancelToken,
    ) -> None:
        self._section = section.purchase_order_numbers
        self._source = number_source(self._section)
        self._shard = settings.shard
        self._state = state
        self._cancel_token = cancel_token
        self._context = partial(SourceContext, appzen=client, cancel_token=cancel_token)
        self._workers = section.max_concurrency
        self._follows_changes = self._source.follows_changes(self._section)
        self._start_date = settings.start_date
        self._began_at = instant_of(now())
        # Serial numbers of turns: what is remembered must be written without a gap.
        self._written = 0
        self._is_new = True
        # Nothing came from the source so far, and nothing was read in an earlier run.
        self._is_empty = False
        self._has_moved = False
        self.has_started_over = True
        self.position = 0
        # Where this run began, and the point behind the last number that was read.
        self._start: ResumePoint | None = None
        self._last_read: ResumePoint | None = None
        # How many numbers are left, where they are gone through by their digests.
        self._rest: int | None = None

    @property
    def total(self) -> int | None:
        """How many numbers are still to come, none where that is not known."""
        if self._rest is not None or self._shard.count > 1:
            return self._rest
        count = partial(self._source.count, self._section)
        total = in_background(count, self._cancel_token)
        return None if total is None else total - self.position

    def first(self) -> str | None:
        """Return a number of the source, for trying it out.

        Raises:
            SourceError: The source cannot be read.
        """
        since = self._began_at.earlier(_DAYS_FOR_TRYING * 24 * 60 * 60)
        unread = None
        # One after another: most of a source's own requests are not needed for one.
        with closing(self._items(since, self._began_at, workers=1)) as items:
            for item in items:
                if isinstance(item, str):
                    return item
                if isinstance(item, SourceIssue) and not item.failure.is_refusal:
                    unread = item
        if unread is not None:
            msg = f"AppZen: {unread.key} cannot be read: {unread.failure.message}"
            raise SourceError(msg)
        return None

    def queue(self) -> Iterator[QueuedNumber]:
        """Yield what the source gives, in its order, duplicates left out.

        Raises:
            SourceError: The source cannot be read to its end.
        """
        with SeenSet() as seen:
            yield from self._queued(seen)

    def finish(self) -> None:
        """Take in that every turn is written: the next run starts over."""
        # Where changes are followed, the source's own last word says so.
        if not self._follows_changes:
            self._state.remember_resume_point(None)

    def start_over(self) -> None:
        """Take in that nothing came of any turn: the next run starts over."""
        self._state.remember_resume_point(None)

    def go_back(self) -> None:
        """Take in that the upstream is down: the next run begins with what is unread.

        What could not be read since the last number that could comes again. Where this
        run has read nothing at all, and the one before it stopped at the same place,
        the reason may be there: the next one goes on in another order.
        """
        point = self._last_read or self._start
        if point is None:
            return
        has_stopped_here_before = self._last_read is None and not self.has_started_over
        if has_stopped_here_before and not self._source.spends_requests:
            order = point.order
            mark = DigestMark() if order is None else DigestMark(order.round + 1)
            point = replace(point, order=mark)
        self._state.remember_resume_point(point)

    @property
    def place(self) -> str:
        """Where the next run goes on, in words."""
        what = "the list"
        if self._follows_changes and self._since is not None:
            what = f"what changed since {self._since.text}"
        place = f"behind number {self.position} of {what}"
        if self._rest is not None:
            place = f"with those of {what} that have not had their turn"
        if self._has_moved:
            return place
        return f"{place}, as this one did: raise `appzen.max_requests_per_run`"

    @property
    def is_first_run(self) -> bool:
        """Whether no earlier run has read this list, or begun to."""
        return self.has_started_over and self._is_new

    @cached_property
    def identity(self) -> str:
        """A digest that tells this list from any other."""
        with _in_words():
            own = in_background(
                partial(self._source.identity, self._section), self._cancel_token
            )
        text = f"{self._section['source']}\0{own}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def _changes_read(self) -> Instant | None:
        """Up to when the changes of this very source were read."""
        changes = self._state.changes_read
        if changes is None or changes.identity != self.identity:
            return None
        return changes.until

    @property
    def _since(self) -> Instant | None:
        return self._changes_read or self._start_date

    def _queued(self, seen: SeenSet) -> Iterator[QueuedNumber]:
        self._is_new = self._changes_read is None
        items, place, mark = self._opened(seen)
        self._start = replace(place.point(), order=mark)
        self._is_empty = place.position == 0 and mark is None
        placed = self._placed(self._noted(items), place, mark, seen)
        for serial, (item, point) in enumerate(placed, start=1):
            advance: Callable[[], None] = _nothing
            if isinstance(item, Checkpoint):
                if self._is_empty:
                    self._check_may_be_empty()
                advance = partial(self._checkpoint_changes, instant_of(item.moment))
            elif point is not None:
                advance = partial(self._remember_point, point)
            checkpoint = partial(self._advance, serial, advance)
            # Of a list of changes nothing comes again by itself: the next run has to
            # start from what this one could not read.
            unread = _nothing if self._follows_changes else checkpoint
            yield QueuedNumber(
                item,
                partial(self._remember_read, point, checkpoint),
                unread,
                partial(self._advance, serial, _nothing),
            )
        if self._is_empty:
            self._check_may_be_empty()
            self._say_nothing_came()

    def _noted(self, items: Iterable[Item]) -> Iterator[Item]:
        """Yield what a source gives, and take in whether that is anything at all."""
        for item in items:
            is_nothing = isinstance(item, str) and not item.strip()
            if not (is_nothing or isinstance(item, Checkpoint)):
                self._is_empty = False
            yield item

    def _placed(
        self,
        items: Iterator[Item],
        place: ListPosition,
        mark: DigestMark | None,
        seen: SeenSet,
    ) -> Iterator[tuple[Item, ResumePoint | None]]:
        """Yield what is still to come, each number once and with the point behind it.

        Args:
            items: What the source still gives.
            place: Where in the list that begins.
            mark: Where in the order of digests, if the rest is gone through by these.
            seen: Takes in the numbers.
        """
        if mark is not None:
            yield from self._placed_by_digest(items, place.point(), mark, seen)
            place = ListPosition(self._identity_of_changes, self._began_at)
        for item in items:
            if not isinstance(item, str):
                yield item, None
                if isinstance(item, Checkpoint):
                    place = ListPosition(self._identity_of_changes, self._began_at)
                continue
            point = place.take(item)
            if self._shard.takes(item) and seen.add(item):
                yield item, point

    def _placed_by_digest(
        self,
        items: Iterator[Item],
        point: ResumePoint,
        mark: DigestMark,
        seen: SeenSet,
    ) -> Iterator[tuple[Item, ResumePoint | None]]:
        """Yield what comes before the next word on changes, in the order of digests."""
        with NumbersByDigest(mark) as numbers:
            until = None
            for item in items:
                if isinstance(item, Checkpoint):
                    until = item
                    break
                if isinstance(item, SourceIssue):
                    yield item, None
                elif self._shard.takes(item) and seen.add(item):
                    numbers.add(item)
            self._rest = numbers.count
            for digest, number in numbers:
                yield number, replace(point, order=DigestMark(mark.round, digest))
        if until is not None:
            self._rest = None
            yield until, None

    def _opened(
        self, seen: SeenSet
    ) -> tuple[Iterator[Item], ListPosition, DigestMark | None]:
        """Return what is still to come of the source, and the place of that in it.

        Args:
            seen: Takes in the numbers that an interrupted run is done with.
        """
        resume = self._state.resume_point
        if resume is None:
            return *self._from_start(), None
        began_at = resume.began_at or self._began_at
        items = self._items(self._since, began_at)
        place = self._place(began_at)
        for item in items if resume.position else ():
            if isinstance(item, SourceIssue):
                # What comes of it now is no news, and where numbers are missing for
                # it the place is another.
                continue
            if isinstance(item, Checkpoint):
                break
            place.go_on(item)
            if self._shard.takes(item):
                seen.put(item)
            if place.position == resume.position:
                break
        if not place.is_at(resume):
            items.close()
            seen.clear()
            return self._opened_anew()
        if resume.position and resume.order is None:
            logger.info("AppZen: going on behind number %d", resume.position)
        elif resume.order is not None:
            logger.info("AppZen: going on with the numbers that had no turn yet")
        self.has_started_over = False
        self._began_at = began_at
        self.position = resume.position
        return items, place, resume.order

    def _opened_anew(
        self,
    ) -> tuple[Iterator[Item], ListPosition, DigestMark | None]:
        """Return what a changed list gives, and in which order.

        In its own order those at its end might never have a turn, however often the
        runs are cut short, if the list changes between them.
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
        return self._items(self._since, self._began_at), self._place(self._began_at)

    def _place(self, began_at: Instant) -> ListPosition:
        follows = self._follows_changes
        return ListPosition(self._identity_of_changes, began_at if follows else None)

    @property
    def _identity_of_changes(self) -> str:
        """What tells a list of changes from others; any other list, its numbers do."""
        return self.identity if self._follows_changes else ""

    def _items(
        self, since: Instant | None, began_at: Instant, workers: int | None = None
    ) -> Generator[Item, None, None]:
        """Yield what the source gives for a run that began at a moment.

        Raises:
            SourceError: It cannot be read.
        """
        context = self._context(
            since=None if since is None else since.moment,
            until=began_at.moment,
            workers=workers or self._workers,
        )
        with _in_words():
            for item in self._given(context):
                if not isinstance(item, Item):
                    kind = type(item).__name__
                    msg = f"AppZen: `{SECTION}`: the source gives {kind}, not text"
                    raise SourceError(msg)
                yield item

    def _given(self, context: SourceContext) -> Iterator[Any]:
        """Return what the source gives, read so that waiting for it can be ended."""
        read = partial(self._source.numbers, self._section, context)
        if self._source.spends_requests:
            # It waits as the tap itself does, and is not to read ahead.
            return read()
        return iterate_in_background(read, self._cancel_token)

    def _advance(self, serial: int, advance: Callable[[], None]) -> None:
        """Remember what a turn brings, if all turns before it are written."""
        if self._written == serial - 1:
            self._written = serial
            advance()

    def _remember_read(
        self, point: ResumePoint | None, checkpoint: Callable[[], None]
    ) -> None:
        checkpoint()
        # Not where something before it is missing.
        if point is not None and self._state.resume_point == point:
            self._last_read = point

    def _remember_point(self, point: ResumePoint) -> None:
        self._has_moved = True
        self.position = point.position
        self._state.remember_resume_point(point)

    def _checkpoint_changes(self, until: Instant) -> None:
        self._has_moved = True
        self.position = 0
        # What is behind it begins a list of its own.
        self._start = self._last_read = None
        self._state.remember_changes(ChangesRead(self.identity, until))

    def _check_may_be_empty(self) -> None:
        """Return if it is no failure that the source gives no numbers.

        Raises:
            SourceError: It looks as if whatever makes the list has failed.
        """
        if self._is_new and not self._may_be_empty:
            msg = (
                f"AppZen: {self._is_empty_in_words}; if that may be, set "
                f"`{SECTION}.allow_empty` to true"
            )
            raise SourceError(msg)

    def _say_nothing_came(self) -> None:
        if self._is_new:
            logger.warning("AppZen: %s: nothing to read", self._is_empty_in_words)
        else:
            logger.info("AppZen: the source names no changes since the last run")

    @property
    def _may_be_empty(self) -> bool:
        return self._source.may_be_empty or bool(self._section.get("allow_empty"))

    @property
    def _is_empty_in_words(self) -> str:
        setting = ".".join((SECTION, *self._source.required[-1:]))
        what = self._source.label(self._section) or "the source"
        return f"`{setting}`: {what} gives no purchase order numbers"


@contextmanager
def _in_words() -> Iterator[None]:
    """Turn whatever a source may raise into a `SourceError`."""
    try:
        yield
    except (TapError, CancelledError):
        raise
    except Exception as error:  # a plug-in may raise anything
        what = (str(error).splitlines() or [""])[0]
        msg = (
            f"AppZen: `{SECTION}`: the source cannot be read: "
            f"{type(error).__name__}: {what}"
        )
        raise SourceError(msg) from error


def _nothing() -> None:
    """Remember nothing."""
