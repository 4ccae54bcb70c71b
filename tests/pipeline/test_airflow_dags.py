"""The DAG file, imported by Airflow as its DAG processor does it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

PROJECT = Path(__file__).parents[2]
SHIPPED = PROJECT / "orchestrate" / "airflow"
PYTHON = PROJECT / ".venv-airflow" / "bin" / "python"
AIRFLOW = PYTHON.with_name("airflow")
SCRIPT = Path(__file__).with_name("airflow_dags.py")
SECONDS = 240
PER_MINUTE = "TAP_PURCHASE_ORDERS_PARTNER_CENTER_MAX_REQUESTS_PER_MINUTE"
PER_SECOND = "TAP_PURCHASE_ORDERS_APPZEN_MAX_REQUESTS_PER_SECOND"


MINE = {
    "cron": "5 4 * * *",
    "environment": "staging",
    "extractor": "tap-mine",
    "loader": "target-mine",
    "shards": 2,
    "retries": 7,
    "retry_minutes": 0.5,
    "hours": 1,
    "meltano_bin": "/opt/meltano's/bin",
    "project": "/srv/it's mine",
    "transform": [],
    "issues": "off",
}
WRONG: dict[str, dict[str, Any]] = {
    "unknown": {"shard": 4},
    "no_pool": {"pool": "none"},
    "no_issues": {"issues": "ignore"},
}


def environment(home: Path) -> dict[str, str]:
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "PATH": os.environ["PATH"],
    }


def imported(folder: Path, home: Path, **variables: str) -> dict[str, Any]:
    if not PYTHON.is_file():
        pytest.skip("no Airflow here: `make tests` installs it")
    finished = subprocess.run(
        [PYTHON, SCRIPT, folder],
        capture_output=True,
        text=True,
        check=True,
        timeout=SECONDS,
        env=environment(home) | variables,
    )
    # Airflow logs to standard output, too.
    found: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what Airflow finds in the DAG file; the settings are elsewhere."""
    folder = tmp_path_factory.mktemp("dags")
    shutil.copy(SHIPPED / "purchase_orders.py", folder)
    settings = str(SHIPPED / "settings.yml")
    return imported(folder, folder / "home", PURCHASE_ORDERS_SETTINGS=settings)


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what Airflow finds in several copies, each with settings beside it."""
    folder = tmp_path_factory.mktemp("changed")
    text = (SHIPPED / "settings.yml").read_text("utf-8")
    for name, own in (("mine", MINE), *WRONG.items()):
        (folder / name).mkdir()
        shutil.copy(SHIPPED / "purchase_orders.py", folder / name)
        settings = yaml.safe_load(text)
        daily = settings["schedules"]["appzen_purchase_orders"]
        settings["schedules"] = {name: daily | own}
        file = folder / name / "settings.yml"
        file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return imported(folder, folder / "home")


def test_each_schedule_of_the_settings_is_a_dag(shipped: dict[str, Any]) -> None:
    assert shipped["errors"] == []
    assert {name: dag["cron"] for name, dag in shipped["dags"].items()} == {
        "partner_center_orders": "0 * * * *",
        "appzen_purchase_orders": "20 3 * * *",
    }
    for dag in shipped["dags"].values():
        assert (dag["catchup"], dag["max_active_runs"]) == (False, 1)


def test_the_extractors_and_models_are_those_of_the_meltano_project(
    shipped: dict[str, Any],
) -> None:
    project = yaml.safe_load((PROJECT / "meltano.yml").read_text("utf-8"))
    plugins = project["plugins"]
    extractors = {plugin["name"] for plugin in plugins["extractors"]}
    loaders = {plugin["name"] for plugin in plugins["loaders"]}
    commands = {
        f"{plugin['name']}:{command}"
        for plugin in plugins["utilities"]
        for command in plugin["commands"]
    }
    for dag in shipped["dags"].values():
        extractor, loader = dag["tasks"]["read_shard"]["command"].split()[-2:]
        assert extractor in extractors
        assert loader in loaders
        assert dag["tasks"]["build_models"]["command"].split()[-1] in commands


def test_a_pool_has_as_many_slots_as_the_allowance_is_divided_by() -> None:
    settings = yaml.safe_load((SHIPPED / "settings.yml").read_text("utf-8"))
    pools = json.loads((SHIPPED / "pools.json").read_text("utf-8"))

    slots = {name: pool["slots"] for name, pool in pools.items()}

    of_upstreams = {name: pool["slots"] for name, pool in settings["pools"].items()}
    assert slots == of_upstreams | {settings["defaults"]["transform_pool"]: 1}


def test_each_shard_is_a_mapped_task_with_its_share_of_the_allowance(
    shipped: dict[str, Any],
) -> None:
    orders = shipped["dags"]["partner_center_orders"]["tasks"]["read_shard"]
    numbers = shipped["dags"]["appzen_purchase_orders"]["tasks"]["read_shard"]

    for task, pool, share in (
        (orders, "partner_center", {PER_MINUTE: "125"}),
        (numbers, "appzen", {PER_SECOND: "5"}),
    ):
        assert task["pool"] == pool
        assert task["appends"] is True
        assert task["shards"] == [
            {
                "MELTANO_ENVIRONMENT": "prod",
                "TAP_PURCHASE_ORDERS_SHARD_COUNT": "4",
                "TAP_PURCHASE_ORDERS_SHARD_INDEX": str(index),
                **share,
            }
            for index in range(4)
        ]


def test_shards_are_retried_and_bounded_in_time(shipped: dict[str, Any]) -> None:
    hours = {
        name: dag["tasks"]["read_shard"]["hours"]
        for name, dag in shipped["dags"].items()
    }

    assert hours == {
        "partner_center_orders": 3,
        "appzen_purchase_orders": 12,
    }
    for dag in shipped["dags"].values():
        read = dag["tasks"]["read_shard"]
        assert (read["retries"], read["minutes"]) == (3, 2)


def test_models_are_built_over_what_was_read_and_a_failed_shard_fails_the_run(
    shipped: dict[str, Any],
) -> None:
    for dag in shipped["dags"].values():
        tasks = dag["tasks"]
        assert tasks["build_models"]["after"] == ["read_shard"]
        assert tasks["build_models"]["trigger_rule"] == "all_done_min_one_success"
        assert tasks["build_models"]["pool"] == "purchase_orders_models"
        assert tasks["report_issues"]["after"] == ["build_models"]
        assert tasks["report_issues"]["trigger_rule"] == "all_done"
        assert " --fail " in tasks["report_issues"]["command"]
        # The tasks that nothing comes after decide how the DAG run ends; the alert is
        # skipped where nothing has failed.
        last = set(tasks) - {name for each in tasks.values() for name in each["after"]}
        assert last == {"finish", "send_alert"}
        assert tasks["send_alert"]["trigger_rule"] == "one_failed"
        finish = tasks["finish"]
        assert finish["after"] == ["build_models", "read_shard", "report_issues"]
        assert finish["trigger_rule"] == "all_success"


def test_a_schedule_may_differ_from_the_defaults(changed: dict[str, Any]) -> None:
    assert list(changed["dags"]) == ["mine"]
    dag = changed["dags"]["mine"]
    assert dag["cron"] == "5 4 * * *"
    assert set(dag["tasks"]) == {"read_shard", "finish", "send_alert"}
    read = dag["tasks"]["read_shard"]
    assert (read["retries"], read["minutes"], read["hours"]) == (7, 0.5, 1)
    # The share follows the slots of the pool, which other DAGs use, too.
    assert [shard[PER_SECOND] for shard in read["shards"]] == ["5", "5"]
    assert {shard["MELTANO_ENVIRONMENT"] for shard in read["shards"]} == {"staging"}


@pytest.mark.parametrize(
    ("variables", "project"),
    [
        ({}, "/srv/it's mine"),
        ({"PURCHASE_ORDERS_PROJECT": "/srv/this worker's"}, "/srv/this worker's"),
    ],
)
def test_a_worker_runs_the_programs_of_its_own_project(
    changed: dict[str, Any], variables: dict[str, str], project: str
) -> None:
    command: str = changed["dags"]["mine"]["tasks"]["read_shard"]["command"]
    spoken = command.replace("cd ", "printf '%s|' ").replace("exec ", "echo ")

    said = subprocess.run(
        ["bash", "-c", spoken],
        capture_output=True,
        text=True,
        check=True,
        env=variables,
    )

    program = "/opt/meltano's/bin/python -m orchestrate.run_shard --end-with-parent"
    assert said.stdout == f"{project}|{program} tap-mine target-mine\n"


def test_a_wrong_setting_is_an_import_error_that_names_it(
    changed: dict[str, Any],
) -> None:
    errors = "\n".join(changed["errors"])

    assert len(changed["errors"]) == len(WRONG)
    assert "unknown in schedules.unknown: shard" in errors
    assert "schedules.no_pool.pool is none of the pools" in errors
    assert "schedules.no_issues.issues must be one of" in errors


STUB = """#!/bin/sh
echo "$* ${TAP_PURCHASE_ORDERS_SHARD_INDEX:-none}" >> did.txt
[ "${TAP_PURCHASE_ORDERS_SHARD_INDEX:-none}" != 1 ]
"""


def test_when_a_shard_fails_the_others_and_the_models_are_loaded_and_the_run_fails(
    tmp_path: Path,
) -> None:
    if not AIRFLOW.is_file():
        pytest.skip("no Airflow here: `make tests` installs it")
    for name in ("python", "meltano"):
        (tmp_path / name).write_text(STUB, encoding="utf-8")
        (tmp_path / name).chmod(0o700)
    settings = yaml.safe_load((SHIPPED / "settings.yml").read_text("utf-8"))
    settings["defaults"] |= {"project": str(tmp_path), "meltano_bin": ".", "retries": 0}
    settings["defaults"] |= {"shards": 3}
    daily = settings["schedules"]["appzen_purchase_orders"]
    settings["schedules"] = {"mine": daily}
    file = tmp_path / "settings.yml"
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    variables = environment(tmp_path / "home") | {
        "AIRFLOW__CORE__DAGS_FOLDER": str(SHIPPED),
        "PURCHASE_ORDERS_SETTINGS": str(file),
    }

    for arguments in (
        ("db", "migrate"),
        ("pools", "import", str(SHIPPED / "pools.json")),
        ("dags", "test", "mine"),
    ):
        finished = subprocess.run(
            [AIRFLOW, *arguments],
            capture_output=True,
            text=True,
            check=False,
            env=variables,
            timeout=SECONDS,
        )
        assert arguments[0] == "dags" or finished.returncode == 0, finished.stderr

    assert finished.returncode == 1, finished.stdout
    assert "DagRun failed" in finished.stdout + finished.stderr
    lines = (tmp_path / "did.txt").read_text("utf-8").splitlines()
    (alert,) = [line for line in lines if "orchestrate.alert" in line]
    assert re.fullmatch(r"-m orchestrate.alert mine: \S+ has failed none", alert)
    *shards, build, report = [line for line in lines if line != alert]
    assert sorted(line[-1] for line in shards) == ["0", "1", "2"]
    assert build == "run --no-install dbt:build-purchase-orders none"
    assert report.startswith("-m orchestrate.issues target-postgres --fail --since=2")
