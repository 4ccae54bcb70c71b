"""Reads an order of Partner Center: header and line items."""

from __future__ import annotations

from codecs import BOM_UTF8
from contextlib import suppress
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET, Raw, Struct, field

from tap_purchase_orders.exact_json import decode_body, json_text
from tap_purchase_orders.instants import Instant, instant_or_none
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
from tap_purchase_orders.records.record_encoder import RecordEncoder
from tap_purchase_orders.records.schemas import schema_of
from tap_purchase_orders.records.values import UnreadableError, to_text
from tap_purchase_orders.urls import as_key

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from tap_purchase_orders.config import DecimalType
    from tap_purchase_orders.records.encoded_records import Deselected

UPSTREAM = "partner_center"
_KIND = HeaderAndRows(
    "orders",
    "lineItems",
    "order_line_items",
    ("referenceCustomerId", "orderId"),
    ("referenceCustomerId", "id"),
)
_PAGE = msgspec.json.Decoder(dict[str, Raw])
_ITEMS = msgspec.json.Decoder(list[Raw])
_NO_NUMBER = (None, UNSET)
_number_of_line = attrgetter("lineItemNumber")
# So many orders are encoded together: of a huge response, not all at once.
_TOGETHER = 256


class OrderSummary(Struct, frozen=True, gc=False):
    """The few members of an order by which it is decided what becomes of it.

    Attributes:
        raw: The order as it was sent, or as its schema says, if it is just so.
        customer_id: The customer that it is kept under.
        id: Its id, case-sensitive.
        status: Its status as it was sent, if it has one.
        created: When it was created, none if that cannot be read.
        has_provisioning_status: Whether it links to its provisioning status.
        is_system_purchase: Whether the system made it: a renewal, or billing.
    """

    raw: Mapping[str, Any] | Struct
    customer_id: str
    id: str
    status: str | None
    created: Instant | None
    has_provisioning_status: bool = False
    is_system_purchase: bool = False


class Order(Struct, frozen=True, gc=False):
    """An order read in full.

    Attributes:
        header: The record of `orders`, with the line items as documented; encoded,
            where records are.
        lines: The records of `order_line_items`; all in one, where they are encoded.
        issues: What could not be read.
        unknown: Names of fields that the schemas do not know, by stream.
    """

    header: Record
    lines: Sequence[Record]
    issues: list[Issue] = field(default_factory=list)
    unknown: dict[str, set[str]] = field(default_factory=dict)


