"""Encodes an order or a purchase order, and its lines, as records of two streams."""

from __future__ import annotations

from functools import partial
from itertools import repeat
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from tap_purchase_orders.exact_json import ENCODER
from tap_purchase_orders.records.encoded_records import Encoded
from tap_purchase_orders.records.schemas import schema_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from tap_purchase_orders.records.encoded_records import Deselected
    from tap_purchase_orders.records.fast_reader import HeaderAndRows


class RecordEncoder:
    """Encodes headers and rows, whether read in one go or field by field.

    Args:
        kind: Their streams.
        deselected: The fields of each selected stream that no record of it is to have.
        tells_news: By what was read it is told whether there is news: so all of it can
            be had, whatever is selected.

    Attributes:
        has_rows: Whether rows are written as records of their own.
        has_rows_inside: Whether a header is written with its rows inside.
    """

    def __init__(
        self, kind: HeaderAndRows, deselected: Deselected, *, tells_news: bool
    ) -> None:
        self._kind = kind
        self._tells_news = tells_news
        self._keys_of_row = attrgetter(*kind.row_keys)
        self.has_rows = kind.row_stream in deselected
        from_header = deselected.get(kind.stream, (kind.rows,))
        self.has_rows_inside = kind.rows not in from_header
        # The types of values are of no matter here, nor is the one of decimals.
        schema = schema_of(kind.stream)["properties"]
        row_schema = schema_of(kind.row_stream)["properties"]
        self._fields = tuple(schema)
        self._remaining = _remaining(schema, {*from_header} - {kind.rows})
        self._without_rows = _remaining(schema, {kind.rows})
        self._remaining_of_rows = _remaining(
            row_schema, {*deselected.get(kind.row_stream, ())}
        )
        row = msgspec.defstruct(
            "Row", [(name, Raw, None) for name in row_schema], gc=False
        )
        self._row_decoder = msgspec.json.Decoder(list[row])  # type: ignore[valid-type]

    def encode(
        self, headers: Sequence[Any], rows: Sequence[Sequence[Any]]
    ) -> list[tuple[Encoded, Encoded]]:
        """Return the records of headers, and of the rows of each, as they are written.

        Args:
            headers: As they were decoded, or records that were read field by field;
                they and their rows belong to this function from now on.
            rows: The rows of each. They have their keys unless they are read in one go,
                and not written as records of their own.
        """
        encoded_rows = self._encoded_rows(headers, rows)
        if self.has_rows_inside:
            headers = [*map(self._in_order, headers)]
        else:
            for header in headers:
                _leave_out(header, self._kind.rows)
        whole = [*map(ENCODER.encode_lines, zip(headers))]
        lines = _each_only(self._remaining, whole)
        everything: Iterable[bytes | Callable[[], bytes]] = whole
        if not self._tells_news:
            everything = repeat(b"")
        elif self.has_rows_inside:
            everything = [partial(_only, self._without_rows, line) for line in whole]
        encoded = map(Encoded, lines, repeat(1), everything)
        return [*zip(encoded, encoded_rows, strict=True)]

    def _encoded_rows(
        self, headers: Sequence[Any], rows: Sequence[Sequence[Any]]
    ) -> list[Encoded]:
        """Return the rows of each header; those inside it lose their keys."""
        if not self.has_rows:
            if not self._tells_news:
                return [Encoded(b"", 0, b"")] * len(headers)
            return [
                Encoded(b"", 0, partial(self._whole_rows, header, own))
                for header, own in zip(headers, rows, strict=True)
            ]
        if self.has_rows_inside:
            return [*map(self._rows_inside, headers, rows)]
        whole = [*map(ENCODER.encode_lines, rows)]
        lines = _each_only(self._remaining_of_rows, whole)
        return [*map(Encoded, lines, map(len, rows), whole)]

    def _in_order(self, header: Any) -> Any:
        """Return a header with all fields in the order of the schema."""
        if isinstance(header, dict):
            return {name: header[name] for name in self._fields}
        return header

    def _rows_inside(self, header: Any, rows: Sequence[Any]) -> Encoded:
        """Return rows as records, and have them stand within their header without keys.

        Of rows that were read in one go, what is absent is null in records alone.
        """
        if isinstance(header, dict):
            whole = ENCODER.encode_lines(rows)
        else:
            keys = [*map(self._keys_of_row, rows)]
            for row in rows:
                for name in self._kind.row_keys:
                    setattr(row, name, UNSET)
            text = ENCODER.encode(rows)
            if rows:
                setattr(header, self._kind.rows, Raw(text))
            whole = self._rows_of_array(text, keys)
        return Encoded(_only(self._remaining_of_rows, whole), len(rows), whole)

    def _whole_rows(self, header: Any, rows: Sequence[Any]) -> bytes:
        """Return rows that are no records of their own as if they were."""
        if isinstance(header, dict):
            return ENCODER.encode_lines(rows)
        key = [getattr(header, name) for name in self._kind.keys_of_header]
        return self._rows_of_array(ENCODER.encode(rows), [key] * len(rows))

    def _rows_of_array(self, text: bytes, keys: Sequence[Sequence[Any]]) -> bytes:
        """Return rows that stood within a header as records of their own."""
        records = self._row_decoder.decode(text)
        for record, own in zip(records, keys, strict=True):
            for name, key in zip(self._kind.row_keys, own, strict=True):
                setattr(record, name, key)
        return ENCODER.encode_lines(records)


def _leave_out(record: Any, name: str) -> None:
    """Take a field out of a record, whether read in one go or field by field."""
    if isinstance(record, dict):
        record.pop(name, None)
    else:
        setattr(record, name, UNSET)


def _only(remaining: msgspec.json.Decoder[Any] | None, lines: bytes) -> bytes:
    """Return records without the members that are not to remain."""
    if remaining is None:
        return lines
    return ENCODER.encode_lines(remaining.decode_lines(lines))


def _each_only(
    remaining: msgspec.json.Decoder[Any] | None, texts: list[bytes]
) -> list[bytes]:
    """Return the same of several texts."""
    return texts if remaining is None else [_only(remaining, text) for text in texts]


def _remaining(
    properties: Mapping[str, Any], deselected: AbstractSet[str]
) -> msgspec.json.Decoder[Any] | None:
    """Return what decodes the members that remain, none if all do.

    Args:
        properties: What the schema of the records says of each.
        deselected: Dotted names of those that do not.
    """
    record_type = _remaining_type(properties, deselected, "")
    return None if record_type is Raw else msgspec.json.Decoder(record_type)


def _remaining_type(
    properties: Mapping[str, Any], deselected: Iterable[str], path: str
) -> Any:
    inside = {name for name in deselected if name.startswith(path)}
    if not inside:
        return Raw
    members = []
    for name, part in properties.items():
        if f"{path}{name}" not in inside:
            below = part.get("properties", {})
            record_type = _remaining_type(below, inside, f"{path}{name}.")
            members.append(
                (name, record_type if record_type is Raw else record_type | None)
            )
    return msgspec.defstruct(
        "Remaining",
        [(name, record_type | UnsetType, UNSET) for name, record_type in members],
        gc=False,
    )
