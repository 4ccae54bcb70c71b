"""Section: order statuses by day."""

from __future__ import annotations

import datetime as dt
from itertools import chain
from typing import TYPE_CHECKING

from tap_purchase_orders.incremental.statuses import is_moving
from tap_purchase_orders.report import figures
from tap_purchase_orders.report.figures import Series
from tap_purchase_orders.report.parts import Chart, Column, Note, Table
from tap_purchase_orders.report.sections.section import Content, Section

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_purchase_orders.report.context import ReportContext
    from tap_purchase_orders.report.warehouse import Row, Warehouse

_MOST_DAYS = 184
# From the bottom to the top of the charts. All others follow, the most frequent first.
_KNOWN = {
    "pending_po_upload": figures.ORANGE,
    "po_upload_complete": figures.SKY,
    "pending": figures.BLUE,
    "pending_review": figures.PINK,
    "suspended": figures.VIOLET,
    "completed": figures.GREEN,
    "partial_success": figures.YELLOW,
    "cancelled": figures.GREY,
    "po_review_rejected": figures.RED,
    "error": figures.BROWN,
    "none": figures.PINK,
}
# As the query has it.
_NO_STATUS = "no status"
_OTHERS = "others"
_MOST_OTHERS = 4
_ALMOST_A_DAY = dt.timedelta(hours=23, minutes=59, seconds=59)


def _read(warehouse: Warehouse, context: ReportContext) -> Content:
    rows = warehouse.rows(
        "statuses_by_day", newest_row=context.newest_row, most_days=_MOST_DAYS
    )
    if not rows:
        return Content([Note("No order with a status has been loaded yet.")])
    days, counts = _counts(rows)
    colours = _colours(counts)
    series = [Series(name, colours[name], counts[name]) for name in counts]
    charts = [
        _chart(
            name, title, days, [each for each in series if _moves(each.name) is moves]
        )
        for name, title, moves in (
            ("moving-chart", "Orders that still move, at the end of the day", True),
            ("at-rest-chart", "Orders at rest, at the end of the day", False),
        )
    ]
    table = Table(
        name="statuses-by-day",
        title="Figures: orders in each status, by day",
        columns=[
            Column("Day (UTC)"),
            *(Column(name, is_number=True) for name in counts),
        ],
        rows=[
            (days[place], *(values[place] for values in counts.values()))
            for place in range(len(days) - 1, -1, -1)
        ],
        is_folded=True,
    )
    return Content([*(chart for chart in charts if chart.series), table])


def _moves(status: str) -> bool:
    return status != _NO_STATUS and is_moving(status)


def _chart(
    name: str, title: str, days: Sequence[dt.date], series: Sequence[Series]
) -> Chart:
    moments = [dt.datetime.combine(day, dt.time()) for day in days]
    # The last day, too, is as wide as a day.
    longer = [
        Series(each.name, each.colour, [*each.values, each.values[-1]])
        for each in series
    ]
    return Chart(
        name=name,
        title=title,
        words=f"Areas, one on the other. {title}, by status.",
        figure=figures.stacked_areas([*moments, moments[-1] + _ALMOST_A_DAY], longer),
        series=series,
    )


def _counts(rows: list[Row]) -> tuple[list[dt.date], dict[str, list[int]]]:
    """Return the days, and for each status the number of orders on each."""
    found = {(row["day"], row["status"]): row["orders"] for row in rows}
    days = sorted({row["day"] for row in rows})
    totals: dict[str, int] = {}
    for row in rows:
        totals[row["status"]] = totals.get(row["status"], 0) + row["orders"]
    known = [status for status in _KNOWN if totals.get(status)]
    unknown = sorted(
        (status for status in totals if status not in _KNOWN and totals[status]),
        key=lambda status: (-totals[status], status),
    )
    shown, rest = [*known, *unknown[:_MOST_OTHERS]], unknown[_MOST_OTHERS:]
    counts = {name: [found.get((day, name), 0) for day in days] for name in shown}
    if rest:
        counts[_OTHERS] = [
            sum(found.get((day, name), 0) for name in rest) for day in days
        ]
    return days, counts


def _colours(counts: dict[str, list[int]]) -> dict[str, str]:
    used = {_KNOWN[name] for name in counts if name in _KNOWN}
    free = [colour for colour in figures.COLOURS if colour not in used]
    # With more of them than colours, the last ones are all grey.
    left = iter(chain(free, [figures.GREY] * len(counts)))
    return {name: _KNOWN.get(name) or next(left) for name in counts}


SECTION = Section(
    name="statuses",
    title="Statuses over time",
    short_title="Statuses",
    lead=(
        "From the first run on, as runs saw it: what changed twice between two runs "
        "changed once here, and an order without a status is not counted."
    ),
    tables=("order_status_changes",),
    without_tables="It is loaded when `partner_center` is set up.",
    read=_read,
)
