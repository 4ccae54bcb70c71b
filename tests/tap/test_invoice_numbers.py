"""Numbers from invoices: each invoice is read, and each number is asked for, once."""

from __future__ import annotations

import datetime as dt
import json
from itertools import pairwise
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest

from tests.tap.invoices import (
    INVOICE_PATH,
    LONGEST,
    MOST,
    START,
    Invoices,
    ago,
    config,
    emitted,
    invoice,
    read_until,
    text_of,
)
from tests.tap.tap import run_tap
from tests.tap.upstream import Reply, Upstream, json_reply

if TYPE_CHECKING:
    from collections.abc import Iterator

SECOND = dt.timedelta(seconds=1)
FOUNDED = dt.datetime(2012, 1, 1, tzinfo=dt.UTC)
# What may show late, and is looked for again.
LATENESS = dt.timedelta(minutes=15)


@pytest.fixture
def invoices() -> Iterator[Invoices]:
    with Upstream() as started:
        yield Invoices(started)


def test_numbers_stand_on_headers_on_lines_and_on_parts_of_lines(
    invoices: Invoices,
) -> None:
    body = invoice("H1", "H2", lines=["H2", "L1", None])
    body["invoice_lines"][1]["line_allocations"] = [
        {"amount": 1, "purchase_order_number": "A1"},
        {"amount": 2},
        {"amount": 3, "purchase_order_number": "L1"},
    ]
    invoices.add("a", ago(days=3), body)
    invoices.serve(["A1"])

    run = invoices.read()

    assert emitted(run) == ["H1", "H2", "L1", "A1"]
    assert run.status == 0
    assert invoices.read_invoices() == ["a"]


def test_numbers_are_asked_for_as_they_stand_there(invoices: Invoices) -> None:
    given = [" 007 ", "", "  ", "a/b#c", "100", "007", "FR/1"]
    invoices.add("a", ago(days=3), invoice(*given))

    invoices.read()

    asked = [unquote(number) for number in invoices.asked_numbers()]
    assert sorted(asked) == sorted([" 007 ", "a/b#c", "100", "007", "FR/1"])


def test_numbers_that_are_no_text_keep_their_digits(invoices: Invoices) -> None:
    numbers = b"[4500000001, 12345678901234567890123, 1.10, null]"
    body = b'{"purchase_order_numbers": ' + numbers + b"}"
    invoices.add("a", ago(days=3), Reply(body))
    given = ["4500000001", "12345678901234567890123", "1.10"]
    invoices.serve(given)

    assert emitted(invoices.read()) == given


@pytest.mark.parametrize(
    "body",
    [
        {"invoice_id": "1", "invoice_number": "2"},
        {"purchase_order_numbers": None, "invoice_lines": None},
        {"purchase_order_numbers": [], "invoice_lines": [{}]},
        {"invoice_lines": [{"line_allocations": None}]},
    ],
)
def test_an_invoice_may_name_none(body: object, invoices: Invoices) -> None:
    invoices.add("a", ago(days=4), json_reply(body))
    invoices.add("b", ago(days=3), invoice("PO"))

    run = invoices.read()

    assert (run.status, run.issues()) == (0, [])
    assert emitted(run) == ["PO"]


def test_numbers_come_in_the_order_in_which_invoices_were_processed(
    invoices: Invoices,
) -> None:
    for day in (5, 25, 1, 12, 13, 14):
        invoices.add(f"of-{day}", ago(days=day), invoice(f"PO-{day}"))

    run = invoices.read()

    assert emitted(run) == [f"PO-{day}" for day in (25, 14, 13, 12, 5, 1)]


@pytest.mark.parametrize("tells_times", [True, False])
def test_a_number_on_many_invoices_and_an_invoice_on_a_border_come_once(
    invoices: Invoices, *, tells_times: bool
) -> None:
    invoices.tells_times = tells_times
    # The second one belongs to two searches, and so does the third.
    for week in range(4):
        at = START + week * LONGEST
        invoices.add(f"of-{week}", at, invoice("SAME", f"PO-{week}"))
        invoices.add(f"after-{week}", at + SECOND, invoice("SAME", lines=["SAME"]))

    run = invoices.read()

    assert emitted(run) == ["SAME", "PO-0", "PO-1", "PO-2", "PO-3"]
    for asked in (invoices.read_invoices(), invoices.asked_numbers()):
        assert len(asked) == len(set(asked))
    assert len(invoices.read_invoices()) == 8


def test_an_invoice_that_every_search_names_is_read_once(invoices: Invoices) -> None:
    invoices.add("a", ago(days=1), invoice("PO"))
    named = json_reply([{"appzen-uuid": "a"}, {"appzen-uuid": "a"}])
    invoices.upstream.answer(f"{INVOICE_PATH}/search", named)

    run = invoices.read()

    assert invoices.read_invoices() == ["a"]
    assert emitted(run) == ["PO"]


def test_searches_cover_all_the_time_in_windows_of_at_most_a_week(
    invoices: Invoices,
) -> None:
    before = dt.datetime.now(dt.UTC)
    invoices.read()

    searches = invoices.searches()
    assert searches[0][0] == START
    assert before <= searches[-1][1] < before + dt.timedelta(minutes=2)
    assert all(end - start <= LONGEST for start, end in searches)
    assert all(last[1] == start for last, (start, _) in pairwise(searches))
    assert len(searches) == 5


