from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from email.utils import format_datetime
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tap_purchase_orders.clients.appzen_invoices import FoundInvoice
from tap_purchase_orders.concurrency.cancellation import CancelToken
from tap_purchase_orders.errors import CancelledError
from tap_purchase_orders.http.api_response import ApiResponse
from tap_purchase_orders.http.budget import Budget
from tap_purchase_orders.http.upstream_clock import UpstreamClock
from tap_purchase_orders.number_sources.invoices import Window, windows
from tap_purchase_orders.number_sources.registry import number_source
from tap_purchase_orders.number_sources.source import Checkpoint, SourceIssue
from tests.unit.source_contexts import context, items_of

WEEK = dt.timedelta(days=7)
SECOND = dt.timedelta(seconds=1)
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
END = START + dt.timedelta(days=10)
LATENESS = dt.timedelta(minutes=15)
SECTION = {"source": "invoices"}

moments = st.datetimes(
    dt.datetime(2012, 1, 1),  # noqa: DTZ001  # the strategy adds the zone
    dt.datetime(2030, 1, 1),  # noqa: DTZ001
    timezones=st.just(dt.UTC),
)
# Many of one second, and some on the borders of searches.
processing_times = st.builds(
    lambda seconds, milliseconds: (
        START + dt.timedelta(seconds=seconds, milliseconds=milliseconds)
    ),
    st.integers(0, 9) | st.sampled_from([7 * 86_400, 7 * 86_400 + 1]),
    st.sampled_from([0, 1, 500, 999]),
)

ONE_A_SECOND = {f"{n}": START + n * SECOND for n in range(9)}


