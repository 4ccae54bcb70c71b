# ruff: noqa: INP001  # run as a script
"""Makes DuckDB tables of what the tap has written: tables.sql, with its variables set.

    python transform/duckdb/load.py warehouse.duckdb 'messages/*.jsonl'

It needs the package duckdb, 2.0 or later, and nothing else.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import duckdb

_TABLES = Path(__file__).with_name("tables.sql")


def main() -> int:
    """Make the tables; return the exit status: 1 if that cannot be done exactly."""
    parser = argparse.ArgumentParser(
        prog="load.py", description="Makes DuckDB tables of what the tap has written."
    )
    parser.add_argument("database", help="the file of the database; made if needed")
    parser.add_argument("messages", help="path or pattern of the files; quote it")
    parser.add_argument("--schema", default="purchasing", help="default: %(default)s")
    parser.add_argument("--decimals", help="type of numbers, such as DECIMAL(38,9)")
    options = parser.parse_args()
    schema = '"{}"'.format(options.schema.replace('"', '""'))
    try:
        with duckdb.connect(options.database) as database:
            database.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
            database.execute(f"USE {schema}")
            database.execute(f"SET VARIABLE messages = {_text(options.messages)}")
            if options.decimals:
                database.execute(f"SET VARIABLE decimals = {_text(options.decimals)}")
            # All tables, or none.
            database.begin()
            database.execute(_TABLES.read_text(encoding="utf-8"))
            database.commit()
    except duckdb.Error as error:
        sys.stderr.write(f"{str(error).splitlines()[0]}\n")
        return 1
    return 0


def _text(value: str) -> str:
    return "'{}'".format(value.replace("'", "''"))


if __name__ == "__main__":
    sys.exit(main())
