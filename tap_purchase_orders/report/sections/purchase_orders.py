"""Section: purchase orders, one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_purchase_orders.report.missing import missing_notes
from tap_purchase_orders.report.parts import Column, Note
from tap_purchase_orders.report.sections.listing import (
    CURRENCY,
    amount,
    cell,
    cut_title,
    listing,
)
from tap_purchase_orders.report.sections.section import Content, Section

if TYPE_CHECKING:
    from tap_purchase_orders.report.context import ReportContext
    from tap_purchase_orders.report.parts import Part, Table
    from tap_purchase_orders.report.sections.listing import Cell
    from tap_purchase_orders.report.warehouse import Row, Warehouse

_SHOWN = 300
_PAST_SHOWN = 100
_DEFINITIONS = ("line_commitments", "order_commitments")
_NUMBER = cell("Purchase order", "purchase_order_number", is_id=True)
_LEFT = amount("Left to invoice", "left_to_invoice")


def _read(warehouse: Warehouse, context: ReportContext) -> Content:
    notes = missing_notes(warehouse, "appzen")
    newest = warehouse.rows(
        "newest_purchase_orders",
        _DEFINITIONS,
        numbers=[*context.purchase_orders],
        limit=_SHOWN + len(context.purchase_orders),
    )
    if not newest:
        return Content([*notes, Note("No purchase order has been loaded yet.")])
    past = warehouse.rows(
        "past_end_date", _DEFINITIONS, as_of=context.as_of, limit=_PAST_SHOWN
    )
    parts: list[Part] = [*notes, *_unknown(context, newest)]
    if past:
        parts.append(_past(context, past))
    else:
        parts.append(Note("No purchase order past its end date has anything left."))
    parts.append(_all(context, newest))
    return Content(parts)


def _unknown(context: ReportContext, rows: list[Row]) -> list[Note]:
    found = {row["purchase_order_number"] for row in rows}
    missing = [number for number in context.purchase_orders if number not in found]
    if not missing:
        return []
    return [Note(f"Not loaded: {', '.join(missing)}.", is_warning=True)]


def _past(context: ReportContext, rows: list[Row]) -> Table:
    cells = [
        _NUMBER,
        _supplier(context),
        cell("Requester", "requester"),
        cell("Entity", "entity"),
        cell("Ended", "end_date"),
        cell("Days past", "days_past", is_number=True),
        CURRENCY,
        _LEFT,
    ]
    title = cut_title("Past the end date with money left", rows, "the oldest")
    return listing("past-end-date", title, cells, rows)


def _all(context: ReportContext, rows: list[Row]) -> Table:
    cells = [
        _NUMBER,
        cell("Status in AppZen", "status", is_filter=True),
        _supplier(context),
        cell("Starts", "start_date"),
        cell("Ends", "end_date"),
        CURRENCY,
        amount("Ordered", "ordered"),
        amount("Invoiced", "invoiced"),
        _LEFT,
        cell("Read", "read_at"),
    ]
    title = cut_title("Purchase orders and their statuses", rows, "the newest")
    return listing("purchase-order-list", title, cells, rows)


def _supplier(context: ReportContext) -> Cell:
    column = Column("Supplier", is_long=True)
    return column, lambda row: context.supplier(row["supplier_id"])


SECTION = Section(
    name="purchase-orders",
    title="Purchase orders, one by one",
    short_title="Purchase orders",
    lead=(
        "Search by number for the status of one purchase order; the option "
        "--purchase-order puts an older one on the page. A purchase order whose lines "
        "are in several currencies has a row for each. One past its end date with "
        "something left on open lines may be waiting for an invoice, or for somebody "
        "to close it."
    ),
    tables=("purchase_orders", "purchase_order_lines"),
    without_tables="They are loaded when `appzen` is set up.",
    read=_read,
)
