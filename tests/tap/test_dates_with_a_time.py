"""Dates of AppZen that come with a time of day: their day in UTC, and one warning."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.tap.tap import Run, run_tap
from tests.tap.upstream import Upstream
from tests.tap.worlds import appzen, purchase_order, serve_purchase_orders

# What was sent, and the day that it is in UTC.
MOMENTS = {
    "2026-03-04T23:17:42.318-05:00": "2026-03-05",
    "2026-03-04T23:17:42.318Z": "2026-03-04",
    "2026-03-04T23:17:42.318": "2026-03-04",
    "2026-03-05T00:30:00+0530": "2026-03-04",
    "2026-03-05T00:00:00+01:00": "2026-03-04",
    "2026-03-04T00:00:00.000Z": "2026-03-04",
    " 2026-12-31 23:59:59.9999999-00:01 ": "2027-01-01",
}
DAYS = ["2026-03-04", " 2026-03-04 "]
NO_DATES = ["2026-02-30T10:00:00Z", "2026-03-04T25:00:00Z", "soon", "1772668662"]
WARNING = "their day in UTC"


def read(*dates: Any, orders: int = 1, with_arrays: bool = False) -> Run:
    """Return a run over purchase orders that have a line for each date."""
    lines = [
        {"line_number": number, "closed_date": date}
        for number, date in enumerate(dates, start=1)
    ]
    numbers = [f"PO-{position}" for position in range(orders)]
    body = {"purchase_order_lines": lines}
    with Upstream() as upstream:
        serve_purchase_orders(upstream, {n: purchase_order(n, **body) for n in numbers})
        config = {"appzen": appzen(upstream, numbers)}
        catalog = None
        if with_arrays:
            catalog = json.loads(run_tap(config, "--discover").output)
            for stream in catalog["streams"]:
                for entry in stream["metadata"]:
                    entry["metadata"]["selected"] = True
        return run_tap(config, catalog=catalog)


def days(run: Run) -> list[Any]:
    return [row["closed_date"] for row in run.records("purchase_order_lines")]


@pytest.mark.parametrize("with_arrays", [False, True])
def test_a_time_of_day_is_its_day_in_utc_with_one_warning(*, with_arrays: bool) -> None:
    run = read(*MOMENTS, orders=3, with_arrays=with_arrays)

    assert run.status == 0, run.log
    assert days(run) == [*MOMENTS.values()] * 3
    assert run.records("extraction_issues") == []
    (warning,) = [line for line in run.warnings if WARNING in line]
    assert "purchase_order_lines.closed_date" in warning


def test_a_day_is_a_day_without_a_warning() -> None:
    run = read(*DAYS, None, "")

    assert days(run) == ["2026-03-04", "2026-03-04", None, None]
    assert WARNING not in run.log
    assert run.records("extraction_issues") == []


@pytest.mark.parametrize("moment", MOMENTS)
def test_any_time_of_day_is_told_midnight_too(moment: str) -> None:
    assert WARNING in read(moment).log


def test_what_is_no_date_stays_an_issue() -> None:
    run = read(*NO_DATES)

    assert days(run) == [None] * len(NO_DATES)
    issues = run.records("extraction_issues")
    assert {issue["kind"] for issue in issues} == {"unreadable_value"}
    assert [json.loads(issue["payload"]) for issue in issues] == NO_DATES
    assert WARNING not in run.log
