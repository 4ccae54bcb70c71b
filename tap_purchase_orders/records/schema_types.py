"""Builds msgspec types from the schemas of the streams."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeAlias

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from tap_purchase_orders.records.bulk_checks import DATE, DATE_TIME, Level, Spelling
from tap_purchase_orders.records.field_reader import as_it_is
from tap_purchase_orders.records.schemas import DECIMAL, types_of

if TYPE_CHECKING:
    from collections.abc import Mapping

# The names that lead to a member, without the positions in arrays.
Path: TypeAlias = tuple[str, ...]

_TYPES: dict[str, Any] = {
    "boolean": bool | None,
    "integer": Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)] | None,
    "number": Raw,
    "string": str | None,
}
# A value of any type: msgspec knows no such type, and asks `_anything` about it.
_ANYTHING: Any = object
_SPELLINGS = {"date": DATE, "date-time": DATE_TIME}


class Member(NamedTuple):
    """A member of an object: its type, and the level of the objects that it holds."""

    name: str
    kind: Any
    spelling: Spelling | None = None
    object: Level | None = None
    array: Level | None = None


def struct_type(
    schema: Mapping[str, Any],
    path: Path,
    ignored: frozenset[Path],
    absent: Any = UNSET,
    own: Member | None = None,
) -> tuple[type[Struct], Level]:
    """Return the type of a schema's objects, and what is left to do with them.

    Args:
        schema: The schema of the objects.
        path: Where they stand, without the positions in arrays.
        ignored: The paths of members that are left out.
        absent: What an absent member is.
        own: A member of a type of its own.
    """
    members = [
        own if own and own.name == name else _member(name, part, path, ignored)
        for name, part in schema["properties"].items()
    ]
    deselected_fields = {
        f"left_out_{position}": name
        for position, name in enumerate(_names_at(path, ignored))
        if name not in schema["properties"]
    }
    struct = msgspec.defstruct(
        "Object",
        [
            *((member.name, member.kind | UnsetType, absent) for member in members),
            *((attribute, Raw | UnsetType, UNSET) for attribute in deselected_fields),
        ],
        rename=deselected_fields,
        forbid_unknown_fields=True,
        gc=False,
    )
    level = Level(
        numbers=[member.name for member in members if member.kind is Raw],
        dates={
            spelling: names
            for spelling in _SPELLINGS.values()
            if (names := tuple(m.name for m in members if m.spelling is spelling))
        },
        deselected_fields=list(deselected_fields),
        objects={m.name: m.object for m in members if m.object is not None},
        arrays={m.name: m.array for m in members if m.array is not None},
    )
    return struct, level


def _member(name: str, part: Any, path: Path, ignored: frozenset[Path]) -> Member:
    named = types_of(part)
    if len(named) > 1:
        return Member(name, _ANYTHING)
    if part.get("format") == DECIMAL:
        return Member(name, Raw)
    if named[0] in _TYPES:
        return Member(
            name, _TYPES[named[0]], spelling=_SPELLINGS.get(part.get("format", ""))
        )
    return _nested_member(name, part, (*path, name), ignored)


def _nested_member(
    name: str, part: Any, inside: Path, ignored: frozenset[Path]
) -> Member:
    match part:
        case {"properties": _}:
            struct, level = struct_type(part, inside, ignored)
            return Member(name, struct | None, object=level)
        case {"additionalProperties": {"type": ["string", "null"]}}:
            return Member(name, dict[str, str | None] | None)
        case {"items": {"properties": _} as items}:
            struct, level = struct_type(items, inside, ignored)
            return Member(name, list[struct | None] | None, array=level)  # type: ignore[valid-type]
        case {"items": {"type": ["string", "null"]}}:
            return Member(name, list[str | None] | None)
    msg = f"no compiled type for {inside}"
    raise NotImplementedError(msg)


def _names_at(path: Path, ignored: frozenset[Path]) -> list[str]:
    """Return the names that are left out of the objects at a path."""
    return sorted(name for *above, name in ignored if (*above,) == path)


def decoder_of(kind: Any) -> msgspec.json.Decoder[Any]:
    """Return what decodes objects of a type."""
    # Both hooks are for values of any type: the numbers within, and the whole.
    return msgspec.json.Decoder(kind, float_hook=Decimal, dec_hook=_anything)


def _anything(_: Any, value: Any) -> Any:
    """Return a value of any type.

    Raises:
        UnreadableError: It is beyond all bounds.
    """
    # Mostly there is nothing within to look at; of a zero, the exponent may be.
    return as_it_is(value) if value or isinstance(value, Decimal) else value
