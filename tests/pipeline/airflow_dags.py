"""Run by Airflow's Python: imports a DAG file and says as JSON what it found there."""

from __future__ import annotations

import json
import sys
from typing import Any

from airflow.dag_processing.dagbag import DagBag


def facts_of(task: Any) -> dict[str, Any]:
    """Return what a task is to do, when, and how often."""
    mapped = task.expand_input.value if task.is_mapped else {}
    given = task.partial_kwargs if task.is_mapped else vars(task)
    timeout = task.execution_timeout
    return {
        "after": sorted(task.upstream_task_ids),
        "appends": given.get("append_env"),
        "command": given.get("bash_command"),
        "hours": timeout.total_seconds() / 3600 if timeout else None,
        "minutes": task.retry_delay.total_seconds() / 60,
        "pool": task.pool,
        "retries": task.retries,
        "shards": mapped.get("env"),
        "trigger_rule": task.trigger_rule.value,
    }


if __name__ == "__main__":
    found = DagBag(sys.argv[1])
    dags = {
        dag.dag_id: {
            "cron": dag.timetable.expression,
            "catchup": dag.catchup,
            "max_active_runs": dag.max_active_runs,
            "tasks": {task.task_id: facts_of(task) for task in dag.tasks},
        }
        for dag in found.dags.values()
    }
    errors = list(found.import_errors.values())
    json.dump({"errors": errors, "dags": dags}, sys.stdout)
