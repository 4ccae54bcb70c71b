"""Loads the JSON schemas of the streams."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_purchase_orders.config import DecimalType

_PACKAGE = Path(__file__).resolve().parent.parent


# As the loader half of the Singer SDK knows it; its tap half leaves out the `x-`.
DECIMAL = "x-singer.decimal"
_QUOTED_DECIMAL = f'"{DECIMAL}"'.encode()
# What a schema says of a number.
_OF_NUMBERS = ("type", "format", "precision", "scale")


@cache
def schema_of(stream: str, decimal_type: DecimalType | None = None) -> dict[str, Any]:
    """Return the JSON schema of a stream; it is shared, so not to be changed.

    Args:
        stream: The name of the stream.
        decimal_type: Given where numbers are text that fits this type.
    """
    text = (_folder() / f"{stream}.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema if decimal_type is None else _with_decimals(schema, decimal_type)


def _with_decimals(part: Any, decimal_type: DecimalType) -> Any:
    """Return a part of a schema whose numbers are decimals.

    Whole numbers stay: any column of them is exact. So do the numbers within values of
    any type, whose types are part of the value.
    """
    if isinstance(part, list):
        return [_with_decimals(item, decimal_type) for item in part]
    if not isinstance(part, dict):
        return part
    if _is_number(part):
        return {
            **part,
            "type": ["string", "null"],
            "format": DECIMAL,
            "precision": decimal_type.precision,
            "scale": decimal_type.scale,
        }
    return {name: _with_decimals(inner, decimal_type) for name, inner in part.items()}


def with_numbers_of(own: Any, given: Any) -> Any:
    """Return a part of a schema with numbers declared as in another one.

    A catalog may be older than a change of `use_singer_decimal`, and the Singer SDK's
    model of a schema has no place for `precision` and `scale`. Whatever else a catalog
    says of a field is left as it is.

    Args:
        own: That part of the schema by which records are made.
        given: That part of a catalog's schema.
    """
    if not isinstance(own, dict) or not isinstance(given, dict):
        return given
    if _is_number(own) and _is_number(given):
        if DECIMAL not in (own.get("format"), given.get("format")):
            return given
        rest = {name: given[name] for name in given if name not in _OF_NUMBERS}
        return rest | {name: own[name] for name in _OF_NUMBERS if name in own}
    return {
        name: with_numbers_of(own.get(name), inner) for name, inner in given.items()
    }


def has_decimal(schema: Mapping[str, Any]) -> bool:
    """Return whether a schema declares a number as decimal text, wherever it stands."""
    return _QUOTED_DECIMAL in msgspec.json.encode(schema)


def _is_number(part: Mapping[str, Any]) -> bool:
    types = part.get("type")
    if not isinstance(types, str | list):
        return False
    return types_of(part) == ["number"] or part.get("format") == DECIMAL


def is_member(schema: Mapping[str, Any], names: Sequence[str]) -> bool:
    """Return whether names lead to a member of the objects of a schema."""
    for name in names:
        properties = schema.get("properties", {})
        if name not in properties:
            return False
        schema = properties[name]
    return True


def types_of(part: Mapping[str, Any]) -> list[str]:
    """Return the types that the values of a schema may have, null apart."""
    types = part["type"]
    return [types] if isinstance(types, str) else [t for t in types if t != "null"]


@cache
def _folder() -> Path:
    # The wheel holds the schemas inside the package; a checkout has them beside it.
    inside = _PACKAGE / "schemas"
    return inside if inside.is_dir() else _PACKAGE.parent / "schemas"
