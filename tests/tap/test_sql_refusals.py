"""Databases and queries that cannot be used: one line, and nothing is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.tap.erp import NUMBERS, erp_server, postgres_erp, postgres_url, sqlite_erp
from tests.tap.scenes import Played, play_named
from tests.tap.tap import Run, run_tap
from tests.tap.upstream import Upstream
from tests.tap.worlds import SECRETS, appzen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.pipeline.postgres import Postgres

SETTING = "`appzen.purchase_order_numbers"


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with erp_server() as server:
        yield server


@pytest.fixture(scope="module")
def played(
    postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Played]:
    folder = tmp_path_factory.mktemp("erp")
    sqlite = sqlite_erp(folder / "erp.db", "text with a blank")
    sqlite.reset()
    good, password = postgres_url(postgres), SECRETS["api_key"]
    urls = {
        "wrong password": postgres_url(postgres, password=password),
        "no such database": postgres_url(postgres, database="nowhere"),
        "nobody answers": f"postgresql://erp:{password}@127.0.0.1:1/erp",
        "no such host": f"postgresql://erp:{password}@nowhere.invalid/erp",
        "no such file": f"sqlite:///{folder}/nowhere.db",
        "unknown database": f"magic://erp:{password}@host/erp",
        "no driver": f"oracle+cx_oracle://erp:{password}@host/erp",
        "not a url": f"erp:{password}@host",
        "not a port": f"postgresql://erp:{password}@host:port/erp",
    }
    queries = {
        "no such table": "SELECT * FROM nowhere",
        "bad syntax": "SELECT\nFROM WHERE",
        "fails midway": "SELECT 1 / (3 - n) FROM generate_series(1, 9) AS n",
        "no text": "SELECT now()",
        "truth": "SELECT true",
        "writes": "WITH gone AS (DELETE FROM erp RETURNING number) SELECT * FROM gone",
        "two queries": "SELECT '1'; DROP TABLE erp",
        "updates": "UPDATE erp SET number = '1'",
        "unknown parameter": "SELECT number FROM erp WHERE updated_at < :until",
        "lost": "SELECT pg_terminate_backend(pg_backend_pid())::text",
    }
    sections = {name: (url, "SELECT '000'") for name, url in urls.items()}
    sections |= {name: (good, query) for name, query in queries.items()}
    sections["updates sqlite"] = (sqlite.url, "PRAGMA user_version = 7")

    def scene(url: str, query: str) -> Callable[[Upstream], Mapping[str, Any]]:
        source = {"source": "sql", "url": url, "query": query}

        def options(upstream: Upstream) -> Mapping[str, Any]:
            section = appzen(upstream, [], purchase_order_numbers=source)
            return {"config": {"appzen": section}}

        return options

    postgres_erp(postgres, "timestamp with time zone").reset()
    return play_named({name: scene(*each) for name, each in sections.items()})


REFUSALS = {
    "wrong password": ("url", "password authentication failed"),
    "no such database": ("url", "does not exist"),
    "nobody answers": ("url", "refused"),
    "no such host": ("url", "nowhere.invalid"),
    "no such file": ("url", "nowhere.db"),
    "unknown database": ("url", "'magic'"),
    "no driver": ("url", "cx_Oracle"),
    "not a url": ("url", "must be an address"),
    "not a port": ("url", "SQLAlchemy URL"),
    "no such table": ("query", 'relation "nowhere" does not exist'),
    "bad syntax": ("query", "syntax error"),
    "fails midway": ("query", "division by zero"),
    "no text": ("query", "datetime"),
    "truth": ("query", "bool"),
    "writes": ("query", "DECLARE CURSOR must not contain data-modifying statements"),
    "two queries": ("query", "multiple commands"),
    "updates": ("query", "begins with UPDATE"),
    "updates sqlite": ("query", "readonly"),
    "unknown parameter": ("query", "`:until`"),
    "lost": ("url", "connection to the database was lost"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_cannot_be_used_is_one_line_and_nothing_is_asked(
    name: str, played: dict[str, Played]
) -> None:
    run: Run = played[name].run
    key, words = REFUSALS[name]

    assert run.status == 1
    assert played[name].asked == []
    (line,) = [line for line in run.errors if "AppZen was not read" not in line]
    assert f"{SETTING}.{key}`" in line
    assert words in line


def test_no_query_has_changed_anything(
    played: dict[str, Played], postgres: Postgres
) -> None:
    assert len(played) == len(REFUSALS)
    rows = postgres.rows("SELECT number FROM erp ORDER BY number")

    assert [row["number"] for row in rows] == NUMBERS[:4]


def test_the_password_is_in_no_log_whatever_is_logged(postgres: Postgres) -> None:
    right, wrong = postgres.settings["password"], SECRETS["api_key"]
    debug = {"LOGLEVEL": "DEBUG", "TAP_PURCHASE_ORDERS_LOGLEVEL": "DEBUG"}
    # The server repeats the name of what it does not find.
    query = f'SELECT "{right}"'
    for url in (postgres_url(postgres, password=wrong), postgres_url(postgres)):
        source = {"source": "sql", "url": url, "query": query}
        with Upstream() as upstream:
            section = appzen(upstream, [], purchase_order_numbers=source)
            # That the wrong one is not shown is checked with every run.
            run = run_tap({"appzen": section}, environment=debug)

        assert run.status == 1
        assert right not in run.log
    assert [line for line in run.errors if "does not exist" in line]
