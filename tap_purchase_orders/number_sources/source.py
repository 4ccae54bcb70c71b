"""The type of a source of purchase-order numbers, built in or from a plug-in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Mapping

    from singer_sdk import typing as th

    from tap_purchase_orders.clients.appzen import AppZen
    from tap_purchase_orders.concurrency.cancellation import CancelToken
    from tap_purchase_orders.http.api_response import RequestFailure

SECTION = "appzen.purchase_order_numbers"


class SourceContext(Struct, frozen=True):
    """What a source may want to know of the run that it is read for.

    Attributes:
        since: From when on changes are news: what the last finished run had read up
            to, else `start_date`; none where there is neither. In UTC.
        until: When the run began, in UTC; where it goes on with an interrupted one,
            when that one began.
        appzen: Asks AppZen, within its limits.
        workers: How many requests may be in flight.
        cancel_token: Says that nothing more is to be asked.
    """

    since: dt.datetime | None
    until: dt.datetime
    appzen: AppZen
    workers: int
    cancel_token: CancelToken


class Checkpoint(Struct, frozen=True):
    """Says that the numbers of all changes before a moment have been given.

    Once these are read and written, the next run starts from that moment.

    Attributes:
        moment: In UTC.
    """

    moment: dt.datetime


class SourceIssue(Struct, frozen=True):
    """Says that a part of the source could not be read; the rest goes on.

    Attributes:
        key: Names the part.
        failure: What happened.
    """

    key: str
    failure: RequestFailure


Item: TypeAlias = str | Checkpoint | SourceIssue


class NumberSource(Struct, frozen=True):
    """One place that purchase order numbers come from, registered under its name.

    A plug-in may register any callable that takes the `purchase_order_numbers` section
    and returns the numbers; this class adds the checking of keys, and changes since
    the last run.

    Attributes:
        numbers: Yields the numbers as text, exactly as they are to be asked for,
            lazily and in a stable order; raises `SourceError` where that fails. A
            source that follows changes yields `Checkpoint` behind those up to a moment.
        settings: The keys of the section that it reads, `source` apart; none for a
            plug-in that checks its own.
        required: The names of those that must be given.
        mistakes: Returns a line for each thing that is wrong with a section that has
            all it needs, as far as that can be told without reading the source.
        count: Returns how many numbers there are, none where that is not known
            beforehand.
        identity: Tells one list from another without reading it to its end, where
            the source can do that. An interrupted run is resumed, and changes are
            followed, in the same list only.
        follows_changes: Returns whether a section asks for what has changed since the
            last finished run, and not for all there is.
        may_be_empty: Whether it is no failure that there are no numbers.
        label: Returns what messages call the list of a section, nothing where the
            setting says enough.
        spends_requests: Whether its numbers come by requests to AppZen, which count
            against the budget: they are then asked for as they come.
    """

    numbers: Callable[[Mapping[str, Any], SourceContext], Iterator[Item]]
    settings: tuple[th.Property[Any], ...] | None = None
    required: tuple[str, ...] = ()
    mistakes: Callable[[Mapping[str, Any]], list[str]] = lambda _: []
    count: Callable[[Mapping[str, Any]], int | None] = lambda _: None
    identity: Callable[[Mapping[str, Any]], str] = lambda _: ""
    follows_changes: Callable[[Mapping[str, Any]], bool] = lambda _: False
    may_be_empty: bool = False
    label: Callable[[Mapping[str, Any]], str] = lambda _: ""
    spends_requests: bool = False
