"""Stories over many runs: an upload that takes years, a customer that is shut out."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tap.tap import Run, run_tap
from tests.tap.upstream import Upstream
from tests.tap.worlds import (
    order,
    partner_center,
    partner_center_error,
    serve_customers,
)

TWO_YEARS_AGO = "2024-03-01T10:00:00.1234567Z"
TODAY = "2026-03-01T10:00:00Z"


def run_after(runs: list[Run], upstream: Upstream) -> Run:
    config = {"partner_center": partner_center(upstream)}
    return run_tap(config, state=runs[-1].state if runs else None)


def steps(run: Run) -> list[tuple[Any, ...]]:
    names = ("orderId", "sequence", "previousStatus", "status")
    changes = run.records("order_status_changes")
    return [tuple(change[name] for name in names) for change in changes]


@pytest.fixture(scope="module")
def upload() -> list[Run]:
    """Runs over an old order whose upload goes its way, each twice."""
    runs: list[Run] = []
    statuses = ("pending_po_upload", "po_upload_complete", "completed")
    with Upstream() as upstream:
        for status in (status for status in statuses for _ in range(2)):
            orders = [
                order("new", "c1", creationDate=TODAY),
                order("old", "c1", creationDate=TWO_YEARS_AGO, status=status),
            ]
            serve_customers(upstream, {"c1": orders})
            runs.append(run_after(runs, upstream))
    return runs


def test_an_order_of_two_years_ago_is_followed_until_it_rests(
    upload: list[Run],
) -> None:
    assert [
        [(record["id"], record["status"]) for record in run.records("orders")]
        for run in upload[::2]
    ] == [
        [("new", "completed"), ("old", "pending_po_upload")],
        [("old", "po_upload_complete")],
        [("old", "completed")],
    ]
    assert [row for run in upload for row in steps(run) if row[0] == "old"] == [
        ("old", 1, None, "pending_po_upload"),
        ("old", 105, "pending_po_upload", "po_upload_complete"),
        ("old", 207, "po_upload_complete", "completed"),
    ]


def test_where_nothing_has_changed_no_order_no_line_and_no_change_is_emitted(
    upload: list[Run],
) -> None:
    assert [run.counts() for run in upload[1::2]] == [{"customers": 1}] * 3


def test_an_order_at_rest_and_long_past_is_let_go(upload: list[Run]) -> None:
    (partition,) = upload[-1].state["bookmarks"]["orders"]["partitions"]
    assert list(partition["followed_orders"]) == ["new"]


def test_a_customer_refused_for_three_runs_delivers_what_came_meanwhile() -> None:
    runs: list[Run] = []
    orders = [order("first", "c1", creationDate="2026-01-01T00:00:00Z")]
    with Upstream() as upstream:
        serve_customers(upstream, {"c1": orders, "c2": [order("other", "c2")]})
        runs.append(run_after(runs, upstream))
        refusal = partner_center_error(403, 20002, "No commerce relationship.")
        for number in (1, 2, 3):
            # The other customer's bookmark moves far ahead meanwhile.
            other = order(
                f"other-{number}", "c2", creationDate=f"2026-0{number + 3}-01"
            )
            serve_customers(upstream, {"c1": refusal, "c2": [other]})
            runs.append(run_after(runs, upstream))
        meanwhile = [
            order(f"missed-{number}", "c1", creationDate=f"2026-02-0{number}")
            for number in (1, 2, 3)
        ]
        serve_customers(upstream, {"c1": [*orders, *meanwhile], "c2": [other]})
        runs.append(run_after(runs, upstream))
    for run in runs[1:4]:
        assert run.status == 0
        assert [issue["record_key"] for issue in run.issues(kind="forbidden")] == ["c1"]
    assert [record["id"] for record in runs[4].records("orders")] == [
        "missed-1",
        "missed-2",
        "missed-3",
    ]
