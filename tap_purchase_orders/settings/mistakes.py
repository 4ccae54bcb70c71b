"""What is wrong with given settings, one line for each mistake."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jsonschema import ValidationError

_TYPE_NAMES = {
    "array": "an array",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "object": "a section with keys",
    "string": "text",
}


def schema_mistakes(config: Any, schema: Mapping[str, Any]) -> list[str]:
    """Return a line for each place where a configuration does not fit its schema.

    Values are never shown: a credential may have been put in the wrong place.
    """
    errors = Draft202012Validator(schema).iter_errors(config)
    lines = [line for error in errors for line in _lines(error)]
    return sorted(set(lines))


def section_mistakes(
    path: str,
    section: Mapping[str, Any],
    *,
    known: tuple[str, ...],
    required: tuple[str, ...],
) -> list[str]:
    """Return a line for each key of a section that is unknown or missing.

    Args:
        path: The dotted name of the section.
        section: The section as it was given.
        known: All keys that it may have.
        required: The keys that it must have, with a value.
    """
    unknown = [key for key in section if key not in known and section[key] is not None]
    missing = [key for key in required if section.get(key) is None]
    return [
        *(_unknown(path, key, known) for key in unknown),
        *(f"`{path}.{key}` is missing" for key in missing),
    ]


def _lines(error: ValidationError) -> Iterator[str]:
    path = _dotted(error.absolute_path)
    schema: Any = error.schema
    given: Any = error.instance
    wanted: Any = error.validator_value
    if error.validator == "additionalProperties":
        known = schema["properties"]
        unknown = sorted(set(given) - set(known))
        yield from (_unknown(path, key, tuple(known)) for key in unknown)
    elif error.validator == "required":
        missing = sorted(set(wanted) - set(given))
        yield from (f"`{_join(path, key)}` is missing" for key in missing)
    else:
        yield f"`{path or 'config'}` must be {_described(schema)}"


def _unknown(path: str, key: str, known: tuple[str, ...]) -> str:
    close = get_close_matches(key, known, n=1)
    hint = f"; did you mean `{_join(path, close[0])}`?" if close else ""
    return f"unknown setting `{_join(path, key)}`{hint}"


def _described(schema: Mapping[str, Any]) -> str:
    """Return what a setting must be, in words."""
    if "enum" in schema:
        return "one of: " + ", ".join(str(value) for value in schema["enum"])
    types = schema.get("type", [])
    names = [types] if isinstance(types, str) else types
    words = " or ".join(_TYPE_NAMES[name] for name in names if name != "null")
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f"{words} from {low} to {high}"
    if low is not None:
        return f"{words}, {low} or more"
    return f"{words}, not empty" if schema.get("minLength") else words


def _dotted(path: Any) -> str:
    dotted = ""
    for part in path:
        dotted = f"{dotted}[{part}]" if isinstance(part, int) else _join(dotted, part)
    return dotted


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