class OrderReader:
    """Reads orders by the schemas of their streams; safe on any thread.

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
            schema_of(stream, decimal_type) for stream in ("orders", "order_line_items")
        )
        self._header = RecordReader(header_schema, ("lineItems", "line_count"))
        self._line = RecordReader(line_schema, _KIND.row_keys)
        self._blank_line = dict.fromkeys(line_schema["properties"])
        self._compiled: CompiledSchema | None = None
        if deselected is not None:
            self._encoder = RecordEncoder(_KIND, deselected, tells_news=True)
            self._compiled = CompiledSchema(
                _KIND, decimal_type, has_rows_inside=self._encoder.has_rows_inside
            )

    def decode(self, body: bytes) -> Any:
        """Return the value of a page of orders, for `summary` to read its items.

        Raises:
            NotJsonError: The body is not JSON.
        """
        if self._compiled is None:
            return decode_body(body)
        text = body.removeprefix(BOM_UTF8)
        try:
            return self._decode_page(text)
        except (msgspec.DecodeError, KeyError, RecursionError, UnicodeDecodeError):
            return decode_body(body)

    def summary(
        self, raw: Any, customer_id: str, received_at: dt.datetime
    ) -> OrderSummary | Issue:
        """Return what identifies an order, or the issue that it has no usable key."""
        if isinstance(raw, Struct):
            return _documented_head(raw, customer_id)
        if not isinstance(raw, dict):
            return unusable("an order is not an object", customer_id, raw, received_at)
        order_id = _text(raw.get("id"))
        if order_id is None:
            return unusable("an order has no id", customer_id, raw, received_at)
        return OrderSummary(
            raw,
            customer_id=_customer_id(
                _text(raw.get("referenceCustomerId")), customer_id
            ),
            id=as_key(order_id),
            status=_text(raw.get("status")),
            created=instant_or_none(raw.get("creationDate")),
            has_provisioning_status=_has_link(raw.get("links"), "provisioningStatus"),
            is_system_purchase=_is_by_system(raw.get("transactionType")),
        )

    def read(
        self, summaries: Sequence[OrderSummary], received_at: dt.datetime
    ) -> list[Order]:
        """Return the records of orders."""
        if self._compiled is None:
            return [self.read_by_field(summary, received_at) for summary in summaries]
        orders: list[Order] = []
        for start in range(0, len(summaries), _TOGETHER):
            some = summaries[start : start + _TOGETHER]
            orders += self._encoded(self._compiled, some, received_at)
        if orders:
            self._compiled.tell_unknown(orders[-1].unknown)
        return orders

    def _encoded(
        self,
        compiled: CompiledSchema,
        summaries: Sequence[OrderSummary],
        received_at: dt.datetime,
    ) -> list[Order]:
        orders = [
            self._documented(summary)
            if isinstance(summary.raw, Struct)
            else self.read_by_field(summary, received_at)
            for summary in summaries
        ]
        headers = [order.header for order in orders]
        compiled.finish([header for header in headers if isinstance(header, Struct)])
        rows = self._encoder.encode(headers, [order.lines for order in orders])
        return [
            Order(header, [lines], order.issues, order.unknown)
            for order, (header, lines) in zip(orders, rows, strict=True)
        ]

    def _documented(self, summary: OrderSummary) -> Order:
        """Return the records of a documented order."""
        header: Any = summary.raw
        lines = header.lineItems or []
        header.referenceCustomerId = summary.customer_id
        header.id = summary.id
        header.line_count = len(lines)
        for line in lines if self._encoder.has_rows else ():
            line.referenceCustomerId = summary.customer_id
            line.orderId = summary.id
        return Order(header, lines)

    def _decode_page(self, text: bytes) -> dict[str, Any]:
        if self._compiled is not None:
            try:
                page = self._compiled.decode_page(text)
                _check_keys(page["items"])
            except NotAsDocumentedError:
                pass
            else:
                return page
        # Each by itself: one odd order does not slow down the others.
        members = _PAGE.decode(text)
        items = _ITEMS.decode(members["items"])
        if self._compiled is not None:
            self._compiled.learn_page(members)
        rest = {n: decode_body(bytes(members[n])) for n in members if n != "items"}
        return {**rest, "items": [self._decode_order(item) for item in items]}

    def _decode_order(self, raw: Raw) -> Any:
        if self._compiled is not None:
            with suppress(NotAsDocumentedError):
                order = self._compiled.decode(raw)
                _check_keys([order])
                return order
        return decode_body(bytes(raw))

    def read_by_field(self, summary: OrderSummary, received_at: dt.datetime) -> Order:
        """Return the records of an order that is given as it was sent."""
        raw: Any = summary.raw
        notes = ParseNotes()
        header = self._header.read(raw, notes)
        header["referenceCustomerId"] = summary.customer_id
        header["id"] = summary.id
        raw_lines = raw.get("lineItems")
        if not isinstance(raw_lines, list):
            unreadable_unless_null(raw_lines, "lineItems", notes)
            raw_lines = None
        key = f"{summary.customer_id}/{summary.id}"
        lines: list[Record] = []
        order = Order(
            header,
            lines,
            unreadable_issues(UPSTREAM, "orders", key, notes, received_at),
            {"orders": notes.unknown},
        )
        header["line_count"] = len(raw_lines or ())
        header["lineItems"] = self._read_lines(
            order, lines, summary, raw_lines, received_at
        )
        return order

    def _read_lines(
        self,
        order: Order,
        lines: list[Record],
        summary: OrderSummary,
        raw_lines: list[Any] | None,
        moment: dt.datetime,
    ) -> list[dict[str, Any]] | None:
        """Return the line items as documented, and add them to the order's lines."""
        if raw_lines is None:
            return None
        key = f"{summary.customer_id}/{summary.id}"
        documented = []
        numbers = set()
        unknown = order.unknown.setdefault("order_line_items", set())
        for position, raw in enumerate(raw_lines, start=1):
            notes = ParseNotes()
            is_object = isinstance(raw, dict)
            line = (
                self._line.read_present(_in_one_form(raw), notes) if is_object else {}
            )
            number = line.get("lineItemNumber")
            line_key = f"{key}/{number}"
            if number is None or number in numbers:
                line_key = f"{key}/row:{position}"
                why = "no usable number" if number is None else "a number used before"
                message = f"a line item of order {key} has {why}"
                order.issues.append(
                    unusable(message, line_key, raw, moment, stream="order_line_items")
                )
            else:
                lines.append(
                    {
                        **self._blank_line,
                        **line,
                        "referenceCustomerId": summary.customer_id,
                        "orderId": summary.id,
                    }
                )
            if is_object:
                documented.append(line)
            numbers.add(number)
            unknown |= notes.unknown
            order.issues.extend(
                unreadable_issues(UPSTREAM, "order_line_items", line_key, notes, moment)
            )
        return documented


