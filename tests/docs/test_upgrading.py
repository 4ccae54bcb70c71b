"""The SQL of the page on upgrading, pasted where dbt has built models on the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.docs.test_sql import ALL, OF_UPGRADING
from tests.pipeline.dbt_build import MARTS, build, dbt
from tests.pipeline.loaded_world import SCHEMA, STREAMS, loaded_world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from tests.pipeline.postgres import Postgres

TABLES, MODELS = "upgraded", "upgraded_marts"
ALTER, RENAME, DROP = (
    ALL[name].replace(f"{SCHEMA}.", f"{TABLES}.").replace(f"{MARTS}.", f"{MODELS}.")
    for name in sorted(OF_UPGRADING)
)


@pytest.fixture
def postgres(request: pytest.FixtureRequest) -> Iterator[Postgres]:
    """A server with a copy of the loaded tables, for one test."""
    dbt()
    postgres = loaded_world(request.config).postgres
    postgres.make_schema(TABLES)
    for stream in STREAMS:
        postgres.execute(f"CREATE TABLE {TABLES}.{stream} AS TABLE {SCHEMA}.{stream}")
    yield postgres
    for schema in (TABLES, MODELS):
        postgres.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")


def built(postgres: Postgres, model: str) -> list[dict[str, Any]]:
    """Build a model and what it needs; return its rows."""
    done = build(postgres, TABLES, MODELS, select=[f"+{model}"])
    assert done.status == 0, done.said
    rows = postgres.rows(f"SELECT * FROM {model}", MODELS)  # noqa: S608  # ours
    assert rows
    return sorted(rows, key=str)


def type_of_line_number(postgres: Postgres) -> str:
    (row,) = postgres.rows(
        "SELECT pg_typeof(line_number)::text AS type FROM purchase_order_lines LIMIT 1",
        TABLES,
    )
    type_: str = row["type"]
    return type_


def test_a_column_gets_another_type_under_the_models(postgres: Postgres) -> None:
    column = f"{TABLES}.purchase_order_lines ALTER COLUMN line_number"
    # Without models.
    postgres.execute(f"ALTER TABLE {column} TYPE bigint")
    postgres.execute(ALTER)
    assert type_of_line_number(postgres) == "numeric"
    postgres.execute(f"ALTER TABLE {column} TYPE bigint")
    model = "purchase_order_line_commitments"
    before = built(postgres, model)
    with pytest.raises(psycopg.errors.FeatureNotSupported, match="used by a view"):
        postgres.execute(f"ALTER TABLE {column} TYPE numeric")

    postgres.execute(ALTER)

    assert type_of_line_number(postgres) == "numeric"
    assert built(postgres, model) == before


def test_a_table_is_made_anew_under_the_models(postgres: Postgres) -> None:
    before = built(postgres, "open_purchase_order_uploads")

    postgres.execute(RENAME)
    # As the loader does.
    postgres.execute(f"CREATE TABLE {TABLES}.orders AS TABLE {TABLES}.orders_before")
    with pytest.raises(psycopg.errors.DependentObjectsStillExist):
        postgres.execute(DROP)
    again = built(postgres, "open_purchase_order_uploads")
    postgres.execute(DROP)

    assert again == before
    assert postgres.rows("SELECT FROM open_purchase_order_uploads", MODELS)