def test_without_a_start_date_all_the_years_of_appzen_are_searched(
    invoices: Invoices,
) -> None:
    run = invoices.read(start_date=None)

    assert invoices.searches()[0][0] == FOUNDED
    assert len([line for line in run.logged("INFO") if "start_date" in line]) == 1
    assert "start_date" not in invoices.read(run.state, start_date=None).log


def test_no_invoices_are_an_empty_source(invoices: Invoices) -> None:
    # So many searches that the first are remembered before the last are made.
    first = invoices.read(start_date=text_of(ago(days=300)))
    second = invoices.read(first.state)

    assert (first.status, len(first.warnings)) == (0, 1)
    assert "no purchase order numbers" in first.warnings[0]
    assert (second.status, second.warnings) == (0, [])


def test_the_next_run_reads_what_was_processed_since(invoices: Invoices) -> None:
    invoices.add("old", ago(days=20), invoice("OLD"))
    first = invoices.read()
    began = dt.datetime.now(dt.UTC)
    quiet = invoices.read(first.state)
    invoices.add("new", began, invoice("NEW", "OLD"))
    changed = invoices.read(quiet.state)

    assert emitted(first) == ["OLD"]
    assert emitted(quiet) == []
    assert emitted(changed) == ["NEW", "OLD"]
    assert invoices.read_invoices() == ["new"]


def test_what_shows_late_in_a_search_is_found_by_the_next_run(
    invoices: Invoices,
) -> None:
    first = invoices.read()
    until = read_until(first)
    invoices.add("late", until + SECOND, invoice("LATE"))

    assert dt.datetime.now(dt.UTC) - until > LATENESS
    assert emitted(invoices.read(first.state)) == ["LATE"]


def test_what_was_processed_before_the_start_is_left_out(invoices: Invoices) -> None:
    start = START + dt.timedelta(milliseconds=500)
    invoices.add("before", START + dt.timedelta(milliseconds=499), invoice("BEFORE"))
    invoices.add("then", start, invoice("THEN"))

    assert emitted(invoices.read(start_date=text_of(start))) == ["THEN"]


def test_a_start_in_the_future_is_refused_before_any_request(
    invoices: Invoices,
) -> None:
    run = invoices.read(start_date=text_of(ago(days=-2)))

    assert run.status == 1
    assert "`start_date` is in the future" in run.log
    assert invoices.upstream.asked == []


def test_a_search_that_may_be_cut_off_is_made_in_parts(invoices: Invoices) -> None:
    # As many within an hour as in all the other time.
    times = [ago(days=5) + 6 * i * SECOND for i in range(600)]
    times += [ago(days=5) + dt.timedelta(minutes=10 * i) for i in range(700)]
    reply = json_reply(invoice("SAME"))
    for number, at in enumerate(times):
        invoices.processed[f"{number}"] = at
        invoices.upstream.answer(f"{INVOICE_PATH}/{number}", reply)
    invoices.serve(["SAME"])

    run = invoices.read()

    assert sorted(invoices.read_invoices()) == sorted(invoices.processed)
    assert (run.status, emitted(run)) == (0, ["SAME"])
    # Each part of a window that was cut is searched again, and nothing else is.
    assert 5 < len(invoices.searches()) < 20


def test_more_invoices_in_one_second_than_a_search_may_give_are_an_issue(
    invoices: Invoices,
) -> None:
    full = ago(days=5)
    reply = json_reply(invoice("SAME"))
    for number in range(MOST + 5):
        at = full + dt.timedelta(milliseconds=number % 900)
        invoices.processed[f"{number}"] = at
        invoices.upstream.answer(f"{INVOICE_PATH}/{number}", reply)
    invoices.add("after", ago(days=1), invoice("AFTER"))
    invoices.serve(["SAME"])

    run = invoices.read()

    assert run.status == 1
    (issue,) = run.issues()
    assert issue["kind"] == "invalid_response"
    assert issue["record_key"] == f"invoice/search/{full:%Y-%m-%dT%H:%M:%SZ}"
    assert emitted(run) == ["SAME", "AFTER"]
    # What may be missing is looked for again.
    assert read_until(run) <= full


def test_shards_read_all_invoices_and_ask_for_their_own_numbers(
    invoices: Invoices,
) -> None:
    given = [f"PO-{number}" for number in range(30)]
    for number, name in enumerate(given):
        invoices.add(f"{number}", ago(hours=200 - number), invoice(name))

    runs = []
    for index in range(3):
        runs.append(invoices.read(shard={"index": index, "count": 3}))
        assert len(invoices.read_invoices()) == 30
        assert sorted(invoices.asked_numbers()) == sorted(emitted(runs[-1]))

    assert sorted(emitted(*runs)) == sorted(given)
    assert all(emitted(run) for run in runs)


def test_trying_the_connection_costs_few_requests(invoices: Invoices) -> None:
    for number in range(40):
        invoices.add(f"{number}", ago(hours=number + 1), invoice(f"PO-{number}"))

    run = run_tap(config(invoices.upstream), "--test")

    assert run.status == 0
    assert "AppZen works" in run.log
    # A search, one invoice with four read ahead, and a purchase order.
    assert len(invoices.upstream.asked) <= 7


def test_nothing_is_asked_where_no_stream_needs_it(invoices: Invoices) -> None:
    discovered = run_tap(config(invoices.upstream), "--discover")
    catalog = json.loads(discovered.output)
    for entry in catalog["streams"]:
        for part in entry["metadata"]:
            if not part["breadcrumb"]:
                part["metadata"]["selected"] = entry["stream"] == "extraction_issues"

    run = run_tap(config(invoices.upstream), catalog=catalog)

    assert (run.status, invoices.upstream.asked) == (0, [])
