"""A PostgreSQL server for tests, and the loader that fills it, as users run it."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import yaml
from psycopg.rows import dict_row
from psycopg.sql import SQL, Identifier

from demo.warehouse import running_warehouse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PROJECT = Path(__file__).parents[2]
# In the locked versions, where `make tests` and Meltano have put it.
_LOADER = _PROJECT / ".meltano" / "loaders" / "target-postgres" / "venv" / "bin"
# What a user's Meltano gives it.
_PLUGIN = next(
    plugin
    for plugin in yaml.safe_load(_PROJECT.joinpath("meltano.yml").read_text("utf-8"))[
        "plugins"
    ]["loaders"]
    if plugin["name"] == "target-postgres"
)
_DEFAULTS = {s["name"]: s["value"] for s in _PLUGIN["settings"] if "value" in s}
_SECONDS = 250
_LINES_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server with one empty database.

    Attributes:
        settings: How target-postgres reaches it; `port` is text.
        timezone: The time zone of the sessions; empty: that of the server.
    """

    settings: Mapping[str, str]
    timezone: str = ""

    def in_zone(self, timezone: str) -> Postgres:
        """Return the same server, reached by sessions of a time zone."""
        return replace(self, timezone=timezone)

    def load(self, messages: bytes, schema: str, **environment: str) -> None:
        """Load the output of a run; fail if the loader does.

        Args:
            messages: What the tap wrote.
            schema: The database schema, made if it is not there.
            environment: Variables other than those of meltano.yml.
        """
        finished = self.try_to_load(messages, schema, **environment)
        if finished.returncode:
            lines = finished.stderr.decode(errors="replace").splitlines()
            pytest.fail("\n".join(["target-postgres:", *lines[-_LINES_SHOWN:]]))

    def try_to_load(
        self, messages: bytes, schema: str, **environment: str
    ) -> subprocess.CompletedProcess[bytes]:
        """Load the output of a run; return how the loader ended."""
        config = {
            **_DEFAULTS,
            **self.settings,
            "port": int(self.settings["port"]),
            "default_target_schema": schema,
        }
        with tempfile.TemporaryDirectory(prefix="load-") as folder:
            path = Path(folder) / "config.json"
            path.write_text(json.dumps(config), encoding="utf-8")
            return subprocess.run(
                [loader(), "--config", str(path)],
                input=messages,
                capture_output=True,
                cwd=folder,
                env={**os.environ, **_PLUGIN["env"], **environment},
                timeout=_SECONDS,
                check=False,
            )

    def rows(self, query: str, *schemas: str) -> list[dict[str, Any]]:
        """Return the rows of a query that finds its tables in the given schemas."""
        with self.connected(*schemas) as connection:
            cursor = connection.cursor(row_factory=dict_row)
            return cursor.execute(query.encode()).fetchall()

    def records(self, table: str, schema: str) -> list[dict[str, Any]]:
        """Return a table as the server words it in JSON, fractions as decimals."""
        query = SQL("SELECT row_to_json(row)::text FROM {} AS row")
        with self.connected(schema) as connection:
            rows = connection.execute(query.format(Identifier(table))).fetchall()
        return [json.loads(text, parse_float=Decimal) for (text,) in rows]

    def execute(self, statements: str, *schemas: str) -> None:
        """Run SQL as it stands in a file: any number of statements."""
        with self.connected(*schemas) as connection:
            connection.execute(statements.encode())

    def make_schema(self, schema: str) -> None:
        """Make an empty database schema."""
        with self.connected() as connection:
            connection.execute(SQL("CREATE SCHEMA {}").format(Identifier(schema)))

    @contextmanager
    def connected(self, *schemas: str) -> Iterator[psycopg.Connection[Any]]:
        """Yield a connection; what it did stands if the block ends well."""
        options = {"search_path": ",".join(schemas), "timezone": self.timezone}
        with psycopg.connect(
            host=self.settings["host"],
            port=self.settings["port"],
            user=self.settings["user"],
            password=self.settings["password"],
            dbname=self.settings["database"],
            sslmode="disable",
            connect_timeout=5,
            options=" ".join(
                f"-c {name}={value}" for name, value in options.items() if value
            ),
        ) as connection:
            yield connection


@contextmanager
def running_postgres(timezone: str = "Europe/Berlin") -> Iterator[Postgres]:
    """Start a server of this machine's own; it is gone afterwards with all it held.

    Args:
        timezone: The time zone of its sessions, by default not UTC: what is loaded must
            be in UTC all the same.
    """
    with running_warehouse(timezone=timezone) as warehouse:
        yield Postgres(warehouse.loader_settings)


def loader() -> str:
    """Return the path of target-postgres; skips the test if it is not there."""
    return program("target-postgres", _LOADER)


def program(name: str, folder: Path) -> str:
    """Return the path of a program that has an environment of its own.

    Skips the test if it is not there.

    Args:
        name: Its name; a variable such as `TARGET_POSTGRES_PROGRAM` names another file.
        folder: Where it is otherwise.
    """
    variable = f"{name.replace('-', '_').upper()}_PROGRAM"
    path = os.environ.get(variable, str(folder / name))
    if not Path(path).is_file():
        pytest.skip(
            f"no {name} here: `make tests` installs it, or {variable} names one"
        )
    return path
