"""Errors in settings, one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from jsonschema import Draft202012Validator

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from jsonschema import ValidationError

_TYPE_NAMES = {
    "array": "an array",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "object": "a section with keys",
    "string": "text",
}


class SettingError(NamedTuple):
    """One thing that is wrong with the settings.

    Attributes:
        path: The dotted name of the setting.
        line: What is wrong, in one line that names it. Values are never shown: a
            credential may have been put in the wrong place.
    """

    path: str
    line: str


def schema_mistakes(config: Any, schema: Mapping[str, Any]) -> list[SettingError]:
    """Return the places where a configuration does not fit its schema."""
    errors = Draft202012Validator(schema).iter_errors(config)
    return sorted({mistake for error in errors for mistake in _mistakes(error)})


def is_valid(path: str, mistakes: Iterable[SettingError]) -> bool:
    """Return whether a setting and all that it holds and stands in have no mistake."""
    return not any(
        _is_within(mistake.path, path) or _is_within(path, mistake.path)
        for mistake in mistakes
    )


def _is_within(path: str, other: str) -> bool:
    return path == other or path.startswith((f"{other}.", f"{other}["))


def section_mistakes(
    path: str,
    section: Mapping[str, Any],
    *,
    known: tuple[str, ...],
    required: tuple[str, ...],
) -> list[SettingError]:
    """Return the keys of a section that are unknown or missing.

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
        *(_missing(path, key) for key in missing),
    ]


def _mistakes(error: ValidationError) -> Iterator[SettingError]:
    path = _dotted(error.absolute_path)
    schema: Any = error.schema
    given: Any = error.instance
    wanted: Any = error.validator_value
    if error.validator == "additionalProperties":
        known = schema["properties"]
        for key in sorted(set(given) - set(known)):
            yield _unknown(path, key, tuple(known))
    elif error.validator == "required":
        for key in sorted(set(wanted) - set(given)):
            yield _missing(path, key)
    else:
        yield SettingError(path, f"`{path or 'config'}` must be {_described(schema)}")


def _missing(path: str, key: str) -> SettingError:
    name = _join(path, key)
    return SettingError(name, f"`{name}` is missing")


def _unknown(path: str, key: str, known: tuple[str, ...]) -> SettingError:
    from difflib import get_close_matches  # noqa: PLC0415  # few runs need it

    close = get_close_matches(key, known, n=1)
    hint = f"; did you mean `{_join(path, close[0])}`?" if close else ""
    name = _join(path, key)
    return SettingError(name, f"unknown setting `{name}`{hint}")


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
    if "pattern" in schema:
        return f"{words} that a header can carry: no line end, no blanks around it"
    return f"{words}, not empty" if schema.get("minLength") else words


def _dotted(path: Any) -> str:
    dotted = ""
    for part in path:
        dotted = f"{dotted}[{part}]" if isinstance(part, int) else _join(dotted, part)
    return dotted


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
