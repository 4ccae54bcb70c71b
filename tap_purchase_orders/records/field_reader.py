"""Reads records field by field, by their schema: the way that takes any body."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any, TypeAlias

from msgspec import Struct, field

from tap_purchase_orders.records.schemas import DECIMAL, types_of
from tap_purchase_orders.records.values import (
    UnreadableError,
    to_boolean,
    to_date,
    to_date_time,
    to_decimal_text,
    to_integer,
    to_number,
    to_text,
    to_utc_day,
)

# Never emitted, and no news either: a password (Partner Center, *Customer resources*).
WITHHELD = frozenset({"userCredentials"})
# Free-form values nested deeper than this would overtax whoever reads the messages.
_DEEPEST = 100
_POSITION = re.compile(r"\[\d+\]")


class ParseNotes(Struct):
    """What was noticed while a record was read.

    Attributes:
        unreadable: Dotted field names, each with the value that it could not hold.
        unknown: Dotted names of fields that the schema does not know.
        shortened: Dotted names of date fields that had a time of day.
    """

    unreadable: list[tuple[str, Any]] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)
    shortened: set[str] = field(default_factory=set)


# A record: a dictionary by field. Where records are written as they are, this is the
# text of one or several of them (`Encoded`).
Record: TypeAlias = Any

Read = Callable[[Any, str, ParseNotes], Any]


class RecordReader:
    """Reads JSON objects as records of one schema.

    Args:
        schema: The JSON schema of the records.
        without: Top-level fields that are not read from the upstream's object.
    """

    def __init__(self, schema: Mapping[str, Any], without: Iterable[str] = ()) -> None:
        deselected_fields = set(without)
        self._fields = {
            name: _reader(part)
            for name, part in schema["properties"].items()
            if name not in deselected_fields
        }
        self._known = self._fields.keys() | deselected_fields | WITHHELD
        self._blank = dict.fromkeys(self._fields)

    def read(self, raw: Mapping[str, Any], notes: ParseNotes) -> dict[str, Any]:
        """Return a record with every field of the schema; absent ones are null."""
        return self._blank | self.read_present(raw, notes)

    def read_present(
        self, raw: Mapping[str, Any], notes: ParseNotes, path: str = ""
    ) -> dict[str, Any]:
        """Return a record with the fields that the object has, as documented."""
        if not raw.keys() <= self._known:
            notes.unknown.update(
                _POSITION.sub("", f"{path}{name}") for name in raw.keys() - self._known
            )
        return {
            name: read(raw[name], f"{path}{name}", notes)
            for name, read in self._fields.items()
            if name in raw
        }


def _reader(schema: Mapping[str, Any]) -> Read:
    """Return the function that reads values of a schema."""
    named = types_of(schema)
    if len(named) > 1:
        return _value_reader(as_it_is)
    if named[0] == "object":
        return _object_reader(schema)
    if named[0] == "array":
        return _array_reader(_reader(schema["items"]))
    if schema.get("format") == DECIMAL:
        size = {name: schema[name] for name in ("precision", "scale")}
        return _value_reader(partial(to_decimal_text, **size))
    if schema.get("format") == "date":
        return _read_date
    return _value_reader(_CONVERSIONS[named[0], schema.get("format")])


def as_it_is(value: Any) -> Any:
    """Return a value of any type.

    Raises:
        UnreadableError: It is nested too deeply, or holds a number of too many digits.
    """
    _check(value, _DEEPEST)
    return value


def _check(value: Any, depth: int) -> None:
    """Return if a value of any type can be emitted.

    Raises:
        UnreadableError: It cannot.
    """
    if isinstance(value, list | dict):
        if depth == 0:
            raise UnreadableError
        for member in value.values() if isinstance(value, dict) else value:
            _check(member, depth - 1)
    elif isinstance(value, int | Decimal) and not isinstance(value, bool):
        to_number(value)


def _value_reader(convert: Callable[[Any], Any]) -> Read:
    def read(value: Any, path: str, notes: ParseNotes) -> Any:
        if value is None:
            return None
        try:
            return convert(value)
        except UnreadableError:
            notes.unreadable.append((path, value))
            return None

    return read


def _read_date(value: Any, path: str, notes: ParseNotes) -> Any:
    """Return a date; a date-time is its day in UTC, and that is noted."""
    if value is None:
        return None
    try:
        return to_date(value)
    except UnreadableError:
        day = _value_reader(to_utc_day)(value, path, notes)
    if day is not None:
        notes.shortened.add(_POSITION.sub("", path))
    return day


def _object_reader(schema: Mapping[str, Any]) -> Read:
    if "properties" in schema:
        read_members = RecordReader(schema).read_present

        def read_closed(value: Any, path: str, notes: ParseNotes) -> Any:
            if isinstance(value, dict):
                return read_members(value, notes, f"{path}.")
            return unreadable_unless_null(value, path, notes)

        return read_closed

    read_value = _reader(schema["additionalProperties"])

    def read_open(value: Any, path: str, notes: ParseNotes) -> Any:
        if isinstance(value, dict):
            return {
                name: read_value(member, f"{path}.{name}", notes)
                for name, member in value.items()
            }
        return unreadable_unless_null(value, path, notes)

    return read_open


def _array_reader(read_item: Read) -> Read:
    def read(value: Any, path: str, notes: ParseNotes) -> Any:
        if isinstance(value, list):
            return [
                read_item(item, f"{path}[{position}]", notes)
                for position, item in enumerate(value)
            ]
        return unreadable_unless_null(value, path, notes)

    return read


def unreadable_unless_null(value: Any, path: str, notes: ParseNotes) -> None:
    """Note a value that is no object or array; null and blank text are none."""
    if value is not None and not _is_blank(value):
        notes.unreadable.append((path, value))


def _is_blank(value: Any) -> bool:
    return isinstance(value, str) and not value.strip()


_CONVERSIONS: dict[tuple[str, str | None], Callable[[Any], Any]] = {
    ("boolean", None): to_boolean,
    ("integer", None): to_integer,
    ("number", None): to_number,
    ("string", None): to_text,
    ("string", "date-time"): to_date_time,
}
