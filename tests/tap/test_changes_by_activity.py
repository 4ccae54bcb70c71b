"""The activity log picks the customers to read, and loses no change by that."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest

from tap_purchase_orders.sandbox.process import Sandbox
from tests.tap.tap import Run, run_tap
from tests.tap.upstream import Asked, Reply, Upstream, json_reply
from tests.tap.worlds import collection, order, partner_center, serve_customers

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY_SECONDS = 86_400
NOW = "2026-03-02T10:00:00Z"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    options = {"seed": 7, "customers": 16, "orders_per_customer": 4}
    with Sandbox(purchase_orders=0, now=NOW, freeze_clock=True, **options) as started:
        yield started


def read(sandbox: Sandbox, way: str, state: Any = None) -> tuple[Run, dict[str, Any]]:
    """Return a run, and how many requests of each resource it has cost."""
    sandbox.reset_requests()
    section = {**sandbox.settings["partner_center"], "change_detection": way}
    config = {"partner_center": section}
    run = run_tap(config, state=state, environment=sandbox.environment)
    asked = sandbox.requests()["by_resource"]
    return run, {name: sum(counts.values()) for name, counts in asked.items()}


def emitted(run: Run) -> set[tuple[str, str]]:
    return {(r["referenceCustomerId"], r["id"]) for r in run.records("orders")}


def test_the_log_saves_requests_and_loses_no_order(sandbox: Sandbox) -> None:
    first, asked = read(sandbox, "activity_log")
    assert asked["orders"] == 16
    state, saved, found = first.state, 0, 0
    for _ in range(2):
        sandbox.advance(DAY_SECONDS)
        full, _ = read(sandbox, "full", state)
        quick, asked = read(sandbox, "activity_log", state)

        assert quick.status == 0
        assert emitted(quick) == emitted(full)
        assert asked["auditrecords"] >= 1
        saved += 16 - asked["orders"]
        found += len(emitted(quick))
        state = quick.state
    assert saved > 0
    assert found > 0


def test_the_log_is_followed_by_the_upstreams_own_clock(sandbox: Sandbox) -> None:
    now = sandbox.world()["now"]
    first, _ = read(sandbox, "activity_log")
    read(sandbox, "activity_log", first.state)
    targets = [
        entry["target"]
        for entry in sandbox.requests(log=True)["log"]
        if entry["resource"] == "auditrecords"
    ]

    starts = [
        part.partition("=")[2]
        for target in targets
        for part in target.partition("?")[2].split("&")
        if part.startswith("startDate=")
    ]
    assert starts
    assert max(starts) <= now[:10]


RESOURCES = ["order", "subscription", "transfer", "new_commerce_migration"]


@pytest.mark.parametrize("resource", RESOURCES)
def test_an_order_is_found_by_whatever_made_it(resource: str) -> None:
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=5)

    def log(asked: Asked) -> Reply:
        wanted = json.loads(dict(parse_qsl(asked.query))["filter"])["Value"]
        record = {
            "resourceType": resource,
            "customerId": "C2",
            "operationDate": soon.isoformat(),
        }
        return json_reply(collection([record] if wanted == resource else []))

    listed = {name: [order(f"{name}-1", name)] for name in ("c1", "c2", "c3")}
    with Upstream() as upstream:
        serve_customers(upstream, listed)
        upstream.answer("/v1/auditrecords", log)
        section = partner_center(upstream, change_detection="activity_log")
        first = run_tap({"partner_center": section})
        listed["c2"].append(order("c2-2", "c2"))
        serve_customers(upstream, listed)
        upstream.asked.clear()
        second = run_tap({"partner_center": section}, state=first.state)
        asked = {each.path for each in upstream.asked if "/orders" in each.path}

    assert [r["id"] for r in second.records("orders")] == ["c2-2"]
    assert asked == {"/v1/customers/c2/orders"}


def test_every_customer_is_read_when_the_log_cannot_be(sandbox: Sandbox) -> None:
    first, _ = read(sandbox, "activity_log")
    sandbox.faults([{"when": {"resource": "auditrecords"}, "answer": {"status": 403}}])

    run, asked = read(sandbox, "activity_log", first.state)

    sandbox.faults([])
    assert asked["orders"] == 16
    assert run.status == 0
    assert any("activity log" in line for line in run.warnings)
