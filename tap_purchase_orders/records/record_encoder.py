"""Encodes headers and their rows as the records of their streams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from tap_purchase_orders.records.encoded import Encoded
from tap_purchase_orders.records.schemas import schema_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from tap_purchase_orders.records.compiled import HeaderAndRows
    from tap_purchase_orders.records.encoded import Deselected

_encoder = msgspec.json.Encoder(decimal_format="number")
_NO_RECORDS = Encoded(b"", 0, b"")


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
        self._has_rows = tells_news or kind.row_stream in deselected
        from_header = deselected.get(kind.stream, (kind.rows,))
        self.has_rows_inside = kind.rows not in from_header
        # The types of values are of no matter here, nor is the one of decimals.
        schema = schema_of(kind.stream)["properties"]
        row_schema = schema_of(kind.row_stream)["properties"]
        self._fields = tuple(schema)
        self._remaining = _remaining(schema, {*from_header} - {kind.rows})
        self._remaining_of_rows = _remaining(
            row_schema, {*deselected.get(kind.row_stream, ())}
        )
        row = msgspec.defstruct(
            "Row", [(name, Raw, None) for name in row_schema], gc=False
        )
        self._rows_of_array = msgspec.json.Decoder(list[row])  # type: ignore[valid-type]

    def encode(self, header: Any, rows: Sequence[Any]) -> tuple[Encoded, Encoded]:
        """Return the records of a header and of its rows as they are written.

        Args:
            header: As it was decoded, or a record that was read field by field; it and
                its rows belong to this function from now on.
            rows: Its rows.
        """
        array = None
        if self.has_rows_inside:
            array, rows = self._array_and_rows(header, rows)
        whole = b""
        if self._tells_news or not self.has_rows_inside:
            _leave_out(header, self._kind.rows)
            whole = _encoder.encode_lines([header])
        lines = whole
        if self.has_rows_inside:
            header = self._with_rows(header, array)
            lines = _encoder.encode_lines([header])
        encoded_header = Encoded(_only(self._remaining, lines), 1, whole)
        if not self._has_rows:
            return encoded_header, _NO_RECORDS
        lines = _encoder.encode_lines(rows)
        return encoded_header, Encoded(
            _only(self._remaining_of_rows, lines), len(rows), lines
        )

    def _with_rows(self, header: Any, array: Any) -> Any:
        """Return a header with its rows, all fields in the order of the schema."""
        if isinstance(header, dict):
            header[self._kind.rows] = array
            return {name: header[name] for name in self._fields}
        setattr(header, self._kind.rows, array)
        return header

    def _array_and_rows(
        self, header: Any, rows: Sequence[Any]
    ) -> tuple[Any, Sequence[Any]]:
        """Return the rows as they stand within their header, and as records."""
        if isinstance(header, dict):
            return header[self._kind.rows], rows
        if not rows:
            return getattr(header, self._kind.rows), rows
        names = self._kind.row_keys
        keys = [[getattr(row, name) for name in names] for row in rows]
        for row in rows:
            for name in names:
                setattr(row, name, UNSET)
        text = _encoder.encode(rows)
        records: Sequence[Any] = ()
        if self._has_rows:
            records = self._rows_of_array.decode(text)
            for record, own in zip(records, keys, strict=True):
                for name, key in zip(names, own, strict=True):
                    setattr(record, name, key)
        return Raw(text), records


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
    return _encoder.encode_lines(remaining.decode_lines(lines))


def _remaining(
    properties: Mapping[str, Any], deselected: AbstractSet[str]
) -> msgspec.json.Decoder[Any] | None:
    """Return what decodes the members that remain, none if all do.

    Args:
        properties: What the schema of the records says of each.
        deselected: Dotted names of those that do not.
    """
    kind = _remaining_type(properties, deselected, "")
    return None if kind is Raw else msgspec.json.Decoder(kind)


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
            kind = _remaining_type(below, inside, f"{path}{name}.")
            members.append((name, kind if kind is Raw else kind | None))
    return msgspec.defstruct(
        "Remaining",
        [(name, kind | UnsetType, UNSET) for name, kind in members],
        gc=False,
    )
