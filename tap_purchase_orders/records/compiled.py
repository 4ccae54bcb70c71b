"""Decodes, checks and projects objects by their schema in one pass.

An object that is just as its schema says needs no walk through all its members. One
that is not, in whatever way, is left to the reading of each field by itself
(`reading.records`), which gives the same records for all that both can read.
"""

from __future__ import annotations

import re
import threading
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from tap_purchase_orders.exact_json import has_unstorable_text
from tap_purchase_orders.records.encoded import Encoded, encoded, leave_out
from tap_purchase_orders.records.levels import DATE, DATE_TIME, Level, Spelling
from tap_purchase_orders.records.record_reader import WITHHELD, as_it_is
from tap_purchase_orders.records.schemas import DECIMAL, schema_of, types_of
from tap_purchase_orders.records.values import (
    UnreadableError,
    to_decimal_text,
    to_number,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from tap_purchase_orders.config import DecimalType
    from tap_purchase_orders.records.encoded import Deselected

# What can be the name of a member of a compiled type.
_NAME = re.compile(r'[^\\"\x00-\x1f]+')
# A server that makes up names could have us compile for ever.
_MOST_IGNORED = 200
# Of numbers without an exponent, and null.
_SIGNS_OF_NUMBERS = b"-0123456789.,nul"
_EXPONENTS = b"eE+"
# Begins what the other reading may spell with an exponent: it must not matter which of
# the two has read a number.
_SMALL = b"0.000000"
# Longer than that are only numbers that somebody should look at.
_LONGEST = 4000

_KEPT_NUMBERS = 4096

# What a collection of Partner Center has (*Utility resources*, and the samples of all
# pages).
_OF_PAGES = ("items", "totalCount", "links", "attributes")

_encoder = msgspec.json.Encoder()
_items = attrgetter("items")

_TYPES: dict[str, Any] = {
    "boolean": bool | None,
    "integer": Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)] | None,
    "number": Raw,
    "string": str | None,
}
# A value of any type: msgspec knows no such type, and asks `_anything` about it.
_ANYTHING: Any = object
_SPELLINGS = {"date": DATE, "date-time": DATE_TIME}


class NotAsDocumentedError(ValueError):
    """An object is not just as its schema says."""


