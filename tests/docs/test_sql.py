"""Every SQL block of the documents, run in sessions of two time zones."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.pipeline.dbt_build import MARTS, build
from tests.pipeline.loaded_world import SCHEMA, STREAMS, LoadedWorld, loaded_world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.pipeline.postgres import Postgres

PROJECT = Path(__file__).parents[2]
PAGES = [
    *sorted(PROJECT.glob("*.md")),
    *sorted(PROJECT.glob("docs/**/*.md")),
    *sorted(PROJECT.glob("transform/**/*.md")),
]
# East and west of Greenwich, by more than the hours that the rows are apart.
ZONES = ("Asia/Tokyo", "America/New_York")
TABLES, VIEWS = "documents", "documents_views"
# A moment between those of the two halves of the rows: a day ago.
RECENT, OLD = "interval '22 hours'", "interval '26 hours'"
AN_HOUR_AGO = "now() AT TIME ZONE 'UTC' - interval '1 hour'"


def blocks(page: Path) -> list[str]:
    text = page.read_text(encoding="utf-8")
    return re.findall(r"^ *```sql\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE)


ALL = {
    f"{page.relative_to(PROJECT)}-{number}": block
    for page in PAGES
    for number, block in enumerate(blocks(page))
}
OF_MELTANO = {name for name in ALL if name.startswith("docs/meltano.md")}
OF_MARTS = {name for name, block in ALL.items() if MARTS in block}
# They change tables, under models: `test_upgrading.py`.
OF_UPGRADING = {name for name, block in ALL.items() if " TABLE purchasing." in block}
OF_TABLES = sorted(ALL.keys() - OF_MELTANO - OF_MARTS - OF_UPGRADING)
(ISSUES_OF_LAST_RUNS, _, ISSUES_OF_A_DAY) = blocks(PROJECT / "docs/how-to/issues.md")


@pytest.fixture(scope="module")
def world(request: pytest.FixtureRequest) -> LoadedWorld:
    return loaded_world(request.config)


@pytest.fixture(scope="module")
def tables(world: LoadedWorld) -> Iterator[Postgres]:
    """The loaded tables, half of their rows a little less than a day old."""
    postgres = world.postgres
    for schema in (TABLES, VIEWS):
        postgres.make_schema(schema)
    for stream in STREAMS:
        postgres.execute(f"CREATE TABLE {TABLES}.{stream} AS TABLE {SCHEMA}.{stream}")
    for table, column in (
        ("extraction_issues", "observed_at"),
        ("orders", '"creationDate"'),
    ):
        postgres.execute(
            f"UPDATE {table} SET {column} = now() AT TIME ZONE 'UTC' - CASE"  # noqa: S608  # names of ours
            f" hashtext({table}::text) % 2 WHEN 0 THEN {RECENT} ELSE {OLD} END",
            TABLES,
        )
    recipe = PROJECT / "docs/recipes/purchase-orders-and-erp.sql"
    postgres.execute(recipe.read_text(encoding="utf-8"), VIEWS, TABLES)
    yield postgres
    for schema in (VIEWS, TABLES):
        postgres.execute(f"DROP SCHEMA {schema} CASCADE")


def answer(postgres: Postgres, block: str, zone: str) -> list[Any]:
    """Return what a block answers in a session of a zone; what it changes is undone."""
    with postgres.in_zone(zone).connected(TABLES, VIEWS) as connection:
        cursor = connection.execute(block.encode())
        rows = cursor.fetchall() if cursor.description else []
        connection.rollback()
    return rows


def test_there_are_blocks_of_each_sort() -> None:
    assert len(OF_TABLES) > 10
    assert OF_MELTANO
    assert OF_MARTS


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("name", OF_TABLES)
def test_a_block_answers_the_same_in_any_zone(
    tables: Postgres, name: str, zone: str
) -> None:
    assert answer(tables, ALL[name], zone) == answer(tables, ALL[name], "UTC")


@pytest.mark.parametrize("name", sorted(OF_MARTS - OF_UPGRADING))
def test_a_block_over_the_models_answers_the_same_in_any_zone(
    world: LoadedWorld, name: str
) -> None:
    built = build(world.postgres)
    assert built.status == 0, built.said

    expected = answer(world.postgres, ALL[name], "UTC")
    assert expected
    for zone in ZONES:
        assert answer(world.postgres, ALL[name], zone) == expected


@pytest.mark.parametrize("name", sorted(OF_MELTANO))
def test_old_runs_of_meltano_are_deleted_and_no_others(name: str) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
        database.execute("CREATE TABLE runs (ended_at)")
        database.execute(
            "INSERT INTO runs VALUES (datetime('now', '-8 days')),"
            " (datetime('now', '-6 days')), (NULL)"
        )
        database.executescript(ALL[name])
        (left,) = database.execute("SELECT count(*) FROM runs").fetchone()

    assert left == 2


def issue(upstream: str, key: str, moment: str) -> str:
    return (
        "INSERT INTO extraction_issues"  # noqa: S608  # values of ours
        " (issue_id, upstream, stream, kind, record_key, observed_at) VALUES"
        f" ('{upstream}{key}', '{upstream}', 's', 'unavailable', '{key}', {moment});"
    )


def run(upstream: str, moment: str, index: int = 0, count: int = 1) -> str:
    return (
        "INSERT INTO extraction_runs"  # noqa: S608  # values of ours
        " (run_id, upstream, started_at, shard_index, shard_count) VALUES"
        f" (gen_random_uuid(), '{upstream}', {moment}, {index}, {count});"
    )


@pytest.fixture
def empty(tables: Postgres) -> Iterator[Postgres]:
    """The same tables without issues and runs, for one test."""
    tables.make_schema("documents_empty")
    for table in ("extraction_issues", "extraction_runs"):
        tables.execute(
            f"CREATE TABLE documents_empty.{table} AS TABLE {SCHEMA}.{table}"
            f" WITH NO DATA"
        )
    yield tables
    tables.execute("DROP SCHEMA documents_empty CASCADE")


@pytest.mark.parametrize("zone", ZONES)
def test_no_upstream_hides_the_issues_of_the_other(empty: Postgres, zone: str) -> None:
    empty.execute(
        run("appzen", f"{AN_HOUR_AGO} - interval '20 hours'")
        + issue("appzen", "of the last run", f"{AN_HOUR_AGO} - interval '19 hours'")
        + issue("appzen", "of an earlier run", f"{AN_HOUR_AGO} - interval '21 hours'")
        # Eight shards at first, of which the last one never ran again.
        + run("partner_center", f"{AN_HOUR_AGO} - interval '9 days'", 7, 8)
        + run("partner_center", f"{AN_HOUR_AGO} - interval '3 hours'", 0, 2)
        + run("partner_center", f"{AN_HOUR_AGO} - interval '2 hours'", 1, 2)
        + run("partner_center", AN_HOUR_AGO, 0, 2)
        + issue(
            "partner_center", "of shard 1", f"{AN_HOUR_AGO} - interval '90 minutes'"
        )
        + issue(
            "partner_center", "of earlier ones", f"{AN_HOUR_AGO} - interval '4 hours'"
        ),
        "documents_empty",
    )

    rows = empty.in_zone(zone).rows(ISSUES_OF_LAST_RUNS, "documents_empty")

    found = {(row["upstream"], row["for_example"], row["count"]) for row in rows}
    assert found == {
        ("appzen", "of the last run", 1),
        ("partner_center", "of shard 1", 1),
    }


@pytest.mark.parametrize("zone", ZONES)
def test_a_day_is_a_day_in_any_zone(empty: Postgres, zone: str) -> None:
    empty.execute(
        issue("appzen", "1", f"now() AT TIME ZONE 'UTC' - {RECENT}")
        + issue("appzen", "2", f"now() AT TIME ZONE 'UTC' - {OLD}"),
        "documents_empty",
    )

    rows = empty.in_zone(zone).rows(ISSUES_OF_A_DAY, "documents_empty")

    assert [row["count"] for row in rows] == [1]
