"""dlt's REST API source, into PostgreSQL, with every digit of every number.

As it comes, dlt reads numbers as floats and its columns have nine digits behind the
point. Here answers are decoded with decimals, every number is declared as one, and the
columns hold as many digits as there are.
"""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dlt
from dlt.sources.rest_api import rest_api_source

from benchmarks.contestants.dlt_files import appzen_source, partner_center_source
from benchmarks.contestants.job import SCHEMAS, given_job

if TYPE_CHECKING:
    from collections.abc import Iterator

    from requests import Response

# More than any number of the simulator has.
_PRECISION, _SCALE = 76, 38
# By table, the stream whose schema its records follow, and the member that dlt makes a
# table of.
_TABLES = {
    "orders": ("orders", "lineItems", "order_line_items"),
    "purchase_orders": (
        "purchase_orders",
        "purchase_order_lines",
        "purchase_order_lines",
    ),
}


def _exact(response: Response, *_: Any, **__: Any) -> None:
    """Make the decoder of an answer keep every digit, and skip a byte order mark."""
    text = response.content.decode("utf-8-sig")
    response.json = lambda **_: json.loads(text, parse_float=Decimal)  # type: ignore[method-assign]


def _decimals(stream: str, *, nested: bool) -> dict[str, Any]:
    """Return the hints for the number columns of a stream.

    Args:
        stream: The stream.
        nested: Whether dlt makes columns of nested objects, too.
    """
    schema = json.loads((SCHEMAS / f"{stream}.json").read_bytes())
    hint = {"data_type": "decimal", "precision": _PRECISION, "scale": _SCALE}
    return {name: {"name": name, **hint} for name in _numbers(schema, nested)}


def _numbers(schema: dict[str, Any], nested: bool, path: str = "") -> Iterator[str]:  # noqa: FBT001
    """Yield the names that dlt gives the number columns of a schema."""
    convention = dlt.Schema("names").naming
    for name, part in schema.get("properties", {}).items():
        column = path + convention.normalize_identifier(name)
        if part["type"] == ["number", "null"]:
            yield column
        elif nested and "object" in part["type"]:
            yield from _numbers(part, nested, f"{column}__")


def main() -> None:
    """Load a job into the database that the environment names."""
    job = given_job()
    make = appzen_source if job["upstream"] == "appzen" else partner_center_source
    source = rest_api_source(make(job, [_exact]), max_table_nesting=1)
    (name,) = source.selected_resources
    stream, member, row_stream = _TABLES[name]
    source.resources[name].apply_hints(
        columns=_decimals(stream, nested=True),
        nested_hints={member: {"columns": _decimals(row_stream, nested=False)}},
    )
    pipeline = dlt.pipeline(
        f"benchmark_{job['upstream']}",
        pipelines_dir=str(Path(job["directory"]) / "pipelines"),
        destination=dlt.destinations.postgres(
            os.environ["BENCHMARK_DATABASE"], decimal_precision=(_PRECISION, _SCALE)
        ),
        dataset_name=os.environ["BENCHMARK_SCHEMA"],
    )
    pipeline.run(source).raise_on_failed_jobs()


if __name__ == "__main__":
    main()