@dataclass
class Client:
    """What a source may ask: invoices that each name a number, their own name.

    Attributes:
        times: Processing times by name.
        takes_first: Whether a search finds what was processed when it begins.
        tells_times: Whether it says when an invoice was processed.
        limit: How many requests there may be.
        misleads_by: How far what it says is from the truth.
        read: The names of the invoices that were read.
    """

    times: dict[str, dt.datetime]
    takes_first: bool = True
    tells_times: bool = True
    limit: int | None = None
    misleads_by: dt.timedelta = dt.timedelta(0)
    read: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Be what is asked, too."""
        self.invoices = self
        self.budget = Budget(self.limit, CancelToken())
        self.clock = UpstreamClock()

    def processed(self, start: dt.datetime, end: dt.datetime) -> list[FoundInvoice]:
        assert end - start <= WEEK
        return [
            FoundInvoice(name, at + self.misleads_by if self.tells_times else None)
            for name, at in self.times.items()
            if start < at <= end or (self.takes_first and at == start)
        ]

    def numbers_on(self, name: str) -> list[str]:
        self.read.append(name)
        return [name]


clients = st.builds(
    Client,
    st.lists(processing_times, max_size=10).map(
        lambda times: {f"{number}": at for number, at in enumerate(times)}
    ),
    takes_first=st.booleans(),
    tells_times=st.booleans(),
    # Of so few, each that is read is remembered.
    limit=st.sampled_from([None, 8]),
)


@given(moments, moments)
def test_windows_cover_a_time_without_gaps_and_none_is_longer_than_a_week(
    one: dt.datetime, other: dt.datetime
) -> None:
    start, end = sorted((one, other))
    found = list(windows(start, end))

    assert bool(found) == (start < end)
    assert {w.start for w in found[:1]} <= {start}
    assert {w.end for w in found[-1:]} <= {end}
    assert all(last.end == window.start for last, window in pairwise(found))
    for window in found:
        assert window.asked_from <= window.start < window.end <= window.asked_to
        assert window.asked_from.microsecond == window.asked_to.microsecond == 0
        assert window.asked_to - window.asked_from <= WEEK


@given(moments, moments, st.data())
def test_a_window_can_be_cut_in_halves_down_to_one_second(
    one: dt.datetime, other: dt.datetime, data: st.DataObject
) -> None:
    start, end = sorted((one, other))
    window = Window(start, max(end, start + SECOND / 2))
    cuts = 0
    while window.can_be_cut:
        first, second = window.halves()
        assert (first.start, first.end) == (window.start, second.start)
        assert second.end == window.end
        assert first.asked_to == second.asked_from
        window = data.draw(st.sampled_from((first, second)))
        cuts += 1

    assert window.asked_to - window.asked_from == SECOND
    assert cuts <= 30


@given(clients)
def test_every_invoice_is_read_once_whichever_end_of_a_search_belongs_to_it(
    client: Client,
) -> None:
    # Where the first moment belongs to no search, what was processed then is left out.
    expected = sorted(
        name for name, at in client.times.items() if at > START or client.takes_first
    )

    items = items_of(SECTION, context(START, END, client))

    assert sorted(client.read) == expected
    assert sorted(item for item in items if isinstance(item, str)) == expected
    assert not [item for item in items if isinstance(item, SourceIssue)]


@example(Client(ONE_A_SECOND, takes_first=False, limit=8), END)
@example(Client(ONE_A_SECOND, tells_times=False, limit=8), END)
@given(clients, st.sampled_from([END, START + 4 * SECOND, START + WEEK]))
def test_a_reading_from_where_another_has_come_to_gives_the_rest(
    client: Client, end: dt.datetime
) -> None:
    items = items_of(SECTION, context(START, end, client))

    latest = START
    for position, item in enumerate(items):
        if not isinstance(item, Checkpoint):
            continue
        assert latest <= item.moment <= max(START, end - LATENESS)
        latest = item.moment
        rest = [n for n in items[position:] if isinstance(n, str)]
        again = items_of(SECTION, context(item.moment, end, client))
        numbers = [n for n in again if isinstance(n, str)]
        assert set(rest) <= set(numbers)
        if client.tells_times:
            # In the same order, so that a place in it is the same place.
            assert numbers[len(numbers) - len(rest) :] == rest
    assert items[-1] == Checkpoint(max(START, end - LATENESS))


@pytest.mark.parametrize("days", [-3650, -1, 3650])
def test_processing_times_of_another_time_are_not_gone_by(days: int) -> None:
    client = Client(ONE_A_SECOND, limit=8, misleads_by=dt.timedelta(days=days))

    items = items_of(SECTION, context(START, END, client))

    assert [item for item in items if isinstance(item, str)] == sorted(ONE_A_SECOND)
    assert not [
        item
        for item in items[: items.index("8")]
        if isinstance(item, Checkpoint) and item.moment > START + 9 * SECOND
    ]


def test_a_time_that_has_not_begun_is_not_taken_for_read() -> None:
    assert items_of(SECTION, context(END, START, Client({}))) == []


def test_checkpoints_of_invoices_come_often() -> None:
    times = {f"{n:03d}": START + n * SECOND for n in range(100)}

    items = items_of(SECTION, context(START, END, Client(times)))

    told = [n for n, item in enumerate(items) if isinstance(item, Checkpoint)]
    assert max(last - first for first, last in pairwise([-1, *told])) <= 21


def test_the_last_request_is_left_to_a_purchase_order_that_was_named() -> None:
    client = Client(ONE_A_SECOND, limit=3)
    items = number_source(SECTION).numbers(SECTION, context(START, END, client))

    client.budget.take()
    client.budget.take()
    assert next(items) == "0"
    with pytest.raises(CancelledError):
        list(items)
    assert client.budget.is_exceeded
    assert client.budget.left == 1


def test_clocks_what_is_read_until_goes_by_the_clock_that_is_earlier() -> None:
    behind = dt.timedelta(hours=3)
    client = Client(ONE_A_SECOND)
    there = {"Date": format_datetime(END - behind, usegmt=True)}
    client.clock.note(ApiResponse(body=[], received_at=END, headers=there))

    items = items_of(SECTION, context(START, END, client))

    assert items[-1] == Checkpoint(END - behind - LATENESS)


def test_clocks_one_that_is_ahead_of_ours_changes_nothing() -> None:
    client = Client(ONE_A_SECOND)
    there = {"Date": format_datetime(END + LATENESS, usegmt=True)}
    client.clock.note(ApiResponse(body=[], received_at=END, headers=there))

    items = items_of(SECTION, context(START, END, client))

    assert items[-1] == Checkpoint(END - LATENESS)
