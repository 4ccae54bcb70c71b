"""Section: what changed since a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_purchase_orders.report.parts import Column, Note, Table, moment_text
from tap_purchase_orders.report.sections.amounts import currency_text, money
from tap_purchase_orders.report.sections.section import Content, Section

if TYPE_CHECKING:
    from tap_purchase_orders.report.context import ReportContext
    from tap_purchase_orders.report.warehouse import Warehouse

_SHOWN = 200
_FIRST = "first seen"


def _read(warehouse: Warehouse, context: ReportContext) -> Content:
    rows = warehouse.rows(
        "status_changes", since=context.since, as_of=context.as_of, limit=_SHOWN
    )
    since = f"since {moment_text(context.since)} UTC"
    if not rows:
        return Content([Note(f"No order was seen in another status {since}.")])
    total = rows[0]["total"]
    which = f", the newest {len(rows):,} of {total:,}" if total > len(rows) else ""
    table = Table(
        name="status-changes",
        title=f"Changes {since}{which}",
        columns=[
            Column("Seen"),
            Column("Customer", is_long=True),
            Column("Was", is_filter=True),
            Column("Is", is_filter=True),
            Column("Currency"),
            Column("Amount", is_number=True),
            Column("Order", is_id=True),
        ],
        rows=[
            (
                row["seen_at"],
                row["customer"],
                row["previous_status"] or _FIRST,
                row["status"],
                currency_text(row["currency"]),
                money(row["amount"], row["currency"]),
                row["order_id"],
            )
            for row in rows
        ],
    )
    return Content([table])


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
