"""What Airflow and Meltano have noted down, read from their databases."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, LiteralString

import psycopg
from psycopg.sql import SQL, Identifier

if TYPE_CHECKING:
    from collections.abc import Mapping

READ_TASK = "read_shard"

# The tries of a task: the last one, and those before it.
_TRIES = """
SELECT task_id, map_index, try_number, state, hostname, start_date, end_date
FROM task_instance
UNION ALL
SELECT task_id, map_index, try_number, state, hostname, start_date, end_date
FROM task_instance_history
ORDER BY task_id, map_index, try_number
"""


@dataclass(frozen=True, slots=True)
class Try:
    """One try of a task.

    Attributes:
        shard: The index of the shard; -1 for tasks that are not mapped.
        state: As Airflow has it: `running`, `success`, `failed`, ...
        machine: Where it ran; empty if it did not start.
        seconds: How long it took; None while it runs.
    """

    task: str
    shard: int
    number: int
    state: str | None
    machine: str
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Database:
    """A database of the throw-away server.

    Attributes:
        settings: How it is reached, as psycopg names it.
    """

    settings: Mapping[str, Any] = field(repr=False)

    def rows(self, query: LiteralString) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        with psycopg.connect(**self.settings, autocommit=True) as connection:
            return connection.execute(query).fetchall()

    def create(self, name: str) -> Database:
        """Make another database on the server; return it."""
        with psycopg.connect(**self.settings, autocommit=True) as connection:
            connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        return Database({**self.settings, "dbname": name})

    def url(self, driver: str) -> str:
        """Return its address with the password, for SQLAlchemy."""
        each = self.settings
        server = f"{each['user']}:{each['password']}@{each['host']}:{each['port']}"
        return f"postgresql+{driver}://{server}/{each['dbname']}"


def dag_run(airflow: Database) -> tuple[str, str] | None:
    """Return why the first DAG run was made and its state; None if there is none."""
    rows = airflow.rows("SELECT run_type, state FROM dag_run ORDER BY id LIMIT 1")
    return (rows[0][0], rows[0][1]) if rows else None


def tries(airflow: Database) -> list[Try]:
    """Return the tries of all tasks so far."""
    result = []
    for task, shard, number, state, machine, start, end in airflow.rows(_TRIES):
        seconds = (end - start).total_seconds() if start and end else None
        result.append(Try(task, shard, number, state, machine or "", seconds))
    return result


def running_shards(airflow: Database) -> dict[str, list[int]]:
    """Return the shards that are being read, by the machine that reads them."""
    result: dict[str, list[int]] = {}
    for each in tries(airflow):
        if each.task == READ_TASK and each.state == "running":
            result.setdefault(each.machine, []).append(each.shard)
    return result


def states(meltano: Database) -> list[tuple[str, bool]]:
    """Return the ids of the states, and whether each is of a finished run."""
    rows = meltano.rows(
        "SELECT state_id, completed_state::text, partial_state::text"
        " FROM state ORDER BY state_id"
    )
    return [
        (state_id, completed not in (None, "{}") and partial in (None, "{}"))
        for state_id, completed, partial in rows
    ]


def overlapping_runs(meltano: Database) -> int:
    """Return how many pairs of runs of one state went on at the same time."""
    rows = meltano.rows(
        "SELECT count(*) FROM runs AS one JOIN runs AS other"
        " ON one.job_name = other.job_name AND one.id < other.id"
        " AND other.started_at < coalesce(one.ended_at, one.last_heartbeat_at)"
    )
    return int(rows[0][0])
