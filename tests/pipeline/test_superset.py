"""The dashboard for Superset, held against models that were built."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.pipeline.dbt_build import MARTS, built_world
from tests.pipeline.superset_export import (
    CHARTS,
    DASHBOARD,
    DATABASE,
    DATASETS,
    EXPORT,
    FOLDER,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.pipeline.loaded_world import LoadedWorld

COLUMNS_OF_THE_PAGE = 12
# What Superset makes of them in SQL.
OPERATORS = {"==": "=", "!=": "!=", ">": ">"}


@pytest.fixture(scope="module")
def world(request: pytest.FixtureRequest) -> LoadedWorld:
    """The loaded world, with the models built over it."""
    return built_world(request.config)


def test_the_files_are_what_the_script_writes() -> None:
    done = subprocess.run(
        [sys.executable, EXPORT, "--check"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_the_archive_has_the_schema_and_the_address_that_are_given(
    tmp_path: Path,
) -> None:
    path = tmp_path / "dashboard.zip"
    given = ("--schema=marts_of_mine", "--uri=postgresql://someone@example.test/mine")
    subprocess.run([sys.executable, EXPORT, "--zip", path, *given], check=True)

    with zipfile.ZipFile(path) as archive:
        loaded = {
            name: yaml.safe_load(archive.read(name)) for name in archive.namelist()
        }

    files = {f"purchase_orders/{each.relative_to(FOLDER)}" for each in files_there()}
    assert set(loaded) == files
    assert loaded["purchase_orders/metadata.yaml"]["type"] == "Dashboard"
    datasets = [each for name, each in loaded.items() if "/datasets/" in name]
    assert {each["schema"] for each in datasets} == {"marts_of_mine"}
    (database,) = (each for name, each in loaded.items() if "/databases/" in name)
    assert database["sqlalchemy_uri"] == "postgresql://someone@example.test/mine"


def files_there() -> Iterator[Path]:
    yield from FOLDER.rglob("*.yaml")


def test_each_part_leads_to_another_that_is_there() -> None:
    assert {each["database_uuid"] for each in DATASETS.values()} == {DATABASE["uuid"]}
    assert {each["dataset_uuid"] for each in CHARTS.values()} == set(DATASETS)
    position = DASHBOARD["position"]
    shown = {
        each["meta"]["uuid"]: each["meta"]["sliceName"]
        for name, each in position.items()
        if name.startswith("CHART-")
    }
    assert shown == {uuid: chart["slice_name"] for uuid, chart in CHARTS.items()}
    rows = position["GRID_ID"]["children"]
    assert len(rows) > 3
    for row in rows:
        charts = [position[name]["meta"] for name in position[row]["children"]]
        assert sum(meta["width"] for meta in charts) == COLUMNS_OF_THE_PAGE
    # No password is in a file that people pass on.
    assert ":" not in DATABASE["sqlalchemy_uri"].partition("//")[2].partition("@")[0]


@pytest.mark.parametrize(
    "uuid", DATASETS, ids=lambda uuid: DATASETS[uuid]["table_name"]
)
def test_a_dataset_has_the_columns_of_its_model(world: LoadedWorld, uuid: str) -> None:
    dataset = DATASETS[uuid]
    rows = world.postgres.rows(
        "SELECT attname AS name, format_type(atttypid, NULL) AS type"  # noqa: S608  # a model's name
        f" FROM pg_attribute WHERE attrelid = '{dataset['table_name']}'::regclass"
        " AND attnum > 0 ORDER BY attnum",
        MARTS,
    )

    assert dataset["schema"] == MARTS
    assert [(row["name"], row["type"].upper()) for row in rows] == [
        (column["column_name"], column["type"]) for column in dataset["columns"]
    ]
    assert {c["column_name"] for c in dataset["columns"] if c["is_dttm"]} == {
        row["name"] for row in rows if row["type"].startswith("timestamp")
    }


def query_of(chart: dict[str, Any]) -> tuple[str, list[str]]:
    """Return the SQL that Superset asks for a chart, and the columns of its groups."""
    params, dataset = chart["params"], DATASETS[chart["dataset_uuid"]]
    expressions = {m["metric_name"]: m["expression"] for m in dataset["metrics"]}
    names = {column["column_name"] for column in dataset["columns"]}
    metrics = [params["metric"]] if "metric" in params else params.get("metrics", [])
    groups = [params["x_axis"]] if "x_axis" in params else []
    groups += params.get("groupby", [])
    columns = params.get("all_columns", [])
    orders = [json.loads(text) for text in params.get("order_by_cols", [])]
    filters = params["adhoc_filters"]
    used = [*groups, *columns, *(name for name, _ in orders)]
    used += [each["subject"] for each in filters]
    assert set(used) <= names
    shown = [*groups, *columns, *(f'{expressions[m]} AS "{m}"' for m in metrics)]
    sql = f"SELECT {', '.join(shown)} FROM {dataset['schema']}.{dataset['table_name']}"  # noqa: S608  # of the files
    if filters:
        conditions = (
            f"{each['subject']} {OPERATORS[each['operator']]} {each['comparator']}"
            for each in filters
        )
        sql += f" WHERE {' AND '.join(conditions)}"
    if groups:
        sql += f" GROUP BY {', '.join(groups)}"
    if orders:
        directions = (f"{name} {'ASC' if up else 'DESC'}" for name, up in orders)
        sql += f" ORDER BY {', '.join(directions)}"
    return f"{sql} LIMIT {params['row_limit']}", groups


@pytest.mark.parametrize("uuid", CHARTS, ids=lambda uuid: CHARTS[uuid]["slice_name"])
def test_a_chart_has_something_to_show_and_adds_up_no_currencies(
    world: LoadedWorld, uuid: str
) -> None:
    chart = CHARTS[uuid]
    query, groups = query_of(chart)

    rows = world.postgres.rows(query)

    assert rows
    # PostgreSQL has what is empty come first where the largest is to.
    for order in chart["params"].get("order_by_cols", []):
        assert rows[0][json.loads(order)[0]]
    assert any(value is not None for row in rows for value in row.values())
    if any(name.startswith("sum_") for name in rows[0]):
        assert "currency" in groups
