# ruff: noqa: INP001  # run as a script
"""Writes the SQL that makes DuckDB tables of the tap's records, from the schemas.

`python transform/duckdb/generate_tables.py` writes tables.sql anew; with `--check` it
only says whether it would change.

A field is a column of the type that its schema names: an object is a STRUCT, an array a
LIST, and what may be any JSON is JSON. A number is a DECIMAL. DuckDB rounds what a
DECIMAL does not hold, so each table is compared with the digits of its records first.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap_purchase_orders.records.schemas import types_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_FILE = Path(__file__).with_name("tables.sql")
_SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
# What a variable puts another type in the place of.
_NUMBER = "DECIMAL(38,18)"
_TYPES = {
    ("boolean", None): "BOOLEAN",
    ("integer", None): "BIGINT",
    ("number", None): _NUMBER,
    ("string", None): "VARCHAR",
    ("string", "date"): "DATE",
    ("string", "date-time"): "TIMESTAMP",
}
_ARRAY, _JSON = ["array"], "JSON"

_HEAD = r"""-- Written by transform/duckdb/generate_tables.py from schemas/.
--
-- Makes a table of each stream, of all that the tap has written: the last record of
-- each key, numbers with all their digits, instants as TIMESTAMP in UTC. DuckDB 2.0 or
-- later. Tables that are there are made anew, in the current schema. Set before:
--
--   SET VARIABLE messages = 'messages/*.jsonl';  -- of the tap, or of target-jsonl
--   SET VARIABLE decimals = 'DECIMAL(38,9)';     -- for other than DECIMAL(38,18)

-- DuckDB takes the digits of a number in JSON where a DECIMAL is asked for. As JSON, as
-- text, and by `->` and `->>`, numbers become floats.
SELECT CASE
    WHEN json_transform('{"a":1234567890.1234567891}', '{"a":"DECIMAL(38,18)"}').a
        <> '1234567890.1234567891'::DECIMAL(38, 18)
        THEN error('DuckDB ' || version() || ' loses digits of JSON: 2.0 is needed')
END;

-- So that they stay elsewhere, numbers are made text, between marks.
CREATE OR REPLACE TEMP MACRO mark() AS chr(64976) || '#';

CREATE OR REPLACE TEMP MACRO numbers_as_text(json) AS
    regexp_replace(
        json,
        '("(?:[^"\\]|\\.)*")|(-?[0-9][-+.0-9eE]*)',
        '\1' || chr(1) || '\2' || chr(2),
        'g'
    )
    .replace(chr(1) || chr(2), '')
    .replace(chr(1), '"' || mark())
    .replace(chr(2), mark() || '"');

CREATE OR REPLACE TEMP MACRO digits(number) AS replace(number, mark(), '');

CREATE OR REPLACE TEMP MACRO exact_json(json) AS
    replace(replace(json::VARCHAR, '"' || mark(), ''), mark() || '"', '')::JSON;

-- How many digits behind the point a number in JSON has.
CREATE OR REPLACE TEMP MACRO fraction_digits(number) AS
    length(rtrim(regexp_extract(number, '\.([0-9]+)', 1), '0'))
    - coalesce(try_cast(regexp_extract(number, '[eE]([+-]?[0-9]+)$', 1) AS INTEGER), 0);

CREATE OR REPLACE TEMP MACRO decimals() AS
    coalesce(getvariable('decimals'), 'DECIMAL(38,18)');

CREATE OR REPLACE TEMP MACRO loses_digits(number, as_decimal) AS
    number IS NOT NULL
    AND (
        as_decimal IS NULL
        OR fraction_digits(digits(number))
        > regexp_extract(decimals(), ',([0-9]+)', 1)::INTEGER
    );

-- A line is a message, or a record in a file that is named for its stream.
CREATE OR REPLACE TEMP TABLE singer_messages AS
SELECT
    if(
        type = 'RECORD',
        json ->> 'stream',
        regexp_replace(parse_filename(filename, true), '-[0-9T]+$', '')
    ) AS stream,
    if(type = 'RECORD', json::VARCHAR, '{"record":' || json || '}') AS message,
    row_number() OVER (ORDER BY filename, line_number) AS position
FROM (
    SELECT filename, json, json ->> 'type' AS type, row_number() OVER () AS line_number
    FROM read_ndjson_objects(getvariable('messages'), filename = true)
)
WHERE coalesce(type, '') NOT IN ('SCHEMA', 'STATE', 'ACTIVATE_VERSION', 'BATCH');

SELECT CASE WHEN count(*) > 0 THEN error('the messages contain ' || mark()) END
FROM singer_messages
WHERE contains(message, mark());
"""
_TABLE = """\

CREATE OR REPLACE TEMP TABLE singer_rows AS
SELECT
    json_transform(
        message,
        replace(
            {structure},
            '{number}',
            decimals()
        )
    ) AS typed,
    json_transform(
        numbers_as_text(message),
        {texts}
    ) AS texts
