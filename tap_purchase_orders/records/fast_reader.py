"""The fast way to read a body: decode, check and project it by its schema in one pass.

An object that does not match its schema, in whatever way, is left to
`records.field_reader`. Both give the same records for all that both can read.
"""

from __future__ import annotations

import re
import threading
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from msgspec import UNSET, Raw

from tap_purchase_orders.exact_json import decode_body, has_unstorable_text
from tap_purchase_orders.records.field_reader import WITHHELD
from tap_purchase_orders.records.number_text import Decimals, are_plain
from tap_purchase_orders.records.schema_types import Member, decoder_of, struct_type
from tap_purchase_orders.records.schemas import schema_of
from tap_purchase_orders.records.unknown_fields import UnknownFields
from tap_purchase_orders.records.values import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tap_purchase_orders.config import DecimalType
    from tap_purchase_orders.records.bulk_checks import Level
    from tap_purchase_orders.records.schema_types import Path

# What can be the name of a member of a compiled type.
_NAME = re.compile(r'[^\\"\x00-\x1f]+')
# A server that makes up names could have us compile for ever.
_MOST_IGNORED = 200

# What a collection of Partner Center has (*Utility resources*, and the samples of all
# pages).
_OF_PAGES = ("items", "totalCount", "links", "attributes")

_items = attrgetter("items")


class NotAsDocumentedError(ValueError):
    """An object is not just as its schema says."""


class HeaderAndRows(NamedTuple):
    """How objects with rows of their own become records.

    Attributes:
        stream: The stream of the objects.
        rows: The member that holds the rows.
        row_stream: Their stream.
        row_keys: The fields that rows have as records of their own, and not within
            their header.
        keys_of_header: The fields of the header with the same values, where all are
            of the header.
    """

    stream: str
    rows: str
    row_stream: str
    row_keys: tuple[str, ...]
    keys_of_header: tuple[str, ...] = ()


class CompiledSchema:
    """Decodes the objects of one schema; safe on any thread.

    Top-level members that are absent are null, and so are those of its rows where these
    are records of their own alone.

    Args:
        kind: The streams of the objects.
        decimal_type: Given where numbers are text that fits this type.
        has_rows_inside: Whether rows are written within their header, too.
    """

    def __init__(
        self,
        kind: HeaderAndRows,
        decimal_type: DecimalType | None = None,
        *,
        has_rows_inside: bool = False,
    ) -> None:
        self._kind = kind
        self._schema = schema_of(kind.stream, decimal_type)
        self._row_schema = schema_of(kind.row_stream, decimal_type)
        self._decimals = None if decimal_type is None else Decimals(decimal_type)
        self._absent_in_rows = UNSET if has_rows_inside else None
        self._unknown_fields = UnknownFields(self._schema, kind.rows, self._row_schema)
        self._lock = threading.Lock()
        self._ignored: frozenset[Path] = frozenset((name,) for name in WITHHELD)
        self._of_pages: tuple[str, ...] = _OF_PAGES
        self._found: set[Path] = set()
        self._compile()

    def decode(self, text: bytes | Raw) -> Any:
        """Return the object that a JSON text is, with an attribute for each field.

        Members that the schemas do not know are left out from now on.

        Raises:
            NotAsDocumentedError: It is not just as the schema says.
            NotJsonError: It is not JSON.
        """
        try:
            return self._decode(text)
        except NotAsDocumentedError:
            if not self._learn(decode_body(bytes(text))):
                raise
        return self._decode(text)

    def decode_page(self, text: bytes) -> dict[str, Any]:
        """Return the members of a collection, the objects among them as `items`.

        Raises:
            NotAsDocumentedError: It, or an object, is not just as documented.
        """
        page = self._decoded(self._compiled.page, text, _items)
        return {
            name: value
            for attribute, name in self._compiled.page_members.items()
            if (value := getattr(page, attribute)) is not UNSET
        }

    def finish(self, headers: Sequence[Any]) -> None:
        """Spell the numbers of objects and of their rows as records have them."""
        if self._decimals is not None:
            self._compiled.level.respell_numbers(headers, self._decimals.text)

    def tell_unknown(self, unknown: dict[str, set[str]]) -> None:
        """Add the members found that no schema knows to those of a record, once.

        Args:
            unknown: The record's, by stream.
        """
        if not self._found:
            return
        with self._lock:
            found, self._found = self._found, set()
        for path in found:
            in_row = path[0] == self._kind.rows
            stream = self._kind.row_stream if in_row else self._kind.stream
            unknown.setdefault(stream, set()).add(".".join(path[in_row:]))

    def learn_page(self, members: Iterable[str]) -> None:
        """Leave room for what a collection has besides what is documented."""
        with self._lock:
            names = {n for n in members if _NAME.fullmatch(n)} - {*self._of_pages}
            if names and len(self._of_pages) + len(names) <= _MOST_IGNORED:
                self._of_pages = (*self._of_pages, *sorted(names))
                self._compile()

    def _learn(self, value: Any) -> bool:
        """Leave out what an object has and the schemas do not know.

        Returns:
            Whether there is something new to leave out.
        """
        found = self._unknown_fields.of(value)
        with self._lock:
            new = {path for path in found - self._ignored if _NAME.fullmatch(path[-1])}
            if not new or len(self._ignored) + len(new) > _MOST_IGNORED:
                return False
            self._ignored |= new
            self._found |= {path for path in new if path[-1] not in WITHHELD}
            self._compile()
        return True

    def _decode(self, text: bytes | Raw) -> Any:
        return self._decoded(self._compiled.header, text)

    def _decoded(
        self,
        decoder: msgspec.json.Decoder[Any],
        text: bytes | Raw,
        objects: Callable[[Any], list[Any]] | None = None,
    ) -> Any:
        """Return the value of a JSON text; its objects as records have them.

        Numbers are still as they were sent.

        Args:
            decoder: Decodes the text.
            text: The text.
            objects: Returns those of the value; none: it is the only one.

        Raises:
            NotAsDocumentedError: One is not just as its schema says.
        """
        sent: list[Raw] = []
        try:
            if has_unstorable_text(bytes(text)):
                raise NotAsDocumentedError
            value = decoder.decode(text)
            found = [value] if objects is None else objects(value)
            self._compiled.level.finish(found, sent)
            if not are_plain(sent):
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
        rows, ignored = self._kind.rows, self._ignored
        kind, below = struct_type(
            self._row_schema, (rows,), ignored, self._absent_in_rows
        )
        member = Member(rows, list[kind] | None, array=below)  # type: ignore[valid-type]
        struct, level = struct_type(self._schema, (), ignored, None, member)
        # Names of any kind may stand there, such as those of `@odata`.
        page_members = {
            f"member_{place}": name for place, name in enumerate(self._of_pages[1:])
        }
        page = msgspec.defstruct(
            "Page",
            [
                ("items", list[struct]),  # type: ignore[valid-type]
                *((attribute, Any, UNSET) for attribute in page_members),
            ],
            rename=page_members.copy(),
            forbid_unknown_fields=True,
        )
        page_members["items"] = "items"
        self._compiled = _Compiled(
            decoder_of(struct), decoder_of(page), page_members, level
        )


class _Compiled(NamedTuple):
    """What decodes a header, and a page of them; and what is then done with them."""

    header: msgspec.json.Decoder[Any]
    page: msgspec.json.Decoder[Any]
    page_members: dict[str, str]
    level: Level
