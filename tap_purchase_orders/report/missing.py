"""The gaps in the figures: issues after which something was not loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_purchase_orders.records.issues import UNREAD_KINDS
from tap_purchase_orders.report.parts import Note, moment_text
from tap_purchase_orders.report.upstreams import upstream_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_purchase_orders.report.warehouse import Row, Warehouse

# The kinds of issue whose record is not in the warehouse.
MISSING_KINDS = UNREAD_KINDS | {
    "forbidden",
    "invalid_number",
    "invalid_record",
    "not_found",
    "request_failed",
}
# A sentence has no more; the section on issues has all.
_MOST_COUNTS = 6


def missing_records(warehouse: Warehouse) -> list[Row]:
    """Return how much is missing, by upstream, stream and kind.

    Of purchase orders it is what no later run has read; of all else, and of numbers
    that are none, what the last run of its upstream met, or any run if
    `extraction_runs` is not loaded.

    Raises:
        TableError: A table is not as the queries have it.
    """
    if "extraction_issues" not in warehouse.tables:
        return []
    has_runs = "extraction_runs" in warehouse.tables
    runs = warehouse.rows("last_runs") if has_runs else []
    kinds = sorted(MISSING_KINDS)
    rows = warehouse.rows(
        "missing_records",
        kinds=kinds,
        upstreams=[run["upstream"] for run in runs],
        moments=[run["started_at"] for run in runs],
    )
    if "purchase_orders" in warehouse.tables:
        rows = [*warehouse.rows("missing_purchase_orders", kinds=kinds), *rows]
    return rows


def missing_notes(warehouse: Warehouse, upstream: str) -> list[Note]:
    """Return what the reader of an upstream's totals has to know, if anything.

    Raises:
        TableError: A table is not as the queries have it.
    """
    if "extraction_issues" not in warehouse.tables:
        text = (
            "Whether something is missing from these figures is not known: the table "
            "extraction_issues is not there."
        )
        return [Note(text, is_warning=True)]
    rows = [row for row in missing_records(warehouse) if row["upstream"] == upstream]
    if not rows:
        return []
    text = f"Missing from these figures: {_counts(rows)}. {_whence(rows, upstream)}"
    return [Note(text, is_warning=True)]


def _counts(rows: Sequence[Row]) -> str:
    shown = [
        f"{row['issues']:,} {row['kind']} in {row['stream']}"
        for row in rows[:_MOST_COUNTS]
    ]
    more = sum(row["issues"] for row in rows[_MOST_COUNTS:])
    return ", ".join([*shown, *([f"{more:,} more"] if more else [])])


def _whence(rows: Sequence[Row], upstream: str) -> str:
    others = [row for row in rows if not row["is_until_read"]]
    sentences = []
    if len(others) < len(rows):
        sentences.append("No later run has read the purchase orders.")
    if others:
        which = "That is" if len(others) == len(rows) else "All else is"
        since = others[0]["since"]
        if since is None:
            whence = (
                "from all runs on record; with run_history: true, from the last one"
            )
        else:
            name = upstream_name(upstream)
            whence = f"since the last run of {name} began, {moment_text(since)} UTC"
        sentences.append(f"{which} {whence}.")
    return " ".join([*sentences, "“What could not be read” has the keys."])
