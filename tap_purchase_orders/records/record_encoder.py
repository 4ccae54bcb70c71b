"""Encodes an order or a purchase order, and its lines, as records of two streams."""

from __future__ import annotations

from functools import partial
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
        tells_news: By what was read it is told whether there is news: so all of it is
            encoded, whatever is selected.

    Attributes:
        has_rows_inside: Whether a header is written with its rows inside.
    """

    def __init__(
        self, kind: HeaderAndRows, deselected: Deselected, *, tells_news: bool
    ) -> None:
        self._kind = kind
        self._tells_news = tells_news
        self._keys_of_row = attrgetter(*kind.row_keys)
        self._has_rows = kind.row_stream in deselected
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

    def encode(self, header: Any, rows: Sequence[Any]) -> tuple[Encoded, Encoded]:
        """Return the records of a header and of its rows as they are written.

        Args:
            header: As it was decoded, or a record that was read field by field; it and
                its rows belong to this function from now on.
            rows: Its rows.
        """
        whole_header: bytes | Callable[[], bytes] = b""
        if self.has_rows_inside:
            array, row_lines = self._array_and_rows(header, rows)
            lines = ENCODER.encode_lines([self._with_rows(header, array)])
            if self._tells_news:
                whole_header = partial(_only, self._without_rows, lines)
        else:
            _leave_out(header, self._kind.rows)
            lines = whole_header = ENCODER.encode_lines([header])
            row_lines = partial(ENCODER.encode_lines, rows)
        encoded_header = Encoded(_only(self._remaining, lines), 1, whole_header)
        if self._has_rows:
            lines = row_lines()
            remaining = _only(self._remaining_of_rows, lines)
            return encoded_header, Encoded(remaining, len(rows), lines)
        return encoded_header, Encoded(b"", 0, row_lines if self._tells_news else b"")

    def _with_rows(self, header: Any, array: Any) -> Any:
        """Return a header with its rows, all fields in the order of the schema."""
        if isinstance(header, dict):
            header[self._kind.rows] = array
            return {name: header[name] for name in self._fields}
        setattr(header, self._kind.rows, array)
        return header

    def _array_and_rows(
        self, header: Any, rows: Sequence[Any]
    ) -> tuple[Any, Callable[[], bytes]]:
        """Return the rows as they stand within their header, and as records."""
        if isinstance(header, dict):
            array = header[self._kind.rows]
            return array, partial(ENCODER.encode_lines, rows)
        if not rows:
            return getattr(header, self._kind.rows), bytes
        keys = [*map(self._keys_of_row, rows)]
        for row in rows:
            for name in self._kind.row_keys:
                setattr(row, name, UNSET)
        text = ENCODER.encode(rows)
        return Raw(text), partial(self._rows_of_array, text, keys)

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
