"""Section: commitments by cost account, requester and entity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_purchase_orders.report.missing import missing_notes
from tap_purchase_orders.report.parts import Column, Note, Table
from tap_purchase_orders.report.sections.amounts import (
    amount_columns,
    amounts,
    currency_text,
)
from tap_purchase_orders.report.sections.section import Content, Section

if TYPE_CHECKING:
    from tap_purchase_orders.report.context import ReportContext
    from tap_purchase_orders.report.parts import Part
    from tap_purchase_orders.report.warehouse import Row, Warehouse

# Of each dimension and currency, and of each dimension.
_SHOWN = 50
_MOST_ROWS = 200
_DEFINITIONS = ("line_commitments", "line_dimensions")
# By their names in the query.
_DIMENSIONS = {
    "account": "Cost account",
    "requester": "Requester",
    "entity": "Entity",
}


def _read(warehouse: Warehouse, _context: ReportContext) -> Content:
    notes = missing_notes(warehouse, "appzen")
    rows = warehouse.rows("commitments_by_dimension", _DEFINITIONS, most=_SHOWN)
    if not rows:
        return Content(
            [*notes, Note("No line of a purchase order has been loaded yet.")]
        )
    parts: list[Part] = [*notes]
    for dimension, title in _DIMENSIONS.items():
        found = [row for row in rows if row["dimension"] == dimension]
        shown = found[:_MOST_ROWS]
        parts.append(_table(dimension, title, shown))
        if more := found[0]["total"] - len(shown):
            parts.append(
                Note(f"{more:,} more rows, with smaller amounts, are left out.")
            )
    return Content(parts)


def _table(dimension: str, title: str, rows: list[Row]) -> Table:
    return Table(
        name=f"commitments-by-{dimension}",
        title=f"By {title.lower()}",
        columns=[
            Column(title),
            Column("Currency", is_filter=True),
            *amount_columns(),
            Column("Purchase orders", is_number=True),
        ],
        rows=[
            (
                row["value"] or f"no {title.lower()}",
                currency_text(row["currency"]),
                *amounts(row),
                row["purchase_orders"],
            )
            for row in rows
        ],
    )


SECTION = Section(
    name="breakdowns",
    title="Commitments by cost account, requester and entity",
    short_title="Breakdowns",
    lead=(
        "The same lines, added up in three more ways, each currency on its own. A line "
        "counts under its own cost account, or that of its purchase order if it has "
        "none; it counts there whole even if it is split over several accounts."
    ),
    tables=("purchase_orders", "purchase_order_lines"),
    without_tables="They are loaded when `appzen` is set up.",
    read=_read,
)
