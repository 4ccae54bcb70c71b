"""Says what could not be read since an instant: the extraction issues in the warehouse.

    .venv-meltano/bin/python -m orchestrate.issues target-postgres --fail

It reaches the warehouse as the loader does, by what Meltano has as its settings, and is
for loaders of PostgreSQL.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.sql import SQL, Identifier

if TYPE_CHECKING:
    from collections.abc import Sequence

_MELTANO = Path(sys.executable).with_name("meltano")
_TABLE = "extraction_issues"
# What may be there and was not read. The other kinds are what an upstream said of a
# record, or a value that is in the table as it came.
_NOT_READ = ("unavailable", "invalid_response", "refused_redirect")

_COUNTS = SQL(
    """
    SELECT kind, upstream, stream, count(*), min(record_key), max(message)
    FROM {} WHERE observed_at >= %s
    GROUP BY kind, upstream, stream
    ORDER BY count(*) DESC, kind, upstream, stream
    """
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a table of the issues; with `--fail` return 1 if a key was not read."""
    parser = argparse.ArgumentParser(
        prog="python -m orchestrate.issues",
        description="Lists the extraction issues of the warehouse by their kind.",
    )
    parser.add_argument("loader", help="Meltano's name of the loader")
    parser.add_argument(
        "--since", type=_instant, default=datetime.min.replace(tzinfo=UTC)
    )
    severity = parser.add_mutually_exclusive_group()
    severity.add_argument(
        "--fail", action="store_true", help="status 1 if a key was not read"
    )
    severity.add_argument(
        "--warn", action="store_true", help="only say so; the default"
    )
    options = parser.parse_args(arguments)
    try:
        rows = _issues(_loader_settings(options.loader), options.since)
    except psycopg.Error as error:
        print(f"the warehouse cannot be asked: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError:
        print(f"Meltano does not say how {options.loader} is set", file=sys.stderr)
        return 1
    not_read = sum(row[3] for row in rows if row[0] in _NOT_READ)
    for row in [("kind", "upstream", "stream", "count", "such as", "message"), *rows]:
        print("{:20} {:16} {:22} {:>7}  {:40} {}".format(*row))
    if not_read:
        print(f"WARNING: {not_read} keys could not be read and will be asked for again")
    elif not rows:
        print("no issues")
    return 1 if not_read and options.fail else 0


def _loader_settings(loader: str) -> dict[str, Any]:
    finished = subprocess.run(  # noqa: S603
        [_MELTANO, "invoke", "--no-install", "--dump=config", loader],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    settings: dict[str, Any] = json.loads(finished.stdout)
    return settings


def _issues(settings: dict[str, Any], since: datetime) -> list[tuple[Any, ...]]:
    table = Identifier(settings["default_target_schema"], _TABLE)
    with psycopg.connect(
        host=settings["host"],
        port=settings["port"],
        user=settings["user"],
        password=settings["password"],
        dbname=settings["database"],
        sslmode=settings.get("ssl_mode", "prefer"),
        sslrootcert=settings.get("ssl_certificate_authority"),
        # The loader writes UTC without a zone.
        options="-c timezone=UTC",
    ) as connection:
        exists = "SELECT to_regclass(%s) IS NOT NULL"
        if not connection.execute(exists, [table.as_string()]).fetchall()[0][0]:
            return []
        return connection.execute(_COUNTS.format(table), [since]).fetchall()


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


if __name__ == "__main__":
    sys.exit(main())
