"""Section: extraction issues."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_purchase_orders.records.issues import UNREAD_KINDS
from tap_purchase_orders.report.figures import BLUE, COUNTS, RED, Series, stacked_bars
from tap_purchase_orders.report.missing import missing_records
from tap_purchase_orders.report.parts import (
    BigFigure,
    Chart,
    Column,
    Note,
    Table,
)
from tap_purchase_orders.report.sections.section import Content, Section
from tap_purchase_orders.report.upstreams import upstream_name

if TYPE_CHECKING:
    from tap_purchase_orders.report.context import ReportContext
    from tap_purchase_orders.report.warehouse import Row, Warehouse

_SHOWN = 20
# There are about ten kinds and ten streams.
_MOST_KINDS = 60
_UNREAD, _SETTLED = "Not read", "Known cause"
_COLOURS = {_UNREAD: RED, _SETTLED: BLUE}


def _read(warehouse: Warehouse, _context: ReportContext) -> Content:
    rows = warehouse.rows("issues_by_kind", limit=_MOST_KINDS)
    missing = missing_records(warehouse)
    big_figure = _missing(missing)
    if not rows:
        return Content([Note("No issue has been recorded.")], [big_figure])
    newest = warehouse.rows("newest_issues", limit=_SHOWN)
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["kind"]] = counts.get(row["kind"], 0) + row["issues"]
    kinds = sorted(counts, key=lambda kind: (-counts[kind], kind))
    series = [
        Series(
            meaning,
            colour,
            [counts[kind] if _meaning(kind) == meaning else 0 for kind in kinds],
        )
        for meaning, colour in _COLOURS.items()
    ]
    chart = Chart(
        name="issues-by-kind-chart",
        title="Issues by kind",
        words="Bars: how many issues there are of each kind.",
        figure=stacked_bars(kinds, series, COUNTS),
        series=series,
    )
    by_kind = Table(
        name="issues-by-kind",
        title="By kind and stream",
        columns=[
            Column("Kind"),
            Column("Meaning"),
            Column("Upstream"),
            Column("Stream"),
            Column("Issues", is_number=True),
            Column("Newest"),
        ],
        rows=[
            (
                row["kind"],
                _meaning(row["kind"]),
                upstream_name(row["upstream"]),
                row["stream"],
                row["issues"],
                row["newest"],
            )
            for row in rows
        ],
    )
    tables = [_missing_table(missing)] if missing else []
    return Content(
        [*tables, chart, by_kind, _newest(newest, sum(counts.values()))], [big_figure]
    )


def _meaning(kind: str) -> str:
    return _UNREAD if kind in UNREAD_KINDS else _SETTLED


def _missing(rows: list[Row]) -> BigFigure:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["kind"]] = counts.get(row["kind"], 0) + row["issues"]
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in counts.items())
    return BigFigure(
        name="Missing from the figures",
        values=[("", f"{sum(counts.values()):,}")],
        note=kinds or "no issue says that something was not loaded",
        target="issues",
    )


def _missing_table(rows: list[Row]) -> Table:
    return Table(
        name="missing-records",
        title="Missing from the figures",
        columns=[
            Column("Upstream"),
            Column("Stream"),
            Column("Kind"),
            Column("Issues", is_number=True),
            Column("Since the run of"),
        ],
        rows=[
            (
                upstream_name(row["upstream"]),
                row["stream"],
                row["kind"],
                row["issues"],
                row["since"],
            )
            for row in rows[:_MOST_KINDS]
        ],
    )


def _newest(rows: list[Row], total: int) -> Table:
    is_cut = total > len(rows)
    return Table(
        name="newest-issues",
        title=f"The newest {len(rows):,} of {total:,}"
        if is_cut
        else "The newest first",
        columns=[
            Column("Seen"),
            Column("Kind"),
            Column("Stream"),
            Column("Key", is_id=True),
            Column("Field", is_id=True),
            Column("Message", is_long=True),
        ],
        rows=[
            (
                row["observed_at"],
                row["kind"],
                row["stream"],
                row["record_key"],
                row["field"],
                row["message"],
            )
            for row in rows
        ],
    )


SECTION = Section(
    name="issues",
    title="What could not be read",
    short_title="Issues",
    lead=(
        "Problems that runs recorded, each once, however often it was met. They stay "
        "when they are solved: “newest” and “seen” say when a run last met one. “Not "
        "read” is what may be there and is not loaded; of all else the cause is known. "
        "“Missing from the figures” is what is not loaded for whatever cause: of "
        "purchase orders, what no later run has read; of all else, what the last run "
        "met, or any run where no history of runs is loaded."
    ),
    tables=("extraction_issues",),
    without_tables="It is loaded unless `extraction_issues` is not selected.",
    read=_read,
)
