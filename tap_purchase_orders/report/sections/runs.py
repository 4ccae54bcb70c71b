"""Section: runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_purchase_orders.report.figures import BLUE, ORANGE, Series, stacked_columns
from tap_purchase_orders.report.parts import (
    Chart,
    Column,
    Note,
    Table,
)
from tap_purchase_orders.report.sections.section import Content, Section
from tap_purchase_orders.report.upstreams import upstream_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_purchase_orders.report.context import ReportContext
    from tap_purchase_orders.report.warehouse import Row, Warehouse

_SHOWN = 40
_SWITCH_ON = (
    "The setting `run_history: true` switches it on; from the next run on, each run "
    "writes a row for each upstream."
)


def _read(warehouse: Warehouse, _context: ReportContext) -> Content:
    rows = warehouse.rows("newest_runs", limit=_SHOWN)
    if not rows:
        return Content([Note(f"No run has been recorded yet. {_SWITCH_ON}")])
    upstreams = sorted({row["upstream"] for row in rows}, reverse=True)
    charts = [
        _requests(number, [row for row in rows if row["upstream"] == upstream])
        for number, upstream in enumerate(upstreams, start=1)
    ]
    return Content([*charts, _table(rows)])


def _requests(number: int, newest_first: list[Row]) -> Chart:
    rows = newest_first[::-1]
    name = upstream_name(rows[0]["upstream"])
    repeats = [row["repeats"] or 0 for row in rows]
    asked = [row["requests"] or 0 for row in rows]
    series = [
        Series(
            "First tries", BLUE, [a - r for a, r in zip(asked, repeats, strict=True)]
        ),
        Series("Repeats", ORANGE, repeats),
    ]
    return Chart(
        name=f"runs-chart-{number}",
        title=f"{name}: requests of each run",
        words=f"Columns: how many requests each run made to {name}.",
        figure=stacked_columns(
            list(_labels(rows)),
            series,
        ),
        series=series,
    )


def _labels(rows: list[Row]) -> Iterator[str]:
    """Yield what stands below each column; no two are the same."""
    seen: dict[str, int] = {}
    for row in rows:
        started = row["started_at"]
        text = f"{started:%m-%d\n%H:%M}" if started else "no date"
        seen[text] = seen.get(text, 0) + 1
        yield text if seen[text] == 1 else f"{text} ({seen[text]})"


def _table(rows: list[Row]) -> Table:
    return Table(
        name="newest-runs",
        title=f"The newest {len(rows):,}"
        if len(rows) == _SHOWN
        else "The newest first",
        columns=[
            Column("Began"),
            Column("Upstream"),
            Column("Outcome"),
            Column("Seconds", is_number=True),
            Column("Requests", is_number=True),
            Column("Repeats", is_number=True),
            Column("Waited for rate limit, s", is_number=True),
            Column("Done", is_number=True),
            Column("Of", is_number=True),
            Column("Records", is_number=True),
            Column("Issues", is_number=True),
            Column("Shard"),
        ],
        rows=[
            (
                row["started_at"],
                upstream_name(row["upstream"]),
                row["outcome"],
                row["seconds"],
                row["requests"],
                row["repeats"],
                row["rate_limit_wait_seconds"],
                row["keys_done"],
                row["keys_total"],
                row["records"],
                row["issues"],
                _shard(row),
            )
            for row in rows
        ],
    )


def _shard(row: Row) -> str | None:
    if row["shard_index"] is None or row["shard_count"] is None:
        return None
    return f"{row['shard_index']} of {row['shard_count']}"


SECTION = Section(
    name="runs",
    title="Runs",
    short_title="Runs",
    lead=(
        "What the newest runs did at each upstream. “Done” are customers, or numbers "
        "of purchase orders, “of” is how many there were."
    ),
    tables=("extraction_runs",),
    without_tables=_SWITCH_ON,
    read=_read,
)
