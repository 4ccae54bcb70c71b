"""Superset imports the dashboard, and each chart of it gets its rows.

Run by `make superset`, which makes the environment.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from demo.browser import CHROMIUM, running_browser
from tests.pipeline.dbt_build import built_world
from tests.pipeline.superset_export import (
    CHARTS,
    DASHBOARD,
    DATABASE,
    DATASETS,
    EXPORT,
)
from tests.superset.superset import ENVIRONMENT, Superset, changed, shown

if TYPE_CHECKING:
    from pathlib import Path

    from tests.pipeline.loaded_world import LoadedWorld

# What Superset shows, and takes, for a password that it does not tell.
MASK = "XXXXXXXXXX"

pytestmark = [
    pytest.mark.skipif(
        not ENVIRONMENT.exists(), reason="`make superset` makes the environment"
    ),
    # The first test is the one that sets Superset up.
    pytest.mark.timeout(1500),
]


@pytest.fixture(scope="module")
def world(request: pytest.FixtureRequest) -> LoadedWorld:
    """The loaded world, with the models built over it."""
    return built_world(request.config)


@pytest.fixture(scope="module")
def superset(world: LoadedWorld, tmp_path_factory: pytest.TempPathFactory) -> Superset:
    """Superset with the dashboard in it."""
    superset = Superset(tmp_path_factory.mktemp("superset"))
    superset.set_up()
    path = superset.folder / "dashboard.zip"
    export(path, world, world.postgres.settings["password"])
    superset.import_dashboard(path)
    return superset


def export(path: Path, world: LoadedWorld, password: str) -> None:
    """Write the file that is imported, for the database of the world."""
    to = world.postgres.settings
    uri = (
        f"postgresql+psycopg2://{to['user']}:{password}@{to['host']}:{to['port']}"
        f"/{to['database']}?connect_timeout=10"
    )
    subprocess.run(
        [sys.executable, EXPORT, "--zip", path, "--uri", uri], check=True, timeout=60
    )


def test_all_parts_of_the_dashboard_are_there(superset: Superset) -> None:
    def names(column: str, table: str) -> list[str]:
        query = f"SELECT {column} FROM {table}"  # noqa: S608  # names that follow
        return sorted(name for (name,) in superset.rows(query))

    assert names("database_name", "dbs") == [DATABASE["database_name"]]
    assert names("table_name", "tables") == sorted(
        dataset["table_name"] for dataset in DATASETS.values()
    )
    for kind, table in (("columns", "table_columns"), ("metrics", "sql_metrics")):
        ((count,),) = superset.rows(f"SELECT count(*) FROM {table}")  # noqa: S608
        assert count == sum(len(dataset[kind]) for dataset in DATASETS.values())
    charts = sorted(chart["slice_name"] for chart in CHARTS.values())
    assert names("slice_name", "slices") == charts
    assert names("slug", "dashboards") == [DASHBOARD["slug"]]
    joined = "slices JOIN dashboard_slices ON slice_id = slices.id"
    assert names("slice_name", joined) == charts


def test_each_chart_of_the_page_gets_rows(superset: Superset) -> None:
    # In CI it has to be there.
    if not CHROMIUM.is_file() and "CI" not in os.environ:
        pytest.skip(f"no {CHROMIUM} here: `make chromium` installs it")
    names = dict(superset.rows("SELECT id, slice_name FROM slices"))

    with superset.serving() as address, running_browser() as browser:
        answers = shown(browser, address, DASHBOARD["slug"], len(CHARTS))

    assert {names[number] for number in answers} == {
        chart["slice_name"] for chart in CHARTS.values()
    }
    for number, answer in answers.items():
        assert (answer.status, answer.error) == (200, None), names[number]
        assert answer.rows, names[number]


def test_a_later_import_leaves_a_chart_as_it_is_and_a_folder_replaces_it(
    superset: Superset, world: LoadedWorld, tmp_path: Path
) -> None:
    query = "SELECT description FROM slices WHERE slice_name = 'Who has to act'"
    export(tmp_path / "dashboard.zip", world, MASK)
    later = tmp_path / "later.zip"
    changed(
        tmp_path / "dashboard.zip", later, "/Who_has_to_act.yaml", description="later"
    )

    superset.import_dashboard(later)

    assert superset.rows(query) == [(None,)]
    assert superset.rows("SELECT published FROM dashboards") == [(False,)]

    with zipfile.ZipFile(later) as archive:
        archive.extractall(tmp_path)
    superset.run("import-directory", "--overwrite", tmp_path / "purchase_orders")

    assert superset.rows(query) == [("later",)]
    assert superset.rows("SELECT count(*) FROM slices") == [(len(CHARTS),)]
    assert superset.rows("SELECT password IS NOT NULL FROM dbs") == [(True,)]
    assert superset.rows("SELECT published FROM dashboards") == [(True,)]