class CompiledSchema:
    """Decodes and encodes the objects of one schema; safe on any thread.

    What it decodes is encoded as the record of the object: top-level members that are
    absent are null, and so are those of its rows, which are records of their own.

    Args:
        stream: The stream of the objects.
        rows: The member that holds the rows.
        row_stream: Their stream.
        deselected: The fields of each stream that no record is to have.
        decimal_type: Given where numbers are text that fits this type.
    """

    def __init__(
        self,
        stream: str,
        rows: str,
        row_stream: str,
        deselected: Deselected,
        decimal_type: DecimalType | None = None,
    ) -> None:
        self._stream = stream
        self._rows = rows
        self._row_stream = row_stream
        self._schema = schema_of(stream, decimal_type)
        self._row_schema = schema_of(row_stream, decimal_type)
        self._decimals = None if decimal_type is None else _Decimals(decimal_type)
        self._deselected = [name for name in deselected.get(stream, ()) if name != rows]
        self._deselected_of_rows = deselected.get(row_stream, ())
        self._lock = threading.Lock()
        self._ignored: frozenset[str] = WITHHELD
        self._compile()

    def decode(self, text: bytes | Raw) -> Any:
        """Return the object that a JSON text is, with an attribute for each field.

        Raises:
            NotAsDocumentedError: It is not just as the schema says.
        """
        return self._decoded(self._compiled.header, text, lambda header: [header])

    def decode_page(self, text: bytes) -> dict[str, Any]:
        """Return the members of a collection, the objects among them as `items`.

        Raises:
            NotAsDocumentedError: It, or an object, is not just as documented.
        """
        page = self._decoded(self._compiled.page, text, _items)
        members = {name: getattr(page, name) for name in _OF_PAGES}
        return {name: value for name, value in members.items() if value is not UNSET}

    def encode(self, header: Any, rows: Sequence[Any]) -> tuple[Encoded, Encoded]:
        """Return the records of a header and of its rows as they are written.

        Args:
            header: As `decode` gave it, or a record that was read field by field; it
                and its rows belong to this function from now on.
            rows: Its rows.
        """
        if self._decimals is not None and isinstance(header, Struct):
            self._compiled.level.respell_numbers([header], self._decimals.text)
        # A header is a record without its rows.
        leave_out(header, [self._rows])
        return (
            encoded([header], self._deselected),
            encoded(rows, self._deselected_of_rows),
        )

    def ignore(self, unknown: Mapping[str, Iterable[str]]) -> None:
        """Leave out members that the schemas do not know, from now on.

        Args:
            unknown: By stream, dotted names without the positions in arrays.
        """
        # Of what was read in one go nothing is unknown.
        if not unknown:
            return
        of_rows = unknown.get(self._row_stream, ())
        found = {*unknown.get(self._stream, ())}
        found |= {f"{self._rows}.{name}" for name in of_rows}
        with self._lock:
            ignored = self._ignored | {name for name in found if _NAME.fullmatch(name)}
            if ignored != self._ignored and len(ignored) <= _MOST_IGNORED:
                self._ignored = ignored
                self._compile()

    def _decoded(
        self,
        decoder: msgspec.json.Decoder[Any],
        text: bytes | Raw,
        objects: Callable[[Any], list[Any]],
    ) -> Any:
        """Return the value of a JSON text; its objects as records have them.

        Numbers are still as they were sent.

        Args:
            decoder: Decodes the text.
            text: The text.
            objects: Returns those of the value.

        Raises:
            NotAsDocumentedError: One is not just as its schema says.
        """
        sent: list[Raw] = []
        try:
            if has_unstorable_text(bytes(text)):
                raise NotAsDocumentedError
            value = decoder.decode(text)
            self._compiled.level.finish(objects(value), sent)
            if not _are_plain(sent):
                raise NotAsDocumentedError
            if self._decimals is not None:
                self._decimals.check(sent)
        except (
            msgspec.DecodeError,
            # A number of any type whose exponent is beyond all bounds.
            ArithmeticError,
            RecursionError,
            UnicodeDecodeError,
            UnreadableError,
        ) as error:
            raise NotAsDocumentedError from error
        return value

    def _compile(self) -> None:
        kind, below = _struct(self._row_schema, f"{self._rows}.", self._ignored, None)
        rows = _Member(self._rows, list[kind] | None, array=below)  # type: ignore[valid-type]
        struct, level = _struct(self._schema, "", self._ignored, None, rows)
        page = msgspec.defstruct(
            "Page",
            [
                ("items", list[struct]),  # type: ignore[valid-type]
                *((name, Any, UNSET) for name in _OF_PAGES[1:]),
            ],
            forbid_unknown_fields=True,
        )
        self._compiled = _Compiled(_decoder(struct), _decoder(page), level)


class _Compiled(NamedTuple):
    """What decodes a header, and a page of them; and what is then done with them."""

    header: msgspec.json.Decoder[Any]
    page: msgspec.json.Decoder[Any]
    level: Level


def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    # Both hooks are for values of any type: the numbers within, and the whole.
    return msgspec.json.Decoder(kind, float_hook=Decimal, dec_hook=_anything)


def _anything(_: Any, value: Any) -> Any:
    """Return a value of any type.

    Raises:
        UnreadableError: It is beyond all bounds.
    """
    # Mostly there is nothing within to look at; of a zero, the exponent may be.
    return as_it_is(value) if value or isinstance(value, Decimal) else value


