"""Section: orders that wait for a purchase order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_purchase_orders.report.figures import ORANGE, SKY, Series, stacked_columns
from tap_purchase_orders.report.missing import missing_notes
from tap_purchase_orders.report.parts import BigFigure, Chart, Column, Note, Table
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
    from tap_purchase_orders.report.parts import Part
    from tap_purchase_orders.report.sections.listing import Cell
    from tap_purchase_orders.report.warehouse import Row, Warehouse

_SHOWN = 50
_REJECTED_SHOWN = 50
_DEFINITIONS = ("purchase_order_uploads",)
_CUSTOMER: Cell = (
    Column("Customer", is_long=True),
    lambda row: row["customer_name"] or row["customer_id"],
)
_ORDER = (
    CURRENCY,
    amount("Amount", "amount"),
    cell("Lines", "line_count", is_number=True),
    cell("Order", "order_id", is_id=True),
)
# Who has to act, by status.
_WAITS_FOR = {
    "pending_po_upload": "Partner: upload",
    "po_upload_complete": "Microsoft: review",
}
_COLOURS = {"Partner: upload": ORANGE, "Microsoft: review": SKY}
# By their upper limits in days, as the query has them.
_AGES = {
    7: "0-7",
    14: "8-14",
    30: "15-30",
    60: "31-60",
    90: "61-90",
    91: "over 90",
    None: "no date",
}


def _read(warehouse: Warehouse, context: ReportContext) -> Content:
    by_age = warehouse.rows("uploads_by_age", _DEFINITIONS, as_of=context.as_of)
    (counts,) = warehouse.rows("order_counts")
    waiting = {
        who: sum(row["orders"] for row in by_age if row["status"] == status)
        for status, who in _WAITS_FOR.items()
    }
    big_figures = [
        BigFigure(
            name="Orders",
            values=[("", f"{counts['orders']:,}")],
            note=f"of {counts['customers']:,} customers",
            target="statuses",
        ),
        BigFigure(
            name="Uploads waiting",
            values=[("", f"{sum(waiting.values()):,}")],
            note=f"{waiting['Partner: upload']:,} for the partner, "
            f"{waiting['Microsoft: review']:,} for Microsoft",
            target="uploads",
        ),
    ]
    parts: list[Part] = [*missing_notes(warehouse, "partner_center")]
    if by_age:
        oldest = warehouse.rows(
            "oldest_uploads", _DEFINITIONS, as_of=context.as_of, limit=_SHOWN
        )
        parts += [*_ages(by_age), _oldest(oldest, sum(waiting.values()))]
    else:
        parts.append(Note("No order waits for a purchase order."))
    rejected = warehouse.rows(
        "rejected_uploads", _DEFINITIONS, as_of=context.as_of, limit=_REJECTED_SHOWN
    )
    if rejected:
        parts.append(_rejected(rejected))
    return Content(parts, big_figures)


def _ages(by_age: list[Row]) -> tuple[Chart, Table]:
    found = {(row["up_to_days"], row["status"]): row["orders"] for row in by_age}
    has_no_date = any(row["up_to_days"] is None for row in by_age)
    ages = [age for age in _AGES if age is not None or has_no_date]
    series = [
        Series(who, _COLOURS[who], [found.get((age, status), 0) for age in ages])
        for status, who in _WAITS_FOR.items()
    ]
    labels = [_AGES[age] for age in ages]
    chart = Chart(
        name="uploads-by-age-chart",
        title="Orders that wait, by age in days",
        words="Columns: how many orders wait for an upload or its review, by age.",
        figure=stacked_columns(labels, series),
        series=series,
    )
    columns = [Column(each.name, is_number=True) for each in series]
    table = Table(
        name="uploads-by-age",
        title="Figures: orders that wait, by age",
        columns=[Column("Age in days"), *columns],
        rows=list(zip(labels, *(each.values for each in series), strict=True)),
        is_folded=True,
    )
    return chart, table


def _oldest(rows: list[Row], total: int) -> Table:
    is_cut = total > len(rows)
    title = f"The oldest {len(rows):,} of {total:,}" if is_cut else "The oldest first"
    cells = [
        _CUSTOMER,
        (Column("Waits for", is_filter=True), lambda row: _WAITS_FOR[row["status"]]),
        cell("Age, days", "age_days", is_number=True),
        cell("Ordered", "created_at"),
        cell("Day 90", "day_90"),
        cell("In this status since", "seen_at"),
        *_ORDER,
    ]
    return listing("oldest-uploads", title, cells, rows)


def _rejected(rows: list[Row]) -> Table:
    cells = [
        _CUSTOMER,
        cell("Ordered", "created_at"),
        cell("Rejected since", "seen_at"),
        *_ORDER,
    ]
    title = cut_title("Rejected by the review", rows, "the newest")
    return listing("rejected-uploads", title, cells, rows)


SECTION = Section(
    name="uploads",
    title="Purchase order uploads that wait",
    short_title="Uploads",
    lead=(
        "Orders of Partner Center that go on only when the partner has uploaded a "
        "purchase order, or when Microsoft has reviewed it. The age counts from the "
        "day of the order; “in this status since” is when a run first saw it there. "
        "“Day 90” is 90 days after the order: Microsoft rejects the order of an Azure "
        "savings plan whose purchase order is not approved by then. For other products "
        "its documents name no deadline. Amounts are there if prices are asked for: "
        "the setting include_price."
    ),
    tables=("orders", "customers", "order_status_changes"),
    without_tables="They are loaded when `partner_center` is set up.",
    read=_read,
)
