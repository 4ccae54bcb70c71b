"""Section: purchase orders, one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_purchase_orders.report.missing import missing_notes
from tap_purchase_orders.report.parts import Column, Note, Table
from tap_purchase_orders.report.sections.amounts import currency_text, money
from tap_purchase_orders.report.sections.section import Content, Section

if TYPE_CHECKING:
    from tap_purchase_orders.report.context import ReportContext
    from tap_purchase_orders.report.parts import Part
    from tap_purchase_orders.report.warehouse import Row, Warehouse

_SHOWN = 300
_PAST_SHOWN = 100
_DEFINITIONS = ("line_commitments", "order_commitments")


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
    return Table(
        name="past-end-date",
        title=_title("Past the end date with money left", rows, "the oldest"),
        columns=[
            Column("Purchase order", is_id=True),
            Column("Supplier", is_long=True),
            Column("Requester"),
            Column("Entity"),
            Column("Ended"),
            Column("Days past", is_number=True),
            Column("Currency", is_filter=True),
            Column("Left to invoice", is_number=True),
        ],
        rows=[
            (
                row["purchase_order_number"],
                context.supplier(row["supplier_id"]),
                row["requester"],
                row["entity"],
                row["end_date"],
                row["days_past"],
                currency_text(row["currency"]),
                money(row["left_to_invoice"], row["currency"]),
            )
            for row in rows
        ],
    )


def _all(context: ReportContext, rows: list[Row]) -> Table:
    return Table(
        name="purchase-order-list",
        title=_title("Purchase orders and their statuses", rows, "the newest"),
        columns=[
            Column("Purchase order", is_id=True),
            Column("Status in AppZen", is_filter=True),
            Column("Supplier", is_long=True),
            Column("Starts"),
            Column("Ends"),
            Column("Currency", is_filter=True),
            Column("Ordered", is_number=True),
            Column("Invoiced", is_number=True),
            Column("Left to invoice", is_number=True),
            Column("Read"),
        ],
        rows=[
            (
                row["purchase_order_number"],
                row["status"],
                context.supplier(row["supplier_id"]),
                row["start_date"],
                row["end_date"],
                currency_text(row["currency"]),
                money(row["ordered"], row["currency"]),
                money(row["invoiced"], row["currency"]),
                money(row["left_to_invoice"], row["currency"]),
                row["read_at"],
            )
            for row in rows
        ],
    )


def _title(title: str, rows: list[Row], which: str) -> str:
    total = rows[0]["total"]
    if total == len(rows):
        return title
    return f"{title}: {which} {len(rows):,} of {total:,}"


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
