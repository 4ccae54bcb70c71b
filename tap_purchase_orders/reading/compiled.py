"""Objects by their schema in one go: decoded, checked and projected in C.

An object that is just as its schema says needs no walk through all its members. One
that is not, in whatever way, is left to the reading of each field by itself
(`reading.records`), which gives the same records for all that both can read.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from operator import attrgetter
from typing import Annotated, Any, NamedTuple, TypeAlias

import msgspec
from msgspec import UNSET, Raw, UnsetType

from tap_purchase_orders.reading.records import WITHHELD, as_it_is
from tap_purchase_orders.reading.schemas import types_of
from tap_purchase_orders.reading.values import UnreadableError, to_date, to_date_time
from tap_purchase_orders.wire.body import NotJsonError, decode_body, has_unstorable_text

# What stands for a number in a record is the text that was sent. Other values in its
# place are no numbers; the other reading spells exponents and -0 in its own way.
_PLAIN_NUMBERS = re.compile(rb"(?:(?!-0(?:,|$))[-0-9.nul]{1,400}(?:,|$))*")
_KEPT_TEXTS = 4096
# What can be the name of a member of a compiled type.
_NAME = re.compile(r'[^\\"\x00-\x1f]+')
# A server that makes up names could have us compile for ever.
_MOST_IGNORED = 200

# What is left to do with a decoded object; takes its numbers into a list.
Step: TypeAlias = Callable[[Any, list[Any]], None]

_TYPES: dict[str, Any] = {
    "boolean": bool | None,
    "integer": Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)] | None,
    "number": Raw,
    "string": str | None,
}
# The same dates come again and again.
_SPELLINGS: dict[str, Callable[[str], str | None]] = {
    "date": lru_cache(_KEPT_TEXTS)(to_date),
    "date-time": lru_cache(_KEPT_TEXTS)(to_date_time),
}


class NotAsDocumentedError(ValueError):
    """An object is not just as its schema says."""


class CompiledSchema:
    """Decodes the objects of one schema; safe on any thread.

    What it returns is encoded as the record of the object: top-level members that are
    absent are null, and so are those of its rows, which are records of their own.

    Args:
        schema: The JSON schema of the objects.
        rows: The member that holds the rows.
        row_schema: Their JSON schema.
    """

    def __init__(
        self, schema: Mapping[str, Any], rows: str, row_schema: Mapping[str, Any]
    ) -> None:
        self._schema = schema
        self._rows = rows
        self._row_schema = row_schema
        self._lock = threading.Lock()
        self._ignored: frozenset[str] = WITHHELD
        self._compile()

    def decode(self, text: bytes | Raw) -> Any:
        """Return the object that a JSON text is, with an attribute for each field.

        Raises:
            NotAsDocumentedError: It is not just as the schema says.
        """
        if has_unstorable_text(bytes(text)):
            raise NotAsDocumentedError
        decoder, finish = self._compiled
        numbers: list[Any] = []
        try:
            value = decoder.decode(text)
            finish(value, numbers)
        except (
            msgspec.DecodeError,
            NotJsonError,
            RecursionError,
            UnicodeDecodeError,
            UnreadableError,
        ) as error:
            raise NotAsDocumentedError from error
        sent = b",".join(filter(None, numbers))
        if sent and not _PLAIN_NUMBERS.fullmatch(sent):
            raise NotAsDocumentedError
        return value

    def ignore(self, names: Iterable[str], of_rows: Iterable[str]) -> None:
        """Leave out members that the schemas do not know, from now on.

        Args:
            names: Dotted names, without the positions in arrays.
            of_rows: Those of the rows.
        """
        found = {*names, *(f"{self._rows}.{name}" for name in of_rows)}
        with self._lock:
            ignored = self._ignored | {name for name in found if _NAME.fullmatch(name)}
            if ignored != self._ignored and len(ignored) <= _MOST_IGNORED:
                self._ignored = ignored
                self._compile()

    def _compile(self) -> None:
        rows = _records_step(self._rows, self._row_schema, self._ignored)
        struct, finish = _struct(self._schema, "", self._ignored, None, rows)
        self._compiled = (msgspec.json.Decoder(struct), finish)


class _Member(NamedTuple):
    """A member of an object: its type, and what is left to do when it is decoded."""

    name: str
    kind: Any
    step: Step | None = None


def _struct(
    schema: Mapping[str, Any],
    path: str,
    ignored: frozenset[str],
    absent: Any = UNSET,
    own: _Member | None = None,
) -> tuple[type[msgspec.Struct], Step]:
    """Return the type of a schema's objects, and what is left to do with one of them.

    Args:
        schema: The schema of the objects.
        path: Where they stand, with a dot behind it unless empty.
        ignored: Dotted names of members that are left out.
        absent: What an absent member is.
        own: A member of a type of its own.
    """
    members = [
        own if own and own.name == name else _member(name, part, path, ignored)
        for name, part in schema["properties"].items()
    ]
    left_out = {
        f"left_out_{position}": name
        for position, name in enumerate(_names_at(path, ignored))
        if name not in schema["properties"]
    }
    struct = msgspec.defstruct(
        "Object",
        [
            *((name, kind | UnsetType, absent) for name, kind, _ in members),
            *((attribute, Raw | UnsetType, UNSET) for attribute in left_out),
        ],
        rename=left_out,
        forbid_unknown_fields=True,
        gc=False,
    )
    numbers = [name for name, kind, step in members if kind is Raw and step is None]
    steps = [_numbers_step(numbers)] if numbers else []
    steps.extend(step for _, _, step in members if step is not None)
    steps.extend(map(_left_out_step, left_out))

    def finish(value: Any, sent: list[Any]) -> None:
        for step in steps:
            step(value, sent)

    return struct, steps[0] if len(steps) == 1 else finish


def _member(name: str, part: Any, path: str, ignored: frozenset[str]) -> _Member:
    named = types_of(part)
    if len(named) > 1:
        return _Member(name, Raw, _anything_step(name))
    inside = f"{path}{name}."
    spell = _SPELLINGS.get(part.get("format", ""))
    if named[0] in _TYPES:
        return _Member(name, _TYPES[named[0]], spell and _text_step(name, spell))
    return _nested_member(name, part, inside, ignored)


def _nested_member(
    name: str, part: Any, inside: str, ignored: frozenset[str]
) -> _Member:
    match part:
        case {"properties": _}:
            struct, step = _struct(part, inside, ignored)
            return _Member(name, struct | None, _object_step(name, step))
        case {"additionalProperties": {"type": ["string", "null"]}}:
            return _Member(name, dict[str, str | None] | None)
        case {"items": {"properties": _} as items}:
            struct, step = _struct(items, inside, ignored)
            return _Member(name, list[struct | None] | None, _array_step(name, step))  # type: ignore[valid-type]
        case {"items": {"type": ["string", "null"]}}:
            return _Member(name, list[str | None] | None)
    msg = f"no compiled type for {inside}"
    raise NotImplementedError(msg)


def _records_step(
    name: str, schema: Mapping[str, Any], ignored: frozenset[str]
) -> _Member:
    struct, step = _struct(schema, f"{name}.", ignored, None)
    return _Member(name, list[struct] | None, _array_step(name, step))  # type: ignore[valid-type]


def _names_at(path: str, ignored: frozenset[str]) -> list[str]:
    """Return the names that are left out of the objects at a path."""
    return sorted(
        name.removeprefix(path)
        for name in ignored
        if name.startswith(path) and "." not in name.removeprefix(path)
    )


def _numbers_step(names: list[str]) -> Step:
    get = attrgetter(*names)
    if len(names) == 1:
        return lambda value, sent: sent.append(get(value))
    return lambda value, sent: sent.extend(get(value))


def _text_step(name: str, spell: Callable[[str], str | None]) -> Step:
    def step(value: Any, _: list[Any]) -> None:
        text = getattr(value, name)
        if text is not None and text is not UNSET:
            setattr(value, name, spell(text))

    return step


def _object_step(name: str, finish: Step) -> Step:
    def step(value: Any, sent: list[Any]) -> None:
        if member := getattr(value, name):
            finish(member, sent)

    return step


def _array_step(name: str, finish: Step) -> Step:
    def step(value: Any, sent: list[Any]) -> None:
        for item in getattr(value, name) or ():
            if item is not None:
                finish(item, sent)

    return step


def _anything_step(name: str) -> Step:
    def step(value: Any, _: list[Any]) -> None:
        if raw := getattr(value, name):
            setattr(value, name, as_it_is(decode_body(bytes(raw))))

    return step


def _left_out_step(name: str) -> Step:
    return lambda value, _: setattr(value, name, UNSET)