def _in_one_form(line: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a line item in the forms of its schema; the documents show others, too."""
    changed: dict[str, Any] = {}
    match line.get("renewsTo"):
        case []:
            changed["renewsTo"] = None
        case [renewal]:
            changed["renewsTo"] = renewal
    partners = line.get("additionalPartnerIdsOnRecord")
    if isinstance(partners, str):
        changed["additionalPartnerIdsOnRecord"] = (
            [partners] if partners.strip() else None
        )
    return {**line, **changed} if changed else line


def _check_keys(orders: Sequence[Any]) -> None:
    """Check that documented orders and their line items have usable keys.

    Raises:
        NotAsDocumentedError: One has not.
    """
    ids = [order.id for order in orders]
    if not (all(ids) and all(map(str.strip, ids))):
        raise NotAsDocumentedError
    for order in orders:
        if lines := order.lineItems:
            numbers = {*map(_number_of_line, lines)}
            if len(numbers) != len(lines) or not numbers.isdisjoint(_NO_NUMBER):
                raise NotAsDocumentedError


def _documented_head(order: Any, customer_id: str) -> OrderSummary:
    links = order.links
    link = links.provisioningStatus if links else None
    if order.referenceCustomerId != customer_id:
        named = _unless_blank(order.referenceCustomerId)
        customer_id = _customer_id(named, customer_id)
    return OrderSummary(
        order,
        customer_id,
        as_key(order.id),
        _known_unless_blank(order.status),
        instant_or_none(order.creationDate),
        bool(link and link.uri),
        _is_known_by_system(order.transactionType),
    )


def _customer_id(named: str | None, asked: str) -> str:
    """Return the customer that an order is kept under.

    That is the one that its body names; where it is the one that was asked for, in the
    spelling that its other rows have.
    """
    if named is None or named.lower() == asked.lower():
        return asked
    return as_key(named)


def _is_by_system(transaction_type: Any) -> bool:
    # `SystemPurchase` and `SystemBilling` (*Order resources*).
    return (
        isinstance(transaction_type, str) and transaction_type[:6].lower() == "system"
    )


def _has_link(links: Any, name: str) -> bool:
    """Return whether there is a link of a name, with an address."""
    link = links.get(name) if isinstance(links, dict) else None
    return isinstance(link, dict) and bool(link.get("uri"))


def _text(value: Any) -> str | None:
    """Return a value as text that is not blank, or none."""
    try:
        text = None if value is None else to_text(value)
    except UnreadableError:
        return None
    return _unless_blank(text)


def _unless_blank(text: str | None) -> str | None:
    return text if text and text.strip() else None


# There are few of each.
_known_unless_blank = lru_cache(_unless_blank)
_is_known_by_system = lru_cache(_is_by_system)


def unusable(
    message: str,
    key: str,
    raw: Any,
    moment: dt.datetime,
    stream: str = "orders",
) -> Issue:
    """Return the issue for an order or a line item that is not emitted."""
    return Issue(
        upstream=UPSTREAM,
        stream=stream,
        kind="invalid_record",
        message=f"{message}; it was not emitted",
        observed_at=moment,
        record_key=key,
        payload=json_text(raw),
    )
