"""Tables of DuckDB, made of what the tap wrote as a user makes them."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.pipeline.dbt_build import AS_OF, MARTS, NEVER_STALE, TRANSFORM

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_PROGRAMS = TRANSFORM.parent / ".venv-duckdb" / "bin"
_LOAD = TRANSFORM / "duckdb" / "load.py"
# All models and tests, on a machine that has other things to do.
_SECONDS = 600
# Prints the rows of a query; decimals as text that cannot be taken for another value.
_QUERY = """
import decimal, json, sys
import duckdb

def exact(value):
    if isinstance(value, dict):
        return {name: exact(member) for name, member in value.items()}
    if isinstance(value, list):
        return [exact(item) for item in value]
    if isinstance(value, decimal.Decimal):
        return {"decimal": f"{value:f}"}
    return value

with duckdb.connect(sys.argv[1], read_only=True) as database:
    found = database.execute(sys.argv[2])
    names = [column[0] for column in found.description]
    for row in found.fetchall():
        print(json.dumps(dict(zip(names, map(exact, row))), default=str))
"""


@dataclass(frozen=True, slots=True)
class DuckDB:
    """A file of DuckDB."""

    path: Path

    def try_to_load(self, messages: str | Path, *options: str) -> str:
        """Make the tables; return what was said of a failure, nothing without one."""
        finished = self._run(_LOAD, self.path, messages, *options)
        assert finished.returncode == bool(finished.stderr), finished.stderr
        return finished.stderr

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Return the rows of a query, numbers as decimals without zeros at the end."""
        finished = self._run("-c", _QUERY, self.path, query)
        assert finished.returncode == 0, finished.stderr
        lines = finished.stdout.splitlines()
        return [
            json.loads(line, object_hook=_decimal, parse_int=Decimal) for line in lines
        ]

    def build(self, **variables: Any) -> subprocess.CompletedProcess[str]:
        """Run `dbt build`, with warnings as errors; return how it ended."""
        folder = self.path.parent
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "DBT_LOG_PATH": str(folder / "logs"),
            "DBT_TARGET_PATH": str(folder / "target"),
            "PURCHASE_ORDERS_DUCKDB": str(self.path),
            "PURCHASE_ORDERS_MARTS_SCHEMA": MARTS,
        }
        given = {"as_of": AS_OF, "stale_hours": NEVER_STALE, **variables}
        shown = json.dumps(given)
        command: list[str | Path] = [
            *(_PROGRAMS / "dbt", "--warn-error", "--quiet", "build"),
            *("--profiles-dir", ".", "--target", "duckdb", "--vars", shown),
        ]
        return subprocess.run(
            command,
            capture_output=True,
            cwd=TRANSFORM,
            env=environment,
            text=True,
            timeout=_SECONDS,
            check=False,
        )

    def _run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [_PROGRAMS / "python", *arguments],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )


def duckdb_in(folder: Path) -> DuckDB:
    """Return a file that is not there yet; skips the test if DuckDB is not."""
    if not (_PROGRAMS / "dbt").is_file():
        pytest.skip("no DuckDB here: `make .venv-duckdb/.installed` installs it")
    return DuckDB(folder / "warehouse.duckdb")


def without_zeros(value: Any) -> Any:
    """Return a value with each number as its digits, without zeros at the end."""
    if isinstance(value, dict):
        return {name: without_zeros(member) for name, member in value.items()}
    if isinstance(value, list):
        return [without_zeros(item) for item in value]
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return Decimal(text.rstrip("0").rstrip(".") if "." in text else text)
    return value


def write_messages(folder: Path, outputs: Iterable[bytes]) -> str:
    """Write what each run wrote to a file; return the pattern that finds all."""
    for number, output in enumerate(outputs):
        (folder / f"run-{number}.jsonl").write_bytes(output)
    return str(folder / "run-*.jsonl")


def _decimal(value: dict[str, Any]) -> Any:
    if value.keys() == {"decimal"}:
        return without_zeros(Decimal(value["decimal"]))
    return value
