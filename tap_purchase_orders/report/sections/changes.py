"""Section: what changed since a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_purchase_orders.report.parts import Column, Note, moment_text
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
    from tap_purchase_orders.report.sections.listing import Cell
    from tap_purchase_orders.report.warehouse import Warehouse

_SHOWN = 200
_CELLS: list[Cell] = [
    cell("Seen", "seen_at"),
    cell("Customer", "customer", is_long=True),
    (
        Column("Was", is_filter=True),
        lambda row: row["previous_status"] or "first seen",
    ),
    cell("Is", "status", is_filter=True),
    CURRENCY,
    amount("Amount", "amount"),
    cell("Order", "order_id", is_id=True),
]


def _read(warehouse: Warehouse, context: ReportContext) -> Content:
    rows = warehouse.rows(
        "status_changes", since=context.since, as_of=context.as_of, limit=_SHOWN
    )
    since = f"since {moment_text(context.since)} UTC"
    if not rows:
        return Content([Note(f"No order was seen in another status {since}.")])
    title = cut_title(f"Changes {since}", rows, "the newest")
    return Content([listing("status-changes", title, _CELLS, rows)])


SECTION = Section(
    name="changes",
    title="What changed",
    short_title="Changes",
    lead=(
        "Orders of Partner Center that a run saw for the first time or in another "
        "status: since the moment given as --since, otherwise in the last 7 days."
    ),
    tables=("orders", "customers", "order_status_changes"),
    without_tables="They are loaded when `partner_center` is set up.",
    read=_read,
)
