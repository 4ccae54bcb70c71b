"""Any JSON value, as the tap's own decoder gives it, and records to compare with."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from tap_purchase_orders.exact_json import decode_body, json_text
from tap_purchase_orders.records.schemas import schema_of

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = dict[str, Any]

PAYLOADS = Path(__file__).resolve().parent.parent / "payloads"

DECIMALS = st.decimals(allow_nan=False, allow_infinity=False) | st.builds(
    lambda digits, exponent: Decimal(f"{digits}e{exponent}"),
    st.integers(),
    st.integers(-450, 450),
)
_TELLING_TEXTS = st.sampled_from(
    [
        "",
        " ",
        "0",
        "1.50",
        " 7 ",
        "1e3",
        "1,200.00",
        "NaN",
        "Infinity",
        "true",
        "False",
        "Y",
        "2026-01-31",
        "2026-02-30",
        "2026-01-31T00:00:00Z",
        "2026-01-31T10:11:12.1234567+05:30",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59.9999999Z",
        "2026-06-30T23:59:60Z",
        "31/01/2026",
        "soon",
        "\N{NO-BREAK SPACE}",
    ]
)
TEXTS = _TELLING_TEXTS | st.text(st.characters(codec="utf-8"), max_size=12)
SCALARS = st.none() | st.booleans() | st.integers() | DECIMALS | TEXTS


def any_json(names: st.SearchStrategy[str] = TEXTS) -> st.SearchStrategy[Any]:
    """Return any JSON value whose objects have some of the names."""
    return st.recursive(
        SCALARS,
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4)
        ),
        max_leaves=12,
    )


def objects_for(schema: Json) -> st.SearchStrategy[Json]:
    """Return objects with any values in the fields of a schema, at any depth."""
    names = st.sampled_from(sorted(set(_names(schema)))) | TEXTS
    return st.dictionaries(names, any_json(names), max_size=8)


def _names(schema: Json) -> Iterator[str]:
    for name, part in schema.get("properties", {}).items():
        yield name
        yield from _names(part)
    if isinstance(items := schema.get("items"), dict):
        yield from _names(items)


def payload(name: str) -> Any:
    """Return the body of a file of `tests/payloads`."""
    return decode_body((PAYLOADS / name).read_bytes())


def wire_errors(stream: str, record: Json) -> list[str]:
    """Return why a record, as its message spells it, is not valid, formats included."""
    checker = FormatChecker()
    assert {"date", "date-time"} <= set(checker.checkers)
    validator = Draft202012Validator(schema_of(stream), format_checker=checker)
    written = json.loads(json_text(record), parse_float=Decimal)
    return [
        f"{error.json_path}: {error.message}"
        for error in validator.iter_errors(written)
    ]


def unknown_fields(stream: str, record: Json) -> set[str]:
    """Return the names at the top of a record that its schema does not have."""
    return set(record) - set(schema_of(stream)["properties"])
