"""What the demo does, from an empty warehouse to a checked one."""

from __future__ import annotations

import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import requests

from demo import checks
from demo.page import move_times, write_page
from demo.pipeline import pipeline_in
from demo.report import Run, sections
from demo.warehouse import running_warehouse
from demo.workbook import write_numbers
from tap_purchase_orders.sandbox.process import Sandbox

if TYPE_CHECKING:
    from pathlib import Path

    from demo.pipeline import Pipeline
    from demo.warehouse import Warehouse

# A fixed day: the demo shows the same whenever it is run.
_FIRST_DAY = "2026-03-02T08:00:00Z"
# What is on by default, and what the runs did.
_TABLES = (
    "customers",
    "orders",
    "order_line_items",
    "order_status_changes",
    "purchase_orders",
    "purchase_order_lines",
    "extraction_issues",
    "extraction_runs",
)
_PROBLEMS_SHOWN = 20


class DemoFailedError(Exception):
    """The warehouse does not hold what the upstreams hold."""


def tell(directory: Path, customers: int, purchase_orders: int, days: int) -> None:
    """Load the sandbox into a warehouse twice, show what came of it, and check it.

    Args:
        directory: An empty directory; logs, the tap's messages and a page of the
            warehouse are left in it.
        customers: How many customers the partner has.
        purchase_orders: How many purchase orders AppZen has.
        days: How far the sandbox's clock moves between the runs.

    Raises:
        DemoFailedError: The warehouse does not hold what the sandbox does.
        PageError: The page could not be written.
        PipelineError: A run failed.
    """
    world = Sandbox(
        customers=customers,
        purchase_orders=purchase_orders,
        odd_rate=0.05,
        now=_FIRST_DAY,
        freeze_clock=True,
    )
    with world as sandbox, running_warehouse() as warehouse:
        version = warehouse.rows("SHOW server_version")[0][0]
        timezone = warehouse.rows("SHOW timezone")[0][0]
        _say(f"Sandbox     {customers} customers, {purchase_orders} purchase orders")
        _say(f"Warehouse   PostgreSQL {version} in {timezone}, port {warehouse.port}")
        settings = {**sandbox.settings, "run_history": True}
        path = directory / "purchase-orders.xlsx"
        numbers = settings["appzen"]["purchase_order_numbers"]["numbers"]
        section = write_numbers(path, numbers)
        settings["appzen"] = {**settings["appzen"], "purchase_order_numbers": section}
        _say(f"List        {len(numbers)} numbers in {os.path.relpath(path)}")
        pipeline = pipeline_in(
            directory, settings, warehouse.loader_settings, sandbox.environment
        )
        first = _run(1, pipeline, sandbox, warehouse)
        sandbox.advance(timedelta(days=days).total_seconds())
        _say(f"            {days} days go by")
        second = _run(2, pipeline, sandbox, warehouse)
        for part in sections(warehouse, (first, second)):
            _say(f"\n{part}")
        if first.statuses == second.statuses:
            message = "no order has another status after the second run"
            raise DemoFailedError(message)
        _check_records(sandbox, warehouse)
        page = directory / "report.html"
        write_page(warehouse, _now(sandbox), page)
        _say(f"\nReport      {os.path.relpath(page)}")
        _say("            (times of the runs are those of the sandbox's clock)")
        pipeline.record_messages(directory / "messages.jsonl")


def _run(
    number: int, pipeline: Pipeline, sandbox: Sandbox, warehouse: Warehouse
) -> Run:
    """Load what is new, and return what that took and what is there now."""
    _say(f"Run {number}       meltano run tap-purchase-orders target-postgres")
    sandbox.reset_requests()
    began = datetime.now(UTC)
    seconds = pipeline.run(f"run-{number}.log")
    move_times(warehouse, began, _now(sandbox))
    # The log's entries name the upstream; the counts do not.
    asked = Counter(entry["api"] for entry in sandbox.requests(log=True)["log"])
    rows = _row_counts(warehouse)
    _check_tables(rows)
    statuses = warehouse.rows("SELECT coalesce(status, '(none)') FROM orders")
    return Run(seconds, asked, rows, Counter(status for (status,) in statuses))


def _now(sandbox: Sandbox) -> datetime:
    """Return the moment that it is in the sandbox."""
    return datetime.fromisoformat(sandbox.world()["now"])


def _check_tables(rows: dict[str, int]) -> None:
    missing = [name for name in _TABLES if not rows.get(name)]
    if missing:
        message = f"no rows in {', '.join(missing)}"
        raise DemoFailedError(message)
    unwanted = sorted(rows.keys() - set(_TABLES))
    if unwanted:
        message = f"loaded, though off by default: {', '.join(unwanted)}"
        raise DemoFailedError(message)


def _check_records(sandbox: Sandbox, warehouse: Warehouse) -> None:
    """Compare the warehouse with what the sandbox says is true now."""
    truth = checks.true_records(
        customers=_truth(sandbox, "customers"),
        orders=_truth(sandbox, "orders"),
        purchase_orders=_truth(sandbox, "purchase-orders"),
    )
    loaded = checks.loaded_records(
        {
            table: map(checks.exact_json, warehouse.rows_as_json(table))
            for table in truth
        }
    )
    problems = list(checks.differences(truth, loaded))
    if problems:
        shown = problems[:_PROBLEMS_SHOWN]
        count = f"{len(problems):,} differences between sandbox and warehouse, such as"
        raise DemoFailedError("\n  ".join([count, *shown]))
    records = sum(map(len, truth.values()))
    values = checks.count_of_values(truth)
    _say(f"\nChecked: {records:,} records, {values:,} numbers, instants, statuses and")
    _say("currencies in the warehouse are those of the sandbox, digit for digit.")


def _truth(sandbox: Sandbox, what: str) -> list[Any]:
    """Return what a perfect reader would read now, numbers with all their digits."""
    with requests.Session() as session:
        # No proxy and no other certificates for a server on this machine.
        session.trust_env = False
        session.verify = sandbox.environment["REQUESTS_CA_BUNDLE"]
        answer = session.get(f"{sandbox.control_url}/truth/{what}", timeout=120)
    answer.raise_for_status()
    return list(checks.exact_json(answer.text))


def _row_counts(warehouse: Warehouse) -> dict[str, int]:
    """Return the number of rows of each table that was loaded."""
    tables = warehouse.rows(
        "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    )
    found = {name for (name,) in tables}
    ordered = [name for name in _TABLES if name in found]
    names = [*ordered, *sorted(found - set(ordered))]
    return {name: warehouse.row_count(name) for name in names}


def _say(text: str) -> None:
    print(text, flush=True)
