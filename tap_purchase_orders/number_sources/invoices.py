"""The source `invoices`: numbers on invoices that AppZen has processed lately."""

from __future__ import annotations

import datetime as dt
import logging
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from tap_purchase_orders.clients.appzen_invoices import LONGEST_SEARCH, MOST_FOUND
from tap_purchase_orders.concurrency.cancellation import CancelToken
from tap_purchase_orders.concurrency.ordered_map import ordered_map
from tap_purchase_orders.errors import CancelledError, SourceError
from tap_purchase_orders.http.api_response import RequestFailure
from tap_purchase_orders.http.response_reader import now
from tap_purchase_orders.number_sources.seen_set import SeenSet
from tap_purchase_orders.number_sources.source import (
    Checkpoint,
    NumberSource,
    SourceIssue,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_purchase_orders.clients.appzen_invoices import FoundInvoice
    from tap_purchase_orders.number_sources.source import Item, SourceContext

# The year in which AppZen was founded: there is nothing to be found before.
_FIRST_DAY = dt.datetime(2012, 1, 1, tzinfo=dt.UTC)
# How late an invoice may show in a search: nothing is documented. The next run looks at
# this time again, for little.
_LATENESS = dt.timedelta(minutes=15)
# Invoices after which it is worth remembering how far the reading came, and the part of
# a budget that these may take: what lies behind is read again by a run that goes on.
_MOST_READ_AGAIN = 20
_PART_READ_AGAIN = 8
_SECOND = dt.timedelta(seconds=1)
# What processing times are told to. Whether an invoice of the very moment that a search
# begins at is found is not documented: one begins just before it.
_JUST_BEFORE = dt.timedelta(milliseconds=1)

logger = logging.getLogger(__name__)


class Window(Struct, frozen=True):
    """A time that is searched at once.

    Attributes:
        start: The processing time of its first invoices.
        end: The moment up to which it reaches.
    """

    start: dt.datetime
    end: dt.datetime

    @property
    def asked_from(self) -> dt.datetime:
        """The moment that is asked for; it has whole seconds, as in the documents."""
        return self.start.replace(microsecond=0)

    @property
    def asked_to(self) -> dt.datetime:
        """The last moment that is asked for, in whole seconds."""
        whole = self.end.replace(microsecond=0)
        return whole if whole == self.end else whole + _SECOND

    @property
    def can_be_cut(self) -> bool:
        """Whether there is a whole second within it."""
        return self.asked_to - self.asked_from > _SECOND

    def halves(self) -> tuple[Window, Window]:
        """Return both halves; they touch, so that nothing is between them."""
        seconds = (self.asked_to - self.asked_from) // _SECOND
        middle = self.asked_from + seconds // 2 * _SECOND
        return Window(self.start, middle), Window(middle, self.end)


def windows(start: dt.datetime, end: dt.datetime) -> Iterator[Window]:
    """Yield the windows of a time, each no longer than a search may be.

    They touch: an invoice on a border is found twice if both ends belong to a search,
    and once if one of them does.
    """
    while start < end:
        border = min(start.replace(microsecond=0) + LONGEST_SEARCH, end)
        yield Window(start, border)
        start = border


class _Reading:
    """One reading of all invoices processed within a time.

    Args:
        context: The run that it is for.
    """

    def __init__(self, context: SourceContext) -> None:
        self._invoices = context.appzen.invoices
        self._budget = context.appzen.budget
        self._workers = context.workers
        # Its own: a fetching that is not taken to its end is no end of the run.
        self._cancel_token = CancelToken(context.cancel_token)
        self._start = context.since or _FIRST_DAY
        self._end = context.until
        self._read_until = self._start
        self._has_named_one = False
        limit = self._budget.limit
        self._most_read_again = (
            _MOST_READ_AGAIN
            if limit is None
            else min(_MOST_READ_AGAIN, max(1, limit // _PART_READ_AGAIN))
        )

    def items(self) -> Iterator[Item]:
        """Yield the numbers in the order in which their invoices were processed.

        Raises:
            SourceError: AppZen refuses to search.
            CancelledError: The run is to end.
        """
        if self._end <= self._start:
            return
        pending: list[Window] = []
        with SeenSet() as seen:
            for whole in windows(self._start, self._end):
                pending.append(whole)
                while pending:
                    window = pending.pop()
                    found = self._search(window)
                    if isinstance(found, RequestFailure):
                        yield SourceIssue(_key_of(window), found)
                        # The next run starts from here: nothing is lost, and no
                        # request is spent on what would be read again.
                        return
                    count = len(found)
                    found = _in_order(window, found)
                    if window.can_be_cut and self._is_to_be_cut(count, found):
                        pending.extend(reversed(window.halves()))
                        continue
                    if count >= MOST_FOUND:
                        yield SourceIssue(_key_of(window), _perhaps_not_all(count))
                    new = [invoice for invoice in found if seen.add(invoice.uuid)]
                    yield from self._window(window, new)
        yield Checkpoint(self._last_read_until)

    def _search(self, window: Window) -> list[FoundInvoice] | RequestFailure:
        """Return what is found in a window.

        Raises:
            SourceError: AppZen refuses to search.
        """
        self._check_budget()
        search = partial(self._invoices.processed, window.asked_from, window.asked_to)
        # On another thread: this one can then be woken.
        outcomes = list(
            ordered_map([search], workers=1, cancel_token=self._cancel_token)
        )
        if not outcomes:
            raise CancelledError
        outcome = outcomes[0]
        if isinstance(outcome, RequestFailure) and outcome.is_refusal:
            msg = (
                f"AppZen: the search of invoices was refused: {outcome.message}; check "
                f"`appzen.api_url`, or take the numbers from another source"
            )
            raise SourceError(msg)
        return outcome

    @property
    def _last_read_until(self) -> dt.datetime:
        """Up to when everything can have shown, by whichever clock is earlier."""
        shown_until = self._invoices.clock.earlier(self._end) - _LATENESS
        return max(self._start, shown_until)

    def _is_to_be_cut(self, count: int, invoices: list[FoundInvoice]) -> bool:
        """Return whether a window is to be read in two parts."""
        if count >= MOST_FOUND:
            return True
        left = self._budget.left
        if left is None or all(invoice.processed_at for invoice in invoices):
            return False
        # Without their times nothing can be remembered before all are read.
        return count > max(1, left // 2)

    def _window(self, window: Window, invoices: list[FoundInvoice]) -> Iterator[Item]:
        """Yield what the invoices of a window name."""
        to_read_again = 0
        for position, outcome in enumerate(self._outcomes(invoices)):
            invoice = invoices[position]
            if isinstance(outcome, RequestFailure):
                yield SourceIssue(f"invoice/{invoice.uuid}", outcome)
            else:
                self._has_named_one = self._has_named_one or bool(outcome)
                yield from outcome
            to_read_again += 1
            following = _time_of(invoices, position + 1)
            if following is None or following == invoice.processed_at:
                continue
            if (
                to_read_again >= self._most_read_again
                or following >= self._last_read_until
            ):
                to_read_again = 0
                yield from self._news_read_until(following - _JUST_BEFORE)
        yield from self._news_read_until(window.end)

    def _news_read_until(self, moment: dt.datetime) -> Iterator[Checkpoint]:
        """Yield that everything before a moment has been given, if that is news."""
        moment = min(moment, self._last_read_until)
        if moment > self._read_until:
            self._read_until = moment
            yield Checkpoint(moment)

    def _outcomes(
        self, invoices: list[FoundInvoice]
    ) -> Iterator[list[str] | RequestFailure]:
        """Yield the numbers on each invoice, or why they could not be read.

        Raises:
            CancelledError: The run is to end; the outcomes of the others are not known.
        """
        begun = 0
        while begun < len(invoices):
            self._check_budget()
            some = invoices[begun : begun + self._most_ahead(len(invoices))]
            tasks = [partial(self._outcome, position) for position in enumerate(some)]
            fetched = ordered_map(
                tasks,
                workers=min(self._workers, len(some)),
                cancel_token=self._cancel_token,
            )
            for expected, (position, outcome) in enumerate(fetched):
                if position != expected:
                    # One was left out: nothing behind it may count as read.
                    raise CancelledError
                begun += 1
                yield outcome
            self._cancel_token.check()

    def _outcome(
        self, numbered: tuple[int, FoundInvoice]
    ) -> tuple[int, list[str] | RequestFailure]:
        position, invoice = numbered
        return position, self._invoices.numbers_on(invoice.uuid)

    def _most_ahead(self, wanted: int) -> int:
        """Return how many invoices may be read before what they name is asked for."""
        left = self._budget.left
        return wanted if left is None else max(1, left // 4)

    def _check_budget(self) -> None:
        """Return if there may be one more request.

        The last one is for the purchase orders that were named: each run then gets
        on, however few requests it may make.

        Raises:
            CancelledError: There may not.
        """
        left = self._budget.left
        if left is not None and left <= 1 and self._has_named_one:
            self._budget.keep_rest()


def _in_order(window: Window, found: list[FoundInvoice]) -> list[FoundInvoice]:
    """Return invoices in an order that is the same in each run.

    Their times are left out if those of some are not known, or are none of this
    window: then they are of no use.
    """
    earliest, latest = window.asked_from, window.asked_to
    if not all(
        invoice.processed_at and earliest <= invoice.processed_at <= latest
        for invoice in found
    ):
        found = [replace(invoice, processed_at=None) for invoice in found]
    # What was processed before the window has been read.
    return sorted(
        (i for i in found if i.processed_at is None or i.processed_at >= window.start),
        key=lambda i: (i.processed_at or window.start, i.uuid),
    )


def _time_of(invoices: list[FoundInvoice], position: int) -> dt.datetime | None:
    return invoices[position].processed_at if position < len(invoices) else None


def _key_of(window: Window) -> str:
    return f"invoice/search/{window.asked_from:%Y-%m-%dT%H:%M:%SZ}"


def _perhaps_not_all(count: int) -> RequestFailure:
    message = (
        f"{count} invoices were processed within one second; a search may give no more "
        f"than {MOST_FOUND}, so that some may be missing"
    )
    return RequestFailure("invalid_response", message, now())


def _numbers(context: SourceContext) -> Iterator[Item]:
    if context.since is None:
        logger.info(
            "AppZen: there is no `start_date`: invoices are looked for from %d on, the "
            "year in which AppZen was founded; with one it takes fewer requests",
            _FIRST_DAY.year,
        )
    yield from _Reading(context).items()


SOURCE = NumberSource(
    numbers=lambda _, context: _numbers(context),
    settings=(),
    follows_changes=lambda _: True,
    # AppZen itself says so.
    may_be_empty=True,
    spends_requests=True,
)
