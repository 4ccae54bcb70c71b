"""What a loader stored, as rows whose numbers have the digits that are there."""

from __future__ import annotations

import csv
import json
import subprocess
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.sql import SQL, Identifier

from benchmarks.loaders.catalogue import CSV, DUCKDB, FILES, OBJECTS, PARQUET

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.loaders.compare import Row
    from benchmarks.loaders.places import Places

_SECONDS = 120
# Run by the Python of the loader, or of the store.
_DUCKDB = """
import json, sys
import duckdb
with duckdb.connect(sys.argv[1], read_only=True) as database:
    tables = database.execute("SELECT table_name FROM duckdb_tables()").fetchall()
    for (table,) in tables:
        found = database.execute(f'SELECT * FROM raw."{table}"')
        names = [column[0] for column in found.description]
        for row in found.fetchall():
            print(json.dumps([table, dict(zip(names, row))], default=str))
"""
_OBJECTS = """
import os, pathlib, sys
import boto3
store = boto3.client("s3", endpoint_url=sys.argv[1], region_name="us-east-1",
    aws_access_key_id="none", aws_secret_access_key="none")
listing = store.get_paginator("list_objects_v2")
pages = listing.paginate(Bucket="purchasing", Prefix=sys.argv[2])
for page in pages:
    for number, found in enumerate(page.get("Contents", [])):
        path = pathlib.Path(sys.argv[3], found["Key"])
        path.parent.mkdir(parents=True, exist_ok=True)
        store.download_file("purchasing", found["Key"], str(path))
        stored_at = found["LastModified"].timestamp()
        os.utime(path, (stored_at, stored_at))
"""
_PARQUET = """
import json, sys
import pyarrow.parquet as parquet
for path in sys.argv[1:]:
    for row in parquet.ParquetFile(path).read().to_pylist():
        print(json.dumps([path, row], default=str))
"""


def rows_of(kind: str, places: Places, loader: Path) -> dict[str, list[Row]]:
    """Return the rows of each stream, in the order in which they were stored.

    Args:
        kind: How they are stored.
        places: Where.
        loader: The directory of the loader's environment.
    """
    if kind == FILES:
        return {
            path.stem: list(map(_exact, path.read_text("utf-8").splitlines()))
            for path in sorted(places.folder.glob("*.jsonl"))
        }
    if kind == CSV:
        found = {}
        for path in sorted(places.folder.glob("*.csv")):
            with path.open(encoding="utf-8", newline="") as file:
                found[path.stem] = list(csv.DictReader(file))
        return found
    if kind == DUCKDB:
        database = places.folder / "warehouse.duckdb"
        return _named(_printed(loader, _DUCKDB, database))
    if kind in {OBJECTS, PARQUET}:
        return _objects(kind, places, loader)
    return _tables(places)


def _objects(kind: str, places: Places, loader: Path) -> dict[str, list[Row]]:
    _printed(places.store, _OBJECTS, places.endpoint, places.schema, places.folder)
    files = (path for path in places.folder.rglob("*") if path.is_file())
    paths = sorted(files, key=lambda path: (path.stat().st_mtime, path.name))
    if kind == PARQUET:
        rows = _printed(loader, _PARQUET, *paths) if paths else []
    else:
        rows = [
            [str(path), _exact(line)]
            for path in paths
            for line in path.read_text("utf-8").splitlines()
        ]
    # <prefix>/<stream>/<day>/<time>.<suffix>
    start = len(places.folder.parts) + 1
    return _named([path.split("/")[start], row] for path, row in rows)


def _tables(places: Places) -> dict[str, list[Row]]:
    names = SQL("SELECT tablename FROM pg_tables WHERE schemaname = {}")
    found: dict[str, list[Row]] = {}
    with psycopg.connect("", **places.connection) as connection:
        tables = connection.execute(names.format(places.schema)).fetchall()
        for (table,) in tables:
            query = SQL("SELECT row_to_json(row)::text FROM {} AS row")
            rows = connection.execute(query.format(Identifier(places.schema, table)))
            found[table] = [_exact(text) for (text,) in rows.fetchall()]
    return found


def _printed(environment: Path, program: str, *arguments: object) -> list[Any]:
    done = subprocess.run(  # noqa: S603
        [environment / "bin" / "python", "-c", program, *map(str, arguments)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=_SECONDS,
    )
    return list(map(_exact, done.stdout.splitlines()))


def _named(pairs: Any) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for stream, row in pairs:
        found.setdefault(stream, []).append(row)
    return found


def _exact(text: str) -> Any:
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)
