"""What a person wants to see of the warehouse after two runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from demo.tables import table

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator, Mapping, Sequence

    from demo.tables import Cell
    from demo.warehouse import Warehouse

_UPSTREAMS = {
    "authority": "Token authority",
    "partner_center": "Partner Center",
    "appzen": "AppZen",
}
_UPLOADS_SHOWN = 15

# A purchase order that a partner must upload before Partner Center takes the order.
_UPLOADS = """
SELECT customers."companyProfile" ->> 'companyName', changes."orderId",
       changes."previousStatus", changes.status
FROM order_status_changes AS changes
JOIN customers ON customers.id = changes."referenceCustomerId"
WHERE changes.sequence > 1
  AND changes."previousStatus" IN ('pending_po_upload', 'po_upload_complete')
ORDER BY changes.status, 1, 2
"""

# Amounts of different currencies cannot be compared: the three largest of each.
_LARGEST_OPEN = """
SELECT currency, amount, purchase_order_number, supplier_id, entity_name, line_count
FROM (
    SELECT purchase_orders.*,
           total_amount ->> 'currency' AS currency,
           (total_amount ->> 'amount')::numeric AS amount,
           rank() OVER (
               PARTITION BY total_amount ->> 'currency'
               ORDER BY (total_amount ->> 'amount')::numeric DESC NULLS LAST
           ) AS place
    FROM purchase_orders
    WHERE appzen_purchase_order_status = 'PO_ISSUED'
) AS ranked
WHERE place <= 3
ORDER BY currency, place, purchase_order_number
"""

_ISSUES = """
SELECT kind, stream, count(*), min(message)
FROM extraction_issues
GROUP BY kind, stream
ORDER BY count(*) DESC, kind, stream
"""


@dataclass(frozen=True, slots=True)
class Run:
    """What one run did.

    Attributes:
        seconds: How long it took, Meltano's own start included.
        requests: The number of requests to each upstream.
        rows: The number of rows of each table after it.
        statuses: The number of orders of each status after it.
    """

    seconds: float
    requests: Counter[str]
    rows: Mapping[str, int]
    statuses: Counter[str]


def sections(warehouse: Warehouse, runs: Sequence[Run]) -> Iterator[str]:
    """Yield the parts of the report on a warehouse after its last run."""
    numbers = [f"run {number}" for number, _ in enumerate(runs, start=1)]
    afters = [f"after {number}" for number in numbers]
    yield _section(
        "Rows in the warehouse",
        ("table", *afters),
        [(name, *(run.rows.get(name) for run in runs)) for name in runs[-1].rows],
    )
    statuses = sorted(set().union(*(run.statuses for run in runs)))
    yield _section(
        "Orders by status",
        ("status", *afters),
        [(status, *(run.statuses[status] for run in runs)) for status in statuses],
    )
    uploads = warehouse.rows(_UPLOADS)
    yield _section(
        "Purchase order uploads that moved on between the runs",
        ("customer", "order", "was", "is"),
        uploads[:_UPLOADS_SHOWN],
        more=len(uploads) - _UPLOADS_SHOWN,
    )
    yield _section(
        "Largest open purchase orders of each currency",
        ("currency", "amount", "number", "supplier", "bought by", "lines"),
        warehouse.rows(_LARGEST_OPEN),
    )
    yield _section(
        "What could not be read, or only in part",
        ("kind", "stream", "count", "for example"),
        warehouse.rows(_ISSUES),
    )
    spent: list[tuple[Cell, ...]] = [
        (title, *(run.requests[upstream] for run in runs))
        for upstream, title in _UPSTREAMS.items()
    ]
    spent.append(("Seconds, Meltano included", *(round(run.seconds) for run in runs)))
    yield _section("Requests and time", ("", *numbers), spent)


def _section(
    title: str,
    headings: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    *,
    more: int = 0,
) -> str:
    rest = [f"  and {more} more"] if more > 0 else []
    return "\n".join([title, "", table(headings, rows), *rest])
