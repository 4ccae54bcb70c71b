"""No column of a table that is loaded becomes too narrow without a word.

target-postgres changes no column: where an integer became a number, it would go on
rounding. `released_types.json` has the types of the last release; it is written anew
with each one, by `python tests/pipeline/test_released_types.py`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap_purchase_orders.records.schemas import types_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PROJECT = Path(__file__).parents[2]
RELEASED = Path(__file__).with_name("released_types.json")
UPGRADING = PROJECT / "docs" / "how-to" / "upgrading.md"
# What a column has to be altered to, by what it was and what it has become.
WIDER = {
    ("integer", "number"): "numeric",
    ("date", "date-time"): "timestamp",
}
Types = dict[str, dict[str, str]]


def types() -> Types:
    """Return the type of each column that is a number, a date or an instant."""
    return {
        path.stem: dict(columns(json.loads(path.read_text("utf-8"))))
        for path in sorted((PROJECT / "schemas").glob("*.json"))
    }


def columns(schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, part in schema["properties"].items():
        named = types_of(part)
        if named in (["integer"], ["number"]):
            yield name, named[0]
        elif named == ["string"] and part.get("format") in {"date", "date-time"}:
            yield name, part["format"]


def unsaid(released: Types, now: Types, page: str) -> list[str]:
    """Return the statements that users have to run first, and are not told of."""
    statements = [
        f'ALTER TABLE purchasing.{stream} ALTER COLUMN "{name}" TYPE {column}'
        for stream, fields in released.items()
        for name, before in fields.items()
        if (column := WIDER.get((before, now.get(stream, {}).get(name, ""))))
    ]
    return [statement for statement in statements if statement not in page]


def test_users_are_told_to_alter_a_column_that_has_to_become_wider() -> None:
    released = json.loads(RELEASED.read_text("utf-8"))
    page = UPGRADING.read_text("utf-8")

    assert unsaid(released, types(), page) == []

    changed = types()
    changed["order_line_items"]["quantity"] = "number"
    changed["purchase_orders"]["start_date"] = "date-time"
    statement = 'ALTER TABLE purchasing.order_line_items ALTER COLUMN "quantity" TYPE'
    told = f"{page}\n{statement} numeric;"
    assert len(unsaid(released, changed, page)) == 2
    (only,) = unsaid(released, changed, told)
    assert only.endswith('purchase_orders ALTER COLUMN "start_date" TYPE timestamp')


def test_every_stream_of_the_last_release_is_still_there() -> None:
    released = json.loads(RELEASED.read_text("utf-8"))

    assert set(released) <= set(types())
    assert {name for fields in released.values() for name in fields.values()} == {
        "date",
        "date-time",
        "integer",
        "number",
    }


if __name__ == "__main__":
    RELEASED.write_text(f"{json.dumps(types(), indent=2)}\n", encoding="utf-8")
    sys.exit()
