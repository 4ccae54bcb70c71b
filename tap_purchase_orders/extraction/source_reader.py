"""Reads the configured source of purchase-order numbers, without blocking the run."""

from __future__ import annotations

import hashlib
from contextlib import closing, contextmanager
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from tap_purchase_orders.concurrency.background import (
    in_background,
    iterate_in_background,
)
from tap_purchase_orders.errors import CancelledError, SourceError, TapError
from tap_purchase_orders.http.response_reader import now
from tap_purchase_orders.instants import instant_of
from tap_purchase_orders.number_sources.registry import number_source
from tap_purchase_orders.number_sources.source import (
    SECTION,
    Item,
    SourceContext,
    SourceIssue,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from tap_purchase_orders.clients.appzen import AppZen
    from tap_purchase_orders.concurrency.cancellation import CancelToken
    from tap_purchase_orders.instants import Instant

# How far back a source of changes is read when any number will do.
_DAYS_FOR_TEST = 7
_DAY_SECONDS = 24 * 60 * 60


class SourceReader:
    """The configured source of numbers, read so that waiting for it can be ended.

    Args:
        section: The section `appzen.purchase_order_numbers` of the settings.
        client: The client for AppZen, which is itself one of the sources.
        workers: How many requests a source may have in flight.
        cancel_token: Ends the reading.

    Attributes:
        follows_changes: Whether the source gives what changed since the last finished
            run, and not all there is.
        spends_requests: Whether its numbers cost requests to AppZen.
    """

    def __init__(
        self,
        section: Mapping[str, Any],
        client: AppZen,
        *,
        workers: int,
        cancel_token: CancelToken,
    ) -> None:
        self._section = section
        self._source = number_source(section)
        self._client = client
        self._workers = workers
        self._cancel_token = cancel_token
        self.follows_changes = self._source.follows_changes(section)
        self.spends_requests = self._source.spends_requests

    @cached_property
    def identity(self) -> str:
        """A digest that tells this list from any other."""
        with _as_source_errors():
            own = in_background(
                partial(self._source.identity, self._section), self._cancel_token
            )
        text = f"{self._section['source']}\0{own}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def may_be_empty(self) -> bool:
        """Whether a list without numbers is no failure."""
        return self._source.may_be_empty or bool(self._section.get("allow_empty"))

    @property
    def empty_message(self) -> str:
        """What to say if the source gives no numbers."""
        setting = ".".join((SECTION, *self._source.required[-1:]))
        what = self._source.label(self._section) or "the source"
        return f"`{setting}`: {what} gives no purchase order numbers"

    def empty_error(self) -> SourceError:
        """Return the error for no numbers: what makes the list may have failed."""
        return SourceError(
            f"AppZen: {self.empty_message}; if that may be, set "
            f"`{SECTION}.allow_empty` to true"
        )

    def count(self) -> int | None:
        """Return how many numbers there are, none where that is not known."""
        count = partial(self._source.count, self._section)
        return in_background(count, self._cancel_token)

    def first_number(self) -> str | None:
        """Return any number of the source, for a test of the connection.

        Raises:
            SourceError: The source cannot be read.
        """
        until = instant_of(now())
        since = until.earlier(_DAYS_FOR_TEST * _DAY_SECONDS)
        unread = None
        # One at a time: most of what is read ahead would be for nothing.
        with closing(self.items(since, until, workers=1)) as items:
            for item in items:
                if isinstance(item, str):
                    return item
                if isinstance(item, SourceIssue) and not item.failure.is_refusal:
                    unread = item
        if unread is not None:
            msg = f"AppZen: {unread.key} cannot be read: {unread.failure.message}"
            raise SourceError(msg)
        return None

    def items(
        self,
        since: Instant | None,
        began_at: Instant,
        workers: int | None = None,
    ) -> Generator[Item, None, None]:
        """Yield what the source gives for a run that began at a moment.

        Args:
            since: From when on changes are wanted; none: all there is.
            began_at: When the run began.
            workers: How many requests it may have in flight, if fewer than otherwise.

        Raises:
            SourceError: The source cannot be read.
        """
        context = SourceContext(
            since=None if since is None else since.moment,
            until=began_at.moment,
            appzen=self._client,
            workers=workers or self._workers,
            cancel_token=self._cancel_token,
        )
        with _as_source_errors():
            for item in self._read(context):
                if not isinstance(item, Item):
                    kind = type(item).__name__
                    msg = f"AppZen: `{SECTION}`: the source gives {kind}, not text"
                    raise SourceError(msg)
                yield item

    def _read(self, context: SourceContext) -> Iterator[Any]:
        read = partial(self._source.numbers, self._section, context)
        if self.spends_requests:
            # It waits as the tap itself does, and must not read ahead.
            return read()
        return iterate_in_background(read, self._cancel_token)


@contextmanager
def _as_source_errors() -> Iterator[None]:
    """Raise whatever a source may raise as a `SourceError`."""
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
