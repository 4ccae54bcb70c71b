"""The types that loaders make of the tap's schemas, by their own code.

For warehouses that are not on this machine.
"""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

from benchmarks.loaders.places import environment_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECONDS = 120
# A field of each kind: its stream, and its name.
_FIELDS = {
    "number": ("purchase_order_lines", "quantity"),
    "whole number": ("order_line_items", "quantity"),
    "date-time": ("orders", "creationDate"),
    "date": ("purchase_orders", "start_date"),
    "object with a number": ("purchase_orders", "total_amount"),
    "any JSON": ("purchase_orders", "custom_json"),
}
# Each reads schemas of properties, and prints their types in that order.
_SNOWFLAKE = """
import json, sys
from snowflake.sqlalchemy.snowdialect import SnowflakeDialect
from target_snowflake.connector import SnowflakeConnector
needed = ("account", "user", "password", "database")
connector = SnowflakeConnector(dict.fromkeys(needed, "-"))
for part in json.load(sys.stdin).values():
    print(connector.to_sql_type(part).compile(dialect=SnowflakeDialect()))
"""
_BIGQUERY = """
import json, sys, warnings
warnings.simplefilter("ignore")
from target_bigquery.core import SchemaTranslator
schema = {"properties": json.load(sys.stdin)}
for field in SchemaTranslator(schema=schema, transforms={}).translated_schema:
    inner = [f"{each.name} {each.field_type}" for each in field.fields]
    mode = "REPEATED " if field.mode == "REPEATED" else ""
    print(f"{mode}{field.field_type}{' (' + ', '.join(inner) + ')' if inner else ''}")
"""
_ICEBERG = """
import json, logging, sys
from target_s3tables.iceberg import singer_schema_to_arrow_schema
properties = json.load(sys.stdin)
arrow, _ = singer_schema_to_arrow_schema(
    {"properties": properties}, sanitize_names=False, log=logging.getLogger())
for name in properties:
    print(arrow.field(name).type)
"""
_MYSQL = """
import json, sys, warnings
warnings.simplefilter("ignore")
from sqlalchemy.dialects.mysql import dialect
from target_mysql.sinks import MySQLConnector
connector = MySQLConnector({"sqlalchemy_url": "mysql://-"})
for part in json.load(sys.stdin).values():
    print(connector.to_sql_type(part).compile(dialect=dialect()))
"""
TYPED = {
    "`meltanolabs-target-snowflake`": (
        ("meltanolabs-target-snowflake==0.20.4",),
        _SNOWFLAKE,
    ),
    "`z3-target-bigquery`": (("z3-target-bigquery==0.7.2", "setuptools<81"), _BIGQUERY),
    "`target-s3tables`": (("target-s3tables==0.0.6",), _ICEBERG),
    "`thk-target-mysql`": (("thk-target-mysql==0.1.3", "setuptools<81"), _MYSQL),
}


def types_of_loaders(schemas: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return a row for each loader: what it makes of a field of each kind."""
    fields = {
        f"{stream}_{name}": schemas[stream]["schema"]["properties"][name]
        for stream, name in _FIELDS.values()
    }
    given = json.dumps(fields, default=int)
    rows = []
    for title, (packages, program) in TYPED.items():
        python = environment_of(packages) / "bin" / "python"
        done = subprocess.run(  # noqa: S603
            [python, "-c", program],
            check=True,
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            timeout=_SECONDS,
        )
        types = [f"`{line}`" for line in done.stdout.splitlines()]
        rows.append((title, packages[0].rpartition("==")[2], *types))
    return rows


HEADINGS = (
    "Loader",
    "Version",
    *(f"A {kind}".replace("A any", "Any") for kind in _FIELDS),
)
