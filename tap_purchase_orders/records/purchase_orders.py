"""Reads a purchase order of AppZen: header and lines."""

from __future__ import annotations

from codecs import BOM_UTF8
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace

from tap_purchase_orders.exact_json import decode_body, json_text
from tap_purchase_orders.records.fast_reader import (
    CompiledSchema,
    HeaderAndRows,
    NotAsDocumentedError,
)
from tap_purchase_orders.records.field_reader import (
    ParseNotes,
    Record,
    RecordReader,
    unreadable_unless_null,
)
from tap_purchase_orders.records.issues import Issue, unreadable_issues
from tap_purchase_orders.records.line_keys import LineKeys, keys_of_whole_numbers
from tap_purchase_orders.records.record_encoder import RecordEncoder
from tap_purchase_orders.records.schemas import schema_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from tap_purchase_orders.config import DecimalType
    from tap_purchase_orders.records.encoded_records import Deselected

UPSTREAM = "appzen"
_KIND = HeaderAndRows(
    "purchase_orders",
    "purchase_order_lines",
    "purchase_order_lines",
    ("purchase_order_number", "line_key"),
)


class PurchaseOrder(Struct, frozen=True):
    """A purchase order read in full.

    Attributes:
        number: Its number: that of the body, or the one asked for.
        header: The record of `purchase_orders`, with the lines as documented; encoded,
            where records are.
        lines: The records of `purchase_order_lines`; all in one, where they are
            encoded.
        issues: What could not be read, and irregular lines.
        unknown: Names of fields that the schemas do not know, by stream.
        shortened: Names of date fields that had a time of day, by stream.
    """

    number: str
    header: Record
    lines: Sequence[Record] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    unknown: dict[str, set[str]] = field(default_factory=dict)
    shortened: dict[str, set[str]] = field(default_factory=dict)


