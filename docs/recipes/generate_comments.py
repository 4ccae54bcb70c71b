# ruff: noqa: INP001  # run as a script
"""Writes column-comments.sql, which follows from the schemas of the streams.

`python docs/recipes/generate_comments.py` writes the file anew; with `--check` it only
says whether that would change it.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_FILE = Path(__file__).with_name("column-comments.sql")
_SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
_LOADER_COLUMNS = {
    "_sdc_extracted_at": "When the tap received the answer that the row is from. UTC.",
    "_sdc_received_at": "When the loader received the row. UTC.",
    "_sdc_batched_at": "When the loader wrote the row. UTC.",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check the file; return the exit status: 1 if the check fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing")
    parser.add_argument("file", nargs="?", type=Path, default=_FILE)
    options = parser.parse_args(arguments)
    text = comments()
    if not options.check:
        options.file.write_text(text, encoding="utf-8")
        return 0
    if options.file.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write(f"{options.file.name} is out of date: run {__file__}\n")
    return 1


def comments() -> str:
    """Return SQL that puts descriptions on the loaded tables and their columns."""
    rows = [
        f"  ({_quoted(table)}, {_quoted(column)}, {_quoted(description)})"
        for table, column, description in _descriptions()
    ]
    return _SQL.format(rows=",\n".join(rows))


def _descriptions() -> Iterator[tuple[str, str, str]]:
    """Yield tables, columns, and what they are; for a whole table no column."""
    for path in sorted(_SCHEMAS.glob("*.json")):
        schema = json.loads(path.read_text(encoding="utf-8"))
        yield path.stem, "", schema["description"]
        for name, part in schema["properties"].items():
            yield path.stem, name, part["description"]
        for name, description in _LOADER_COLUMNS.items():
            yield path.stem, name, description


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_SQL = """\
-- Written by docs/recipes/generate_comments.py from schemas/.
--
-- Puts the description of each field on the tables and columns that target-postgres has
-- loaded, so that database tools show it. What is not there is passed over. The loader
-- leaves comments alone, so once after the first load is enough.
--
--   PGOPTIONS='-c search_path=purchasing' \\
--     psql --set=ON_ERROR_STOP=1 --file=docs/recipes/column-comments.sql

DO $do$
DECLARE
  described record;
BEGIN
  FOR described IN
    SELECT
      CASE
        WHEN wanted.column_name = '' THEN format('TABLE %I', wanted.table_name)
        ELSE format('COLUMN %I.%I', wanted.table_name, wanted.column_name)
      END AS what,
      wanted.description
    FROM (VALUES
{rows}
    ) AS wanted (table_name, column_name, description)
    LEFT JOIN pg_attribute
      ON attrelid = to_regclass(wanted.table_name) AND attname = wanted.column_name
    WHERE to_regclass(wanted.table_name) IS NOT NULL
      AND (wanted.column_name = '' OR attname IS NOT NULL)
  LOOP
    EXECUTE format('COMMENT ON %s IS %L', described.what, described.description);
  END LOOP;
END
$do$;
"""


if __name__ == "__main__":
    sys.exit(main())
