"""The dbt project, run as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.pipeline.loaded_world import SCHEMA, LoadedWorld, loaded_world
from tests.pipeline.postgres import program

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from tests.pipeline.postgres import Postgres

TRANSFORM = Path(__file__).parents[2] / "transform"
MARTS = "purchasing_marts"
AS_OF = "2027-01-01T00:00:00Z"
# The loaded runs are of the present, whatever that is.
NEVER_STALE = {"partner_center": 10**9, "appzen": 10**9}
_SECONDS = 600


@dataclass(frozen=True)
class Built:
    """How `dbt build` ended.

    Attributes:
        status: Exit status.
        said: What it printed.
        results: By the names of models and tests, how each went.
    """

    status: int
    said: str
    results: dict[str, str]


def dbt() -> str:
    """Return the path of dbt; skips the test if it is not there."""
    return program("dbt", TRANSFORM.parent / ".venv-dbt" / "bin")


def built_world(config: pytest.Config, **variables: Any) -> LoadedWorld:
    """Return the loaded world, with the models built over it; or skip the test.

    Args:
        config: That of the session.
        variables: Variables of the project.
    """
    dbt()
    world = loaded_world(config)
    built = build(world.postgres, **variables)
    assert built.status == 0, built.said
    return world


def build(
    postgres: Postgres,
    raw: str = SCHEMA,
    marts: str = MARTS,
    select: Sequence[str] = (),
    **variables: Any,
) -> Built:
    """Run `dbt build`, with warnings as errors; return how it ended.

    Args:
        postgres: The server.
        raw: The schema of the loaded tables.
        marts: The schema of the models.
        select: What to build; nothing: all.
        variables: Variables of the project.
    """
    settings = {
        f"TARGET_POSTGRES_{name.upper()}": value
        for name, value in postgres.settings.items()
    }
    with tempfile.TemporaryDirectory(prefix="dbt-") as folder:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": folder,
            "DBT_LOG_PATH": f"{folder}/logs",
            "DBT_TARGET_PATH": f"{folder}/target",
            "DBT_PROFILES_DIR": str(TRANSFORM),
            "DBT_PROJECT_DIR": str(TRANSFORM),
            "PURCHASE_ORDERS_MARTS_SCHEMA": marts,
            "TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA": raw,
            "TARGET_POSTGRES_SSL_MODE": "disable",
            **settings,
        }
        given = {"as_of": AS_OF, "stale_hours": NEVER_STALE, **variables}
        chosen = ["--vars", yaml.safe_dump(given)]
        if select:
            # No tests that look at models which are not among them.
            chosen += ["--select", *select, "--indirect-selection", "cautious"]
        finished = subprocess.run(
            [dbt(), "--warn-error", "--quiet", "build", *chosen],
            capture_output=True,
            cwd=folder,
            env=environment,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        path = Path(folder) / "target" / "run_results.json"
        found = json.loads(path.read_bytes())["results"] if path.is_file() else []
    results = {result["unique_id"].split(".")[2]: result["status"] for result in found}
    return Built(finished.returncode, finished.stdout + finished.stderr, results)
