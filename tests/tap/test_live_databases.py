"""Nothing is missed of what is written into a database while runs go on."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from tests.tap.erp import Runs, erp_server, postgres_url
from tests.tap.live_databases import (
    LiveDatabase,
    live_duckdb,
    live_mariadb,
    live_postgres,
    live_sqlite,
)
from tests.tap.mariadb import mariadb_server
from tests.tap.upstream import Upstream
from tests.tap.worlds import purchase_order, serve_purchase_orders
from tests.unit.source_contexts import context, items_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.pipeline.postgres import Postgres

# Columns that keep fractions of a second, whole seconds, or only days.
POSTGRES = ["timestamp with time zone", "timestamptz(0)", "timestamp(0)", "date"]
MARIADB = ["TIMESTAMP", "TIMESTAMP(6)", "DATETIME", "DATE"]
DUCKDB = ["TIMESTAMP", "TIMESTAMPTZ", "DATE"]
SQLITE = ["TIMESTAMP", "DATE"]
DATABASES = [
    *(("postgres", column) for column in POSTGRES),
    *(("mariadb", column) for column in MARIADB),
    *(("duckdb", column) for column in DUCKDB),
    *(("sqlite", column) for column in SQLITE),
]
QUERY = "SELECT n FROM live WHERE changed >= :since ORDER BY changed, n"
RUNS = 3
ROWS = 12


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with erp_server() as server:
        yield server


@pytest.fixture(scope="module")
def mariadb() -> Iterator[int]:
    with mariadb_server() as port:
        yield port


@pytest.fixture
def live(request: pytest.FixtureRequest, tmp_path: Path) -> LiveDatabase:
    system, column = request.param
    if system == "postgres":
        server = request.getfixturevalue("postgres")
        database = live_postgres(server, postgres_url(server), column)
    elif system == "mariadb":
        database = live_mariadb(request.getfixturevalue("mariadb"), column)
    elif system == "duckdb":
        database = live_duckdb(tmp_path / "erp.duckdb", column)
    else:
        database = live_sqlite(tmp_path / "erp.db", column)
    database.create()
    return database


@pytest.mark.parametrize(
    "live",
    [each for each in DATABASES if each[1] in ("timestamptz(0)", "TIMESTAMP")],
    ids=" ".join,
    indirect=True,
)
def test_runs_beside_a_writer_ask_for_everything_it_has_written(
    live: LiveDatabase,
) -> None:
    # As much as a transaction takes, and a second for the whole one.
    section: dict[str, Any] = {"source": "sql", "url": live.url, "query": QUERY}
    section |= {"since_overlap_seconds": 2}
    asked: list[str] = []
    with Upstream() as upstream:
        # All the others are not there.
        serve_purchase_orders(upstream, {"L-first": purchase_order("L-first")})
        # The zone of this machine is that of a session of DuckDB.
        runs = Runs(upstream, section, {"TZ": "Europe/Berlin"})
        live.write_row("L-first")
        with live.being_written():
            for _ in range(RUNS):
                with live.exclusive:
                    asked += runs.next(max_requests_per_second=1000)
        with live.exclusive:
            asked += runs.next(max_requests_per_second=1000)

    assert set(live.written) - set(asked) == set()
    assert len(live.written) > RUNS


@pytest.mark.parametrize("live", DATABASES, ids=" ".join, indirect=True)
def test_queries_beside_a_writer_give_everything_it_has_written(
    live: LiveDatabase,
) -> None:
    section: dict[str, Any] = {"source": "sql", "url": live.url, "query": QUERY}
    section |= {"since_overlap_seconds": 2}
    given: set[Any] = set()
    since = None
    with live.being_written():
        for count in range(1, ROWS):
            live.wait_for_rows(count)
            with live.exclusive:
                began_at = dt.datetime.now(dt.UTC)
                given.update(items_of(section, context(since, began_at)))
            since = began_at
    given.update(items_of(section, context(since)))

    assert set(live.written) - given == set()


@pytest.mark.parametrize("live", DATABASES, ids=" ".join, indirect=True)
def test_a_row_of_the_second_or_the_day_in_which_a_run_began_is_asked_for(
    live: LiveDatabase,
) -> None:
    live.write_row("A")
    since = dt.datetime.now(dt.UTC)
    # A run that began 0.7 seconds into the second of the row, had it been so fast.
    stamped = since - dt.timedelta(seconds=1)
    section: dict[str, Any] = {"source": "sql", "url": live.url, "query": QUERY}
    section |= {"since_overlap_seconds": 0}

    before = items_of(section, context(since=stamped))
    later = items_of(section, context(since=since + dt.timedelta(days=3)))

    assert before[0] == "A"
    # It is no accident of comparing texts, or of another zone.
    assert len(later) == 1