FROM singer_messages
WHERE stream = '{stream}'
QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY position DESC) = 1;
{check}
CREATE OR REPLACE TABLE {stream} AS
SELECT
    unnest(typed.record),
    typed.time_extracted AS _sdc_extracted_at,
    now() AT TIME ZONE 'UTC' AS _sdc_batched_at
FROM singer_rows;
"""
_CHECK = """
SELECT CASE
    WHEN count(*) > 0
        THEN error(
            '{stream}: ' || count(*) || ' records have a number that ' || decimals()
            || ' does not hold (set the variable decimals), such as '
            || digits(left(min(texts.record)::VARCHAR, 200))
        )
END
FROM singer_rows
WHERE {conditions};
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check the file; return the exit status: 1 if a check fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing")
    parser.add_argument("file", nargs="?", type=Path, default=_FILE)
    options = parser.parse_args(arguments)
    text = sql()
    if not options.check:
        options.file.write_text(text, encoding="utf-8")
    elif not options.file.is_file() or options.file.read_text("utf-8") != text:
        sys.stderr.write(f"{options.file.name} is out of date: run {__file__}\n")
        return 1
    return 0


def sql() -> str:
    """Return the whole text of tables.sql."""
    schemas = {
        path.stem: json.loads(path.read_text("utf-8"))
        for path in sorted(_SCHEMAS.glob("*.json"))
    }
    tables = (_table(stream, schema) for stream, schema in schemas.items())
    return _HEAD + "".join(tables) + "\nDROP TABLE singer_rows;\n"


def _table(stream: str, schema: Mapping[str, Any]) -> str:
    conditions = list(_conditions(schema, "texts.record", "typed.record"))
    check = _CHECK.format(stream=stream, conditions="\n    OR ".join(conditions))
    text = _TABLE.format(
        stream=stream,
        keys=", ".join(f"message ->> '$.record.{name}'" for name in schema["required"]),
        structure=_quoted(_structure(schema)),
        texts=_quoted(_structure(schema, number="VARCHAR")),
        number=_NUMBER,
        check=check if conditions else "",
    )
    columns = [
        f'{_exact(part, *_members(name, "texts.record", "typed.record"))} AS "{name}"'
        for name, part in schema["properties"].items()
    ]
    return text.replace("unnest(typed.record)", ",\n    ".join(columns))


def _structure(part: Mapping[str, Any], number: str = _NUMBER) -> Any:
    """Return what json_transform has to make of a value, as it wants it described."""
    types = types_of(part)
    if types == ["object"] and part.get("properties"):
        members = part["properties"].items()
        return {name: _structure(member, number) for name, member in members}
    if types == _ARRAY:
        return [_structure(part["items"], number)]
    if len(types) > 1 or types == ["object"]:
        return _JSON
    named = _TYPES[types[0], part.get("format")]
    return number if named == _NUMBER else named


def _conditions(
    part: Mapping[str, Any], texts: str, typed: str, depth: int = 0
) -> Iterator[str]:
    """Yield, for each number within a value, when it is not what its digits say."""
    types = types_of(part)
    if types == ["number"]:
        yield f"loses_digits({texts}, {typed})"
    elif types == ["object"]:
        for name, member in part.get("properties", {}).items():
            yield from _conditions(member, *_members(name, texts, typed), depth)
    elif types == _ARRAY:
        index = f"i{depth}"
        inner = (f"{texts}[{index}]", f"{typed}[{index}]")
        within = " OR ".join(_conditions(part["items"], *inner, depth + 1))
        if within:
            indices = f"range(1, coalesce(len({texts}), 0) + 1)"
            yield f"len(list_filter({indices}, lambda {index}: {within})) > 0"


def _exact(part: Mapping[str, Any], texts: str, typed: str, depth: int = 0) -> str:
    """Return the expression for a value, what is JSON in it with its digits."""
    structure = _structure(part)
    if structure == _JSON:
        return f"exact_json({texts})"
    if _JSON not in json.dumps(structure):
        return typed
    if isinstance(structure, list):
        index = f"i{depth}"
        inner = (f"{texts}[{index}]", f"{typed}[{index}]")
        item = _exact(part["items"], *inner, depth + 1)
        return f"list_transform(range(1, len({typed}) + 1), lambda {index}: {item})"
    members = ", ".join(
        f"'{name}': {_exact(member, *_members(name, texts, typed), depth)}"
        for name, member in part["properties"].items()
    )
    return f"if({typed} IS NULL, NULL, {{{members}}})"


def _members(name: str, texts: str, typed: str) -> tuple[str, str]:
    return f'{texts}."{name}"', f'{typed}."{name}"'


def _quoted(structure: Any) -> str:
    whole = {"record": structure, "time_extracted": "TIMESTAMP"}
    text = json.dumps(whole, separators=(",", ":"))
    return f"'{text}'"


if __name__ == "__main__":
    sys.exit(main())
