"""The lock on a state, and what tells a dead run from one that goes on."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest
import sqlalchemy

from orchestrate.lease import StateDatabase, StillRunningError
from tests.pipeline.postgres import Postgres, running_postgres

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# As Meltano has it, as far as it matters here.
RUNS = """
CREATE TABLE runs (
    id INTEGER PRIMARY KEY, job_name TEXT, state TEXT, last_heartbeat_at TIMESTAMP
)
"""


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["postgresql", "sqlite"])
def uri(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'meltano.db'}"
    server: Postgres = request.getfixturevalue("postgres")
    each = server.settings
    return "postgresql+psycopg://{user}:{password}@{host}:{port}/{database}".format(
        **each
    )


def test_what_one_holds_another_does_not_get_until_it_is_given_back(
    uri: str, tmp_path: Path
) -> None:
    one, other = StateDatabase(uri, tmp_path), StateDatabase(uri, tmp_path)

    with one.lock("dev:tap-to-target:0-of-2", patience=0) as held:
        assert held.is_held()
        with (
            pytest.raises(StillRunningError, match="0-of-2"),
            other.lock("dev:tap-to-target:0-of-2", patience=0),
        ):
            pytest.fail("two have it")
        with other.lock("dev:tap-to-target:1-of-2", patience=0) as another:
            assert another.is_held()
    with other.lock("dev:tap-to-target:0-of-2", patience=0) as held:
        assert held.is_held()


def test_a_lock_is_lost_with_its_connection(postgres: Postgres, tmp_path: Path) -> None:
    each = postgres.settings
    server = "{user}:{password}@{host}:{port}/{database}".format(**each)
    database = StateDatabase(f"postgresql+psycopg://{server}", tmp_path)
    end_all = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )

    with database.lock("lost", patience=0) as held:
        with psycopg.connect(f"postgresql://{server}") as connection:
            connection.execute(end_all)
        assert not held.is_held()


@contextmanager
def runs_of(uri: str, *states: str) -> Iterator[sqlalchemy.Engine]:
    engine = sqlalchemy.create_engine(uri, poolclass=sqlalchemy.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE IF EXISTS runs")
        connection.exec_driver_sql(RUNS)
        for number, state in enumerate(states):
            connection.exec_driver_sql(
                "INSERT INTO runs VALUES"  # noqa: S608 - of this file
                f" ({number}, 'mine', '{state}', '2026-03-02 10:00:00')"
            )
    yield engine


def test_no_run_is_left_where_all_have_ended(uri: str, tmp_path: Path) -> None:
    with runs_of(uri, "SUCCESS", "FAIL"):
        database = StateDatabase(uri, tmp_path)

        assert not database.leftover_of_a_dead_run("mine", patience=0)
        assert not database.leftover_of_a_dead_run("another", patience=0)


def test_a_run_whose_heart_stands_still_is_dead(uri: str, tmp_path: Path) -> None:
    with runs_of(uri, "FAIL", "RUNNING"):
        database = StateDatabase(uri, tmp_path)

        assert database.leftover_of_a_dead_run("mine", patience=0, silence=0)
        assert not database.leftover_of_a_dead_run("another", patience=0, silence=0)


def test_a_run_whose_heart_beats_is_not_gone_past(uri: str, tmp_path: Path) -> None:
    over = threading.Event()

    def beat(engine: sqlalchemy.Engine) -> None:
        second = 0
        while not over.wait(0.01):
            second += 1
            with engine.begin() as connection:
                connection.exec_driver_sql(
                    "UPDATE runs SET last_heartbeat_at ="  # noqa: S608 - of this file
                    f" '2026-03-02 10:{second // 60 % 60:02}:{second % 60:02}'"
                )

    with runs_of(uri, "RUNNING") as engine:
        heart = threading.Thread(target=beat, args=(engine,))
        heart.start()
        try:
            database = StateDatabase(uri, tmp_path)
            with pytest.raises(StillRunningError, match="heartbeat"):
                database.leftover_of_a_dead_run("mine", patience=0, silence=1.5)
        finally:
            over.set()
            heart.join()
