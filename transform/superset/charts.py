# ruff: noqa: INP001  # beside a script
"""The charts of the dashboard: what each shows of which model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

AMOUNT = ",.2f"
UPLOADS = "open_purchase_order_uploads"
TIMELINE = "order_status_timeline"
COMMITMENTS = "purchase_order_commitments"
LINES = "purchase_order_line_commitments"
_FIGURES = ("ordered", "received", "invoiced", "left_to_invoice", "released")
# The columns that tables show as amounts.
AMOUNTS = {*_FIGURES, "total_price"}
# Of each model the metrics that charts use, by name. No sum is over currencies: charts
# of amounts are by currency, each.
METRICS = {
    UPLOADS: {"orders": "count(*)", "oldest_days": "max(age_days)"},
    TIMELINE: {"orders": "count(*)"},
    COMMITMENTS: {
        **{f"sum_{name}": f"sum({name})" for name in _FIGURES},
        "purchase_orders": "sum(purchase_order_count)",
    },
    LINES: {"lines": "count(*)", "sum_left_to_invoice": "sum(left_to_invoice)"},
}


@dataclass(frozen=True)
class Chart:
    """A chart, or a table.

    Attributes:
        name: Its heading.
        model: What it is of.
        kind: Superset's `viz_type`.
        width: In twelfths of the page.
        metrics: Names of metrics of the model.
        groups: The columns by which they are grouped.
        columns: The columns of a table that has rows as they are.
        order: The column by which rows are sorted, the largest first.
        only: A column, an operator and the value that it is compared with.
        params: What else the kind has.
    """

    name: str
    model: str
    kind: str
    width: int
    metrics: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    order: str = ""
    only: tuple[str, str, Any] | None = None
    params: dict[str, Any] = field(default_factory=dict)


def _total(name: str, model: str, metric: str) -> Chart:
    return Chart(name, model, "big_number_total", 4, metrics=(metric,))


# Each row of the page.
ROWS = (
    (
        _total("Orders that wait for an upload or its review", UPLOADS, "orders"),
        _total("Days that the oldest of them is old", UPLOADS, "oldest_days"),
        _total("Lines of purchase orders", LINES, "lines"),
    ),
    (
        Chart(
            "Who has to act",
            UPLOADS,
            "pie",
            4,
            metrics=("orders",),
            groups=("waits_for",),
            params={"donut": True, "show_legend": True, "label_type": "key_value"},
        ),
        Chart(
            "Uploads that wait, the oldest first",
            UPLOADS,
            "table",
            8,
            columns=(
                *("customer_name", "waits_for", "age_days", "status_seen_at"),
                *("currency_code", "total_price", "order_id"),
            ),
            order="age_days",
        ),
    ),
    (
        Chart(
            "Orders by their last status",
            TIMELINE,
            "echarts_timeseries_bar",
            6,
            metrics=("orders",),
            groups=("status",),
            only=("is_latest", "==", True),
            # What comes first is at the bottom.
            params={"orientation": "horizontal", "x_axis_sort_asc": True},
        ),
        Chart(
            "Left to invoice by supplier and currency",
            COMMITMENTS,
            "echarts_timeseries_bar",
            6,
            metrics=("sum_left_to_invoice",),
            groups=("supplier_id", "currency"),
            only=("left_to_invoice", "!=", 0),
            params={"y_axis_format": AMOUNT, "show_legend": True},
        ),
    ),
    (
        Chart(
            "Commitments by currency",
            COMMITMENTS,
            "table",
            6,
            metrics=("purchase_orders", *(f"sum_{name}" for name in _FIGURES)),
            groups=("currency",),
        ),
        Chart(
            "Commitments by entity and currency",
            COMMITMENTS,
            "table",
            6,
            metrics=tuple(f"sum_{name}" for name in _FIGURES),
            groups=("entity_name", "currency"),
        ),
    ),
    (
        Chart(
            "Open lines with something left to invoice, the largest first",
            LINES,
            "table",
            12,
            columns=(
                *("purchase_order_number", "line_key", "entity_name", "supplier_id"),
                *("currency", "ordered", "received", "invoiced", "left_to_invoice"),
            ),
            order="left_to_invoice",
            # Of closed lines it is empty, which PostgreSQL sorts before the largest.
            only=("left_to_invoice", ">", 0),
        ),
    ),
)
