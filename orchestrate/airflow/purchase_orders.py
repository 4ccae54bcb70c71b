"""Reads purchase orders in shards, builds the models, and reports what was not read.

One DAG for each entry of `schedules` in `settings.yml` beside this file, or in the file
that the variable `PURCHASE_ORDERS_SETTINGS` names. Each shard is a Meltano run with its
own state, in the Meltano project of the worker that takes it. Credentials come from
that worker's environment or from the project's `.env`, and never through Airflow.
"""

from __future__ import annotations

import os
import shlex
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, TriggerRule, chain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from airflow.sdk.definitions.mappedoperator import MappedOperator

_SETTINGS = Path(
    os.environ.get("PURCHASE_ORDERS_SETTINGS", Path(__file__).with_name("settings.yml"))
)
# What a schedule may have for itself, and has from `defaults` otherwise.
_SHARED = {
    "project",
    "meltano_bin",
    "environment",
    "loader",
    "shards",
    "retries",
    "retry_minutes",
    "transform_pool",
    "issues",
}
_OWN = {"description", "cron", "extractor", "pool", "transform", "hours"}
_ISSUES = ("fail", "warn", "off")
_INDEX = "TAP_PURCHASE_ORDERS_SHARD_INDEX"
_COUNT = "TAP_PURCHASE_ORDERS_SHARD_COUNT"


def _dags() -> Iterator[DAG]:
    """Yield the DAGs of the settings.

    Raises:
        ValueError: A setting is unknown, missing or wrong; the message names it.
    """
    settings = yaml.safe_load(_SETTINGS.read_text(encoding="utf-8"))
    _check("settings", settings, {"defaults", "pools", "schedules"})
    for name, pool in settings["pools"].items():
        _check(f"pools.{name}", pool, {"slots", "allowance"})
    for name, own in settings["schedules"].items():
        schedule = settings["defaults"] | own
        _check(f"schedules.{name}", schedule, _SHARED | _OWN)
        if schedule["pool"] not in settings["pools"]:
            message = f"{_SETTINGS}: schedules.{name}.pool is none of the pools"
            raise ValueError(message)
        if schedule["issues"] not in _ISSUES:
            message = f"{_SETTINGS}: schedules.{name}.issues must be one of {_ISSUES}"
            raise ValueError(message)
        yield _dag(name, schedule, settings["pools"][schedule["pool"]])


def _check(where: str, found: Mapping[str, Any], wanted: set[str]) -> None:
    for problem, keys in (
        ("unknown", found.keys() - wanted),
        ("missing", wanted - found.keys()),
    ):
        if keys:
            message = f"{_SETTINGS}: {problem} in {where}: {', '.join(sorted(keys))}"
            raise ValueError(message)


def _dag(name: str, schedule: Mapping[str, Any], pool: Mapping[str, Any]) -> DAG:
    delay = timedelta(minutes=schedule["retry_minutes"])
    with DAG(
        dag_id=name,
        description=schedule["description"],
        doc_md=__doc__,
        schedule=schedule["cron"],
        catchup=False,
        max_active_runs=1,
        tags=["purchase orders"],
        default_args={
            "retries": schedule["retries"],
            "retry_delay": delay,
            "retry_exponential_backoff": 2,
            "max_retry_delay": delay * 8,
        },
    ) as dag:
        steps = [_read(schedule, pool)]
        if schedule["transform"]:
            steps.append(_build(schedule))
        if schedule["issues"] != "off":
            steps.append(_report(schedule))
        chain(*steps)
        # A DAG run ends as its last tasks do: this one fails with any of the rest, and
        # the alert is left out if none has failed.
        steps >> EmptyOperator(task_id="finish")
        steps >> _alert(schedule)
    return dag


def _read(schedule: Mapping[str, Any], pool: Mapping[str, Any]) -> MappedOperator:
    """Return the task of each shard."""
    command = "python -m orchestrate.run_shard --end-with-parent"
    shares = {
        variable: str(max(1, allowance // pool["slots"]))
        for variable, allowance in pool["allowance"].items()
    }
    count = schedule["shards"]
    general = _environment(schedule) | shares | {_COUNT: str(count)}
    return BashOperator.partial(
        task_id="read_shard",
        bash_command=_command(
            schedule, command, schedule["extractor"], schedule["loader"]
        ),
        append_env=True,
        pool=schedule["pool"],
        execution_timeout=timedelta(hours=schedule["hours"]),
        map_index_template=f"{{{{ task.env['{_INDEX}'] }}}}",
    ).expand(env=[general | {_INDEX: str(index)} for index in range(count)])


def _build(schedule: Mapping[str, Any]) -> BashOperator:
    """Return the task that builds the models over what was loaded."""
    return BashOperator(
        task_id="build_models",
        bash_command=_command(
            schedule, "meltano run --no-install", *schedule["transform"]
        ),
        env=_environment(schedule),
        append_env=True,
        pool=schedule["transform_pool"],
        # Whatever became of the other shards.
        trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS,
        execution_timeout=timedelta(hours=1),
    )


def _report(schedule: Mapping[str, Any]) -> BashOperator:
    """Return the task that logs what could not be read since the DAG run began."""
    command = _command(
        schedule,
        "python -m orchestrate.issues",
        schedule["loader"],
        f"--{schedule['issues']}",
    )
    return BashOperator(
        task_id="report_issues",
        bash_command=f"{command} --since={{{{ dag_run.start_date.isoformat() }}}}",
        env=_environment(schedule),
        append_env=True,
        trigger_rule=TriggerRule.ALL_DONE,
        execution_timeout=timedelta(minutes=10),
        # Asking again makes nothing better; the next run reads what is missing.
        retries=0,
    )


def _alert(schedule: Mapping[str, Any]) -> BashOperator:
    """Return the task that tells people of a failed run, on a worker.

    A task and no `on_failure_callback`: that would run where Airflow reads DAG files,
    without the project, and the address to tell would have to be there.
    """
    command = _command(schedule, "python -m orchestrate.alert")
    return BashOperator(
        task_id="send_alert",
        bash_command=f"{command} '{{{{ dag.dag_id }}}}: {{{{ run_id }}}} has failed'",
        env=_environment(schedule),
        append_env=True,
        trigger_rule=TriggerRule.ONE_FAILED,
        execution_timeout=timedelta(minutes=10),
    )


def _environment(schedule: Mapping[str, Any]) -> dict[str, str]:
    return {"MELTANO_ENVIRONMENT": schedule["environment"]}


def _command(schedule: Mapping[str, Any], program: str, *arguments: str) -> str:
    """Return a command line that runs a program in the worker's own project."""
    project = shlex.quote(schedule["project"])
    words = shlex.join(arguments)
    return (
        f'project={project}; cd "${{PURCHASE_ORDERS_PROJECT:-$project}}"'
        f" && exec {shlex.quote(schedule['meltano_bin'])}/{program} {words}"
    )


# Airflow finds DAGs among the names of a module.
globals().update({dag.dag_id: dag for dag in _dags()})
