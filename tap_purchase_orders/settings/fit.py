"""Settings that surely fit their schema."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Keywords that ask for nothing.
_NOTES = {"$schema", "default", "description", "format", "secret", "title", "writeOnly"}
_TYPES: Mapping[type, str] = {
    bool: "boolean",
    dict: "object",
    int: "integer",
    list: "array",
    str: "string",
}


def is_certainly_valid(value: Any, schema: Mapping[str, Any]) -> bool:
    """Return whether a value fits a schema without any doubt.

    To import the library that knows all of JSON schema takes longer than all else that
    is done with settings. So this knows what right ones take; where the answer is no,
    only the library can tell.
    """
    checks = _CHECKS.get(type(value), {})
    return all(
        keyword in _NOTES or (keyword in checks and checks[keyword](value, schema))
        for keyword in schema
    )


def _is_of_type(value: Any, schema: Mapping[str, Any]) -> bool:
    types = schema["type"]
    return _TYPES[type(value)] in ([types] if isinstance(types, str) else types)


def _has_fit_items(array: list[Any], schema: Mapping[str, Any]) -> bool:
    return all(is_certainly_valid(item, schema["items"]) for item in array)


def _has_fit_properties(section: dict[str, Any], schema: Mapping[str, Any]) -> bool:
    known = schema["properties"]
    return all(
        is_certainly_valid(section[key], known[key]) for key in section if key in known
    )


def _has_no_others(section: dict[str, Any], schema: Mapping[str, Any]) -> bool:
    return schema["additionalProperties"] is True or (
        section.keys() <= schema["properties"].keys()
    )


# By type and keyword.
_CHECKS: Mapping[type, Mapping[str, Callable[[Any, Mapping[str, Any]], bool]]] = {
    bool: {"type": _is_of_type},
    dict: {
        "type": _is_of_type,
        "additionalProperties": _has_no_others,
        "properties": _has_fit_properties,
        "required": lambda section, schema: section.keys() >= {*schema["required"]},
    },
    int: {
        "type": _is_of_type,
        "minimum": lambda number, schema: number >= schema["minimum"],
        "maximum": lambda number, schema: number <= schema["maximum"],
    },
    list: {"type": _is_of_type, "items": _has_fit_items},
    str: {
        "type": _is_of_type,
        "enum": lambda text, schema: text in schema["enum"],
        "minLength": lambda text, schema: len(text) >= schema["minLength"],
        "pattern": lambda text, schema: re.search(schema["pattern"], text) is not None,
    },
}