class PurchaseOrderReader:
    """Reads purchase orders by the schemas of their streams; safe on any thread.

    Args:
        deselected: Given where records are to be encoded, without these fields of the
            selected streams: then those that are just as documented are read in one go.
        decimal_type: Given where numbers are text that fits this type.
    """

    def __init__(
        self,
        deselected: Deselected | None = None,
        decimal_type: DecimalType | None = None,
    ) -> None:
        header_schema, line_schema = (
            schema_of(stream, decimal_type)
            for stream in ("purchase_orders", "purchase_order_lines")
        )
        self._header = RecordReader(
            header_schema, ("purchase_order_lines", "line_count")
        )
        self._line = RecordReader(line_schema, _KIND.row_keys)
        self._blank_line = dict.fromkeys(line_schema["properties"])
        self._compiled: CompiledSchema | None = None
        if deselected is not None:
            self._encoder = RecordEncoder(_KIND, deselected, tells_news=False)
            self._compiled = CompiledSchema(
                _KIND, decimal_type, has_rows_inside=self._encoder.has_rows_inside
            )

    def decode(self, body: bytes) -> Any:
        """Return the value of a body, for `read`.

        Raises:
            NotJsonError: The body is not JSON.
        """
        if self._compiled is not None:
            with suppress(NotAsDocumentedError):
                order = self._compiled.decode(body.removeprefix(BOM_UTF8))
                keys = _keys(order)
                if self._encoder.has_rows:
                    lines = order.purchase_order_lines or ()
                    for line, key in zip(lines, keys, strict=True):
                        line.line_key = key
                return order
        return decode_body(body)

    def read(self, body: Any, asked: str, received_at: dt.datetime) -> PurchaseOrder:
        """Return the records of a purchase order.

        Args:
            body: The body of the answer, as `decode` gives it.
            asked: The number that was asked for; it is the key where the body has
                none.
            received_at: When the answer had arrived.
        """
        if isinstance(body, Struct):
            order = self._documented(body, asked)
        else:
            order = self._read(body, asked, received_at)
        if self._compiled is None:
            return order
        if isinstance(order.header, Struct):
            self._compiled.finish([order.header])
        [(header, lines)] = self._encoder.encode([order.header], [order.lines])
        self._compiled.tell_unknown(order.unknown)
        return replace(order, header=header, lines=[lines])

    def _documented(self, header: Any, asked: str) -> PurchaseOrder:
        """Return the records of a documented purchase order."""
        number = header.purchase_order_number
        if number is None or not number.strip():
            number = header.purchase_order_number = asked
        lines = header.purchase_order_lines or []
        header.line_count = len(lines)
        for line in lines if self._encoder.has_rows else ():
            line.purchase_order_number = number
        return PurchaseOrder(number, header, lines)

    def _read(
        self, raw: Mapping[str, Any], asked: str, received_at: dt.datetime
    ) -> PurchaseOrder:
        """Return the records of a purchase order, read field by field."""
        notes = ParseNotes()
        header = self._header.read(raw, notes)
        number = header["purchase_order_number"]
        if number is None or not number.strip():
            number = asked
        header["purchase_order_number"] = number
        raw_lines = raw.get("purchase_order_lines")
        if not isinstance(raw_lines, list):
            unreadable_unless_null(raw_lines, "purchase_order_lines", notes)
            raw_lines = None
        header["line_count"] = len(raw_lines or ())
        lines: list[Record] = []
        order = PurchaseOrder(number, header, lines)
        order.issues.extend(
            unreadable_issues(UPSTREAM, "purchase_orders", number, notes, received_at)
        )
        order.unknown["purchase_orders"] = notes.unknown
        order.shortened["purchase_orders"] = notes.shortened
        header["purchase_order_lines"] = (
            None
            if raw_lines is None
            else self._read_lines(order, lines, raw_lines, received_at)
        )
        return order

    def _read_lines(
        self,
        order: PurchaseOrder,
        lines: list[Record],
        raw_lines: list[Any],
        moment: dt.datetime,
    ) -> list[dict[str, Any]]:
        """Return the lines as documented, and add them to the order's lines."""
        documented = []
        unknown = order.unknown.setdefault("purchase_order_lines", set())
        shortened = order.shortened.setdefault("purchase_order_lines", set())
        keys = LineKeys()
        for position, raw in enumerate(raw_lines, start=1):
            if not isinstance(raw, dict):
                message = f"line {position} is not an object; it was not emitted"
                order.issues.append(
                    _line_issue(
                        "invalid_record", order, moment, message, payload=json_text(raw)
                    )
                )
                continue
            notes = ParseNotes()
            line = self._line.read_present(raw, notes)
            line_key, is_irregular = keys.key(
                raw.get("line_number"), line.get("po_line_id"), position
            )
            documented.append(line)
            lines.append(
                {
                    **self._blank_line,
                    **line,
                    "purchase_order_number": order.number,
                    "line_key": line_key,
                }
            )
            unknown |= notes.unknown
            shortened |= notes.shortened
            if is_irregular:
                message = (
                    f"line {position} has no line number, or one used before; its "
                    f"key is {line_key}"
                )
                order.issues.append(
                    _line_issue("irregular_line", order, moment, message, line_key)
                )
            key = f"{order.number}/{line_key}"
            order.issues.extend(
                unreadable_issues(UPSTREAM, "purchase_order_lines", key, notes, moment)
            )
        return documented


def _keys(order: Any) -> list[str]:
    """Return the keys of the lines of a documented purchase order.

    Raises:
        NotAsDocumentedError: A line is irregular, or nothing says that it is one.
    """
    if order.purchase_order_number is None and order.purchase_order_lines is None:
        raise NotAsDocumentedError
    lines = order.purchase_order_lines or ()
    if plain_keys := keys_of_whole_numbers([line.line_number for line in lines]):
        return plain_keys
    line_keys = LineKeys()
    keys = []
    for position, line in enumerate(lines, start=1):
        number = decode_body(bytes(line.line_number or b"null"))
        key, is_irregular = line_keys.key(number, line.po_line_id or None, position)
        if is_irregular:
            raise NotAsDocumentedError
        keys.append(key)
    return keys


def _line_issue(  # noqa: PLR0913
    kind: str,
    order: PurchaseOrder,
    moment: dt.datetime,
    message: str,
    line_key: str | None = None,
    *,
    payload: str | None = None,
) -> Issue:
    key = order.number if line_key is None else f"{order.number}/{line_key}"
    return Issue(
        upstream=UPSTREAM,
        stream="purchase_order_lines",
        kind=kind,
        message=message,
        observed_at=moment,
        record_key=key,
        field="line_number" if line_key is not None else None,
        payload=payload,
    )
