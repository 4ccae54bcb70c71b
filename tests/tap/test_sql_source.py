"""Numbers from a database: what changed is asked for, and nothing is lost of it."""

from __future__ import annotations

import datetime as dt
import signal
from typing import TYPE_CHECKING, Any

import pytest

from tests.tap.erp import (
    ALL,
    LONG_AGO,
    NUMBERS,
    SINCE,
    Erp,
    Runs,
    erp_server,
    postgres_erp,
    postgres_url,
    sqlite_erp,
)
from tests.tap.truncation import started
from tests.tap.upstream import Reply, Upstream
from tests.tap.worlds import (
    appzen,
    appzen_error,
    number_path,
    purchase_order,
    serve_purchase_orders,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.pipeline.postgres import Postgres

DATABASES = [
    ("postgres", "timestamp with time zone"),
    ("postgres", "timestamp without time zone"),
    ("sqlite", "text with a blank"),
    ("sqlite", "text with a T"),
]


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with erp_server() as server:
        yield server


@pytest.fixture
def any_erp(request: pytest.FixtureRequest, postgres: Postgres, tmp_path: Path) -> Erp:
    system, kept = request.param
    erp = (
        postgres_erp(postgres, kept)
        if system == "postgres"
        else sqlite_erp(tmp_path / "erp.db", kept)
    )
    erp.reset()
    return erp


in_every_way = pytest.mark.parametrize(
    "any_erp", DATABASES, ids=" ".join, indirect=True
)
in_both_systems = pytest.mark.parametrize(
    "any_erp", DATABASES[::2], ids=" ".join, indirect=True
)


@pytest.fixture
def erp(tmp_path: Path) -> Erp:
    erp = sqlite_erp(tmp_path / "erp.db", "text with a blank")
    erp.reset()
    return erp


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as started_upstream:
        orders = {number: purchase_order(number) for number in NUMBERS}
        serve_purchase_orders(started_upstream, orders)
        yield started_upstream


@in_every_way
def test_the_second_run_asks_only_for_what_changed(
    any_erp: Erp, upstream: Upstream
) -> None:
    runs = Runs(upstream, any_erp.section())
    found = [runs.next()]
    any_erp.change(NUMBERS[2])
    any_erp.change(NUMBERS[5])
    found += [runs.next(), runs.next()]

    assert found == [NUMBERS[:4], [NUMBERS[2], NUMBERS[5]], []]
    assert runs.last.warnings == []


@in_both_systems
def test_an_interrupted_run_is_gone_on_with_and_then_what_changed_meanwhile(
    any_erp: Erp, upstream: Upstream
) -> None:
    runs = Runs(upstream, any_erp.section())
    found = [runs.next(max_requests_per_run=2)]
    # Behind all the others in the order of the query: the list begins as it did.
    any_erp.change(NUMBERS[4])
    found += [runs.next(max_requests_per_run=2), runs.next(), runs.next()]

    assert found == [
        NUMBERS[:2],
        NUMBERS[2:4],
        [NUMBERS[4]],
        # It changed after the first of the three runs had begun.
        [NUMBERS[4]],
    ]
    assert runs.next() == []


def test_a_list_that_changed_before_the_interruption_starts_over(
    erp: Erp, upstream: Upstream
) -> None:
    runs = Runs(upstream, erp.section())
    runs.next(max_requests_per_run=2)
    erp.change(NUMBERS[0])

    assert runs.next() == NUMBERS[:4]
    assert runs.next() == []


@in_both_systems
def test_a_number_that_could_not_be_read_comes_again_and_since_does_not_move(
    any_erp: Erp, upstream: Upstream
) -> None:
    upstream.answer(number_path(NUMBERS[1]), Reply(b"", 503))
    runs = Runs(upstream, any_erp.section())
    first = runs.next(status=1)
    any_erp.change(NUMBERS[4])
    second = runs.next(status=1)
    upstream.answer(number_path(NUMBERS[1]), appzen_error(404))
    third, fourth = runs.next(), runs.next()

    assert first == NUMBERS[:4]
    assert second == third == NUMBERS[1:5]
    assert fourth == [NUMBERS[4]]
    assert runs.next() == []


def test_a_refused_run_does_not_move_since(erp: Erp, upstream: Upstream) -> None:
    upstream.answer(number_path(NUMBERS[3]), appzen_error(403))
    runs = Runs(upstream, erp.section())
    runs.next(status=1)
    erp.change(NUMBERS[5])
    upstream.answer(number_path(NUMBERS[3]), appzen_error(404))

    assert runs.next() == [NUMBERS[3], NUMBERS[5]]
    assert runs.next() == [NUMBERS[5]]


def test_a_strict_run_that_fails_does_not_move_since(
    erp: Erp, upstream: Upstream
) -> None:
    upstream.answer(number_path(NUMBERS[3]), appzen_error(404))
    runs = Runs(upstream, erp.section())
    runs.next(status=1, strict=True)
    erp.change(NUMBERS[5])

    assert runs.next(strict=True) == [NUMBERS[5]]
    assert runs.next() == [NUMBERS[5]]
    assert runs.next() == []


def test_a_first_run_that_finds_none_of_its_numbers_does_not_move_since(
    erp: Erp, upstream: Upstream
) -> None:
    for number in NUMBERS:
        upstream.answer(number_path(number), appzen_error(404))
    runs = Runs(upstream, erp.section())
    runs.next(status=1)
    serve_purchase_orders(upstream, {n: purchase_order(n) for n in NUMBERS})

    assert runs.next() == NUMBERS[:4]
    assert runs.next() == []


def test_later_numbers_of_which_none_is_found_come_again(
    erp: Erp, upstream: Upstream
) -> None:
    runs = Runs(upstream, erp.section())
    runs.next()
    for number in NUMBERS:
        upstream.answer(number_path(number), appzen_error(404))
    erp.change(NUMBERS[1])
    erp.change(NUMBERS[4])

    assert runs.next() == [NUMBERS[1], NUMBERS[4]]
    assert "the next run asks for them again" in runs.last.log
    # The address was wrong, and is mended.
    serve_purchase_orders(upstream, {n: purchase_order(n) for n in NUMBERS})
    assert runs.next() == [NUMBERS[1], NUMBERS[4]]
    assert runs.next() == []


def test_the_rest_of_an_interrupted_run_moves_since_though_none_of_it_is_found(
    erp: Erp, upstream: Upstream
) -> None:
    runs = Runs(upstream, erp.section())
    runs.next()
    for number in NUMBERS[1:4]:
        erp.change(number)
    upstream.answer(number_path(NUMBERS[3]), appzen_error(404))

    assert runs.next(max_requests_per_run=2) == NUMBERS[1:3]
    assert runs.next() == [NUMBERS[3]]
    assert runs.next() == []


def test_later_numbers_of_which_some_are_found_move_since(
    erp: Erp, upstream: Upstream
) -> None:
    runs = Runs(upstream, erp.section())
    runs.next()
    upstream.answer(number_path(NUMBERS[1]), appzen_error(404))
    erp.change(NUMBERS[1])
    erp.change(NUMBERS[4])

    assert runs.next() == [NUMBERS[1], NUMBERS[4]]
    assert runs.next() == []


def test_the_first_time_since_is_the_start_date(erp: Erp, upstream: Upstream) -> None:
    erp.change(NUMBERS[4], LONG_AGO + dt.timedelta(days=1))
    runs = Runs(upstream, erp.section())

    assert runs.next(start_date="2020-01-01T12:00:00Z") == [NUMBERS[4]]


def test_an_earlier_start_date_brings_what_it_adds_and_then_no_more(
    erp: Erp, upstream: Upstream
) -> None:
    start, earlier = "2020-01-01T12:00:00Z", "2019-01-01T00:00:00Z"
    erp.change(NUMBERS[4], LONG_AGO + dt.timedelta(days=1))
    runs = Runs(upstream, erp.section())

    assert runs.next(start_date=start) == [NUMBERS[4]]
    # One run is too short for what is added.
    assert runs.next(start_date=earlier, max_requests_per_run=2) == NUMBERS[:2]
    assert [line for line in runs.last.logged("INFO") if "earlier" in line]
    assert runs.next(start_date=earlier) == NUMBERS[2:5]
    for later in (earlier, start, earlier):
        assert runs.next(start_date=later) == []
    assert runs.next() == NUMBERS[:5]
    assert runs.next() == []


def test_another_query_begins_anew(erp: Erp, upstream: Upstream) -> None:
    runs = Runs(upstream, erp.section())
    runs.next()
    runs.section = erp.section(f"{SINCE} -- another")

    assert runs.next() == NUMBERS[:4]


@in_both_systems
def test_a_query_without_since_gives_everything_and_is_gone_on_with(
    any_erp: Erp, upstream: Upstream
) -> None:
    runs = Runs(upstream, any_erp.section(ALL))

    assert runs.next(max_requests_per_run=3) == NUMBERS[:3]
    assert runs.next() == NUMBERS[3:4]
    assert runs.next() == NUMBERS[:4]


@pytest.mark.parametrize("query", [ALL, SINCE], ids=["a list", "changes"])
def test_a_first_run_that_finds_nothing_fails_unless_that_may_be(
    query: str, erp: Erp, upstream: Upstream
) -> None:
    erp.execute("DELETE FROM erp", ())
    runs = Runs(upstream, erp.section(query))
    runs.next(status=1)
    failed = runs.last.errors[0]
    runs.section = {**runs.section, "allow_empty": True}

    assert "`appzen.purchase_order_numbers.query`" in failed
    assert runs.next() == []
    (warning,) = runs.last.warnings
    assert "nothing to read" in warning


def test_changes_are_looked_for_a_quarter_of_an_hour_back(
    erp: Erp, upstream: Upstream
) -> None:
    section = erp.section()
    del section["since_overlap_seconds"]
    runs = Runs(upstream, section)
    runs.next()
    now = dt.datetime.now(dt.UTC)
    erp.change(NUMBERS[4], now - dt.timedelta(minutes=14))
    erp.change(NUMBERS[5], now - dt.timedelta(minutes=16))

    # What is written late, or by a clock that is late, is found all the same.
    assert [runs.next(), runs.next()] == [[NUMBERS[4]]] * 2


def test_numbers_of_a_numeric_column_are_read_with_a_warning(
    postgres: Postgres, upstream: Upstream
) -> None:
    query = "SELECT n::numeric(12, 2) FROM (VALUES (7.00), (null), (8)) AS erp (n)"
    section = {"source": "sql", "url": postgres_url(postgres), "query": query}
    serve_purchase_orders(upstream, {n: purchase_order(n) for n in "78"})
    runs = Runs(upstream, section)

    assert runs.next() == ["7", "8"]
    assert len(runs.last.warnings) == 2


def test_since_may_have_a_cast_behind_it(
    postgres: Postgres, upstream: Upstream
) -> None:
    query = "SELECT '000' WHERE now()::date >= :since::date"
    section = {"source": "sql", "url": postgres_url(postgres), "query": query}

    assert Runs(upstream, section).next() == ["000"]


def test_a_long_list_is_let_go_of_before_its_numbers_are_asked_for(
    postgres: Postgres, upstream: Upstream
) -> None:
    sessions: list[int] = []
    numbers = [f"N{number}" for number in range(30_000)]
    query = "SELECT 'N' || n FROM generate_series(0, 29999) AS n"
    mine = f"{postgres_url(postgres)}?application_name=the-tap"

    def reply(_asked: Any) -> Reply:
        statement = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'the-tap'"
        sessions.append(len(postgres.rows(statement)))
        return appzen_error(404)

    for number in numbers[:5]:
        upstream.answer(number_path(number), reply)
    section = {"source": "sql", "url": mine, "query": query}
    runs = Runs(upstream, section)

    assert runs.next(max_requests_per_run=5, max_concurrency=1) == numbers[:5]
    # The first number goes ahead.
    assert sessions[1:] == [0] * 4


def test_a_signal_ends_the_wait_for_the_database(
    postgres: Postgres, upstream: Upstream, tmp_path: Path
) -> None:
    url = f"{postgres_url(postgres)}?application_name=the-slow-one"
    section = {"source": "sql", "url": url, "query": "SELECT pg_sleep(200)::text"}
    config = {"appzen": appzen(upstream, [], purchase_order_numbers=section)}
    is_running = (
        "SELECT 1 FROM pg_stat_activity WHERE application_name = 'the-slow-one' "
        "AND wait_event = 'PgSleep'"
    )
    with started(tmp_path, config, {}, {}) as process:
        while not postgres.rows(is_running):
            assert process.poll() is None, (tmp_path / "log").read_text()
        process.send_signal(signal.SIGTERM)

        assert process.wait(60) == 143