class _Decimals:
    """Numbers as text that fits a type; safe on any thread.

    Args:
        decimal_type: The type.
    """

    def __init__(self, decimal_type: DecimalType) -> None:
        self._type = decimal_type
        # The same numbers come again and again.
        self._text = lru_cache(_KEPT_NUMBERS)(self._text_of)

    def check(self, sent: Iterable[Raw]) -> None:
        """Return if numbers, as they were sent, fit the type.

        Raises:
            UnreadableError: One does not.
        """
        for number in map(bytes, sent):
            self._text(number)

    def text(self, sent: Raw) -> Raw:
        """Return the JSON text of a number that fits, and null as it is."""
        return self._text(bytes(sent))

    def _text_of(self, sent: bytes) -> Raw:
        if sent == b"null":
            return Raw(sent)
        size = self._type.precision, self._type.scale
        return Raw(
            b'"%b"' % str(to_decimal_text(Decimal(sent.decode()), *size)).encode()
        )


def _are_plain(sent: Sequence[Raw]) -> bool:
    """Return whether texts are numbers that both readings spell as they were sent."""
    together = b",%b," % _encoder.encode(sent)[1:-1]
    others = together.translate(None, _SIGNS_OF_NUMBERS)
    # So many are looked at more closely only if one of them may be very long.
    is_short = len(together) <= _LONGEST or max(map(len, sent)) <= _LONGEST
    # Few are below zero: a single sign is found in no time.
    is_minus_zero = b"-" in together and b",-0," in together
    if is_short and not is_minus_zero and _SMALL not in together:
        if not others:
            return True
        if not others.strip(_EXPONENTS):
            return all(map(_is_plain, _tokens_with(_EXPONENTS, together)))
    return all(map(_is_plain, {*together.split(b",")}))


def _tokens_with(signs: bytes, text: bytes) -> Iterator[bytes]:
    """Yield the parts between commas that have one of some signs."""
    for sign in filter(text.__contains__, signs):
        at = text.find(sign)
        while at >= 0:
            end = text.index(b",", at)
            yield text[text.rindex(b",", 0, at) + 1 : end]
            at = text.find(sign, end)


@lru_cache(_KEPT_NUMBERS)
def _is_plain(number: bytes) -> bool:
    if number in {b"", b"null"}:
        return True
    if number == b"-0":
        return False
    try:
        value = to_number(Decimal(number.decode()))
    except (InvalidOperation, UnreadableError):
        return False
    return str(value).encode() == number


class _Member(NamedTuple):
    """A member of an object: its type, and the level of the objects that it holds."""

    name: str
    kind: Any
    spelling: Spelling | None = None
    object: Level | None = None
    array: Level | None = None


def _struct(
    schema: Mapping[str, Any],
    path: str,
    ignored: frozenset[str],
    absent: Any = UNSET,
    own: _Member | None = None,
) -> tuple[type[msgspec.Struct], Level]:
    """Return the type of a schema's objects, and what is left to do with them.

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


def _member(name: str, part: Any, path: str, ignored: frozenset[str]) -> _Member:
    named = types_of(part)
    if len(named) > 1:
        return _Member(name, _ANYTHING)
    if part.get("format") == DECIMAL:
        return _Member(name, Raw)
    if named[0] in _TYPES:
        return _Member(
            name, _TYPES[named[0]], spelling=_SPELLINGS.get(part.get("format", ""))
        )
    return _nested_member(name, part, f"{path}{name}.", ignored)


def _nested_member(
    name: str, part: Any, inside: str, ignored: frozenset[str]
) -> _Member:
    match part:
        case {"properties": _}:
            struct, level = _struct(part, inside, ignored)
            return _Member(name, struct | None, object=level)
        case {"additionalProperties": {"type": ["string", "null"]}}:
            return _Member(name, dict[str, str | None] | None)
        case {"items": {"properties": _} as items}:
            struct, level = _struct(items, inside, ignored)
            return _Member(name, list[struct | None] | None, array=level)  # type: ignore[valid-type]
        case {"items": {"type": ["string", "null"]}}:
            return _Member(name, list[str | None] | None)
    msg = f"no compiled type for {inside}"
    raise NotImplementedError(msg)


def _names_at(path: str, ignored: frozenset[str]) -> list[str]:
    """Return the names that are left out of the objects at a path."""
    return sorted(
        name.removeprefix(path)
        for name in ignored
        if name.startswith(path) and "." not in name.removeprefix(path)
    )
