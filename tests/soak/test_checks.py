"""The comparison itself: it notices what it is there to notice."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from .comparison import EXTRACTED, check_budget, check_everything, check_incremental
from .findings import Findings
from .observations import Observation
from .plan import Settings
from .steps import StepWatch, check_steps
from .truth import Order, Rows, World, as_row

CUSTOMER, OLD, NEW = "c1", "old", "new"
SETTINGS = Settings(include_price=True)
START = dt.datetime(2026, 3, 2, 10, tzinfo=dt.UTC)
AT = "2026-03-02T10:00:01"


def header(order_id: str, status: str, price: str) -> dict[str, Any]:
    return {
        "referenceCustomerId": CUSTOMER,
        "id": order_id,
        "creationDate": "2026-03-01T10:00:00.1234567Z",
        "status": status,
        "totalPrice": Decimal(price),
        "line_count": 1,
    }


def line(order_id: str, quantity: int = 3) -> dict[str, Any]:
    return {
        "referenceCustomerId": CUSTOMER,
        "orderId": order_id,
        "lineItemNumber": 0,
        "quantity": quantity,
    }


def order(order_id: str, status: str, price: str = "12.50") -> Order:
    days = {OLD: 90, NEW: 1}[order_id]
    rows: dict[str, Rows] = {
        "orders": {
            (CUSTOMER, order_id): as_row("orders", header(order_id, status, price))
        },
        "order_line_items": {
            (CUSTOMER, order_id, 0): as_row("order_line_items", line(order_id))
        },
    }
    return Order(
        START - dt.timedelta(days=days), status, is_system_purchase=False, rows=rows
    )


def seen(day: int, old: str, new: str = "completed", **parts: Any) -> Observation:
    world = World(
        START + dt.timedelta(days=day),
        [CUSTOMER],
        {CUSTOMER: {OLD: order(OLD, old), NEW: order(NEW, new)}},
        {"purchase_orders": {}, "purchase_order_lines": {}, "order_attachments": {}},
    )
    return replace(Observation(world, SETTINGS, is_complete=True, counts=True), **parts)


def tables(old: str, new: str = "completed") -> dict[str, list[dict[str, Any]]]:
    """Return the tables as they are right for these statuses."""
    age = {EXTRACTED: AT}
    return {
        "customers": [{"id": CUSTOMER}],
        "orders": [
            header(OLD, old, "12.50") | age,
            header(NEW, new, "12.50") | age,
        ],
        "order_line_items": [line(OLD) | age, line(NEW) | age],
        "purchase_orders": [],
        "purchase_order_lines": [],
    }


def found(
    observations: list[Observation], rows: dict[str, list[dict[str, Any]]]
) -> list[str]:
    findings = Findings()
    check_incremental(rows, observations, findings)
    return [f"{finding.kind} {finding.stream}" for finding in findings.found]


def test_tables_that_are_right_are_right() -> None:
    assert found([seen(0, "pending"), seen(1, "completed")], tables("completed")) == []


def test_an_open_order_must_not_be_stale() -> None:
    observations = [seen(0, "pending"), seen(1, "po_upload_complete")]

    assert found(observations, tables("pending")) == ["row differs orders"]


def test_an_order_that_was_open_must_not_be_stale() -> None:
    observations = [seen(0, "pending"), seen(1, "completed")]

    assert found(observations, tables("pending")) == ["row differs orders"]


def test_an_order_at_rest_outside_the_window_may_be_stale() -> None:
    observations = [seen(0, "completed"), seen(1, "cancelled")]

    assert found(observations, tables("completed")) == []
    assert found(observations, tables("cancelled")) == []
    assert found(observations, tables("pending")) == ["row differs orders"]


def test_an_order_at_rest_inside_the_window_must_not_be_stale() -> None:
    observations = [
        seen(0, "completed", "completed"),
        seen(1, "completed", "cancelled"),
    ]

    assert found(observations, tables("completed", "completed")) == [
        "row differs orders"
    ]


def test_after_a_run_that_may_have_failed_the_last_complete_one_counts() -> None:
    observations = [
        seen(0, "pending"),
        seen(1, "completed", is_complete=False),
        seen(2, "cancelled"),
    ]

    assert found(observations, tables("cancelled")) == []
    assert found(observations, tables("completed")) == ["row differs orders"]


def test_prices_that_were_asked_for_later_must_be_there() -> None:
    before = seen(0, "completed", settings=Settings())
    rows = tables("completed")
    rows["orders"][0]["totalPrice"] = None

    assert found([before, seen(1, "completed")], rows) == ["row differs orders"]


@pytest.mark.parametrize(
    ("stream", "column", "value"),
    [
        ("orders", "totalPrice", Decimal("12.5")),
        ("orders", "totalPrice", Decimal("12.51")),
        ("orders", "creationDate", "2026-03-01T15:45:00.123456"),
        ("order_line_items", "quantity", 4),
    ],
)
def test_every_digit_counts(stream: str, column: str, value: Any) -> None:
    rows = tables("completed")
    rows[stream][0][column] = value

    assert found([seen(0, "completed")], rows) == [f"row differs {stream}"]


def test_a_row_that_is_missing_or_not_wanted_is_noticed() -> None:
    rows = tables("completed")
    rows["orders"][0]["id"] = "another"

    assert sorted(found([seen(0, "completed")], rows)) == [
        "row missing orders",
        "row unexpected orders",
    ]


def test_a_line_of_another_time_than_its_header_is_noticed() -> None:
    rows = tables("completed")
    rows["order_line_items"][0][EXTRACTED] = "2026-03-01T00:00:00"

    assert found([seen(0, "completed")], rows) == [
        "line of another time than its header order_line_items"
    ]


def test_after_a_full_table_run_nothing_may_be_stale() -> None:
    findings = Findings()
    check_everything(tables("completed"), seen(1, "cancelled"), findings)

    assert [finding.kind for finding in findings.found] == ["row differs"]


def test_a_number_that_the_budget_never_reached_is_noticed() -> None:
    findings = Findings()
    table = [{"purchase_order_number": "P1", EXTRACTED: AT}]
    check_budget(table, {("P1",), ("P2",)}, "2026-03-02T00:00:00", findings)
    check_budget(table, {("P1",)}, "2026-03-03T00:00:00", findings)

    assert [finding.key for finding in findings.found] == [("P2",), ("P1",)]


ATTACHMENT = {
    "referenceCustomerId": CUSTOMER,
    "orderId": OLD,
    "attachmentId": "a1",
    "fileName": "PO_Part1.pdf",
    "sizeInKB": 12,
    "attachmentType": "POAttachment",
}


def uploads(*statuses: str, selected_since: int) -> list[Observation]:
    """Return runs that see an order whose file is there from the second on."""
    observations = []
    for day, status in enumerate(statuses):
        rows = {(CUSTOMER, OLD, "a1"): as_row("order_attachments", ATTACHMENT)}
        streams = {"order_attachments"} if day >= selected_since else set()
        observation = seen(day, status, streams=frozenset(streams))
        if day:
            observation.world.rows["order_attachments"].update(rows)
        observations.append(observation)
    return observations


def test_the_attachments_of_an_upload_must_be_there() -> None:
    observations = uploads("pending_po_upload", "completed", selected_since=0)
    rows = tables("completed") | {"order_attachments": []}

    assert found(observations, rows) == ["row missing order_attachments"]
    rows["order_attachments"] = [ATTACHMENT]
    assert found(observations, rows) == []
    rows["order_attachments"] = [ATTACHMENT | {"sizeInKB": 13}]
    assert found(observations, rows) == ["row differs order_attachments"]


def test_attachments_from_before_their_selection_are_missed_by_another_name() -> None:
    statuses = ("pending_po_upload", "completed", "completed")
    observations = uploads(*statuses, selected_since=2)
    rows = tables("completed") | {"order_attachments": []}

    assert found(observations, rows) == [
        "attachment from before the selection missing order_attachments"
    ]


Steps = dict[int, tuple[str | None, str]]


def step_rows(steps: Steps, order_id: str = OLD) -> list[dict[str, Any]]:
    return [
        {
            "referenceCustomerId": CUSTOMER,
            "orderId": order_id,
            "sequence": sequence,
            "previousStatus": before,
            "status": after,
            "observedAt": f"{before} to {after}",
        }
        for sequence, (before, after) in steps.items()
    ]


def watched(*tables_in_turn: Steps, is_kept: bool = True) -> tuple[StepWatch, set[str]]:
    watch = StepWatch()
    kinds = set()
    for steps in tables_in_turn:
        for finding in watch.look(step_rows(steps), "a run", is_kept=is_kept):
            kinds.add(finding.kind)
    return watch, kinds


def test_steps_that_are_added_are_right() -> None:
    first: Steps = {1: (None, "pending")}

    assert watched(first, first, first | {5: ("pending", "completed")})[1] == set()


def test_a_step_that_becomes_another_is_noticed() -> None:
    before: Steps = {1: (None, "pending")}
    after: Steps = {1: (None, "suspended")}

    assert watched(before, after)[1] == {"step overwritten"}


def test_a_first_step_may_become_another_where_no_state_was_left() -> None:
    before: Steps = {1: (None, "pending"), 106: ("pending", "completed")}
    watch, kinds = watched(before, before | {1: (None, "suspended")}, is_kept=False)

    assert (kinds, watch.seen_anew) == (set(), 1)
    changed = before | {106: ("pending", "cancelled")}
    assert watched(before, changed, is_kept=False)[1] == {"step overwritten"}


def test_a_step_that_is_gone_is_noticed() -> None:
    assert watched({1: (None, "pending")}, {})[1] == {"step gone"}


def test_a_sequence_that_falls_behind_is_noticed() -> None:
    before: Steps = {5: (None, "pending")}

    assert watched(before, before | {2: ("pending", "completed")})[1] == {
        "sequence does not grow"
    }


def lost(observations: list[Observation], steps: Steps) -> list[str]:
    findings = Findings()
    watch = StepWatch()
    rows = step_rows(steps) + step_rows({1: (None, "completed")}, NEW)
    assert list(watch.look(rows, "a run", is_kept=True)) == []
    check_steps(watch, observations, findings)
    return [finding.kind for finding in findings.found]


def test_a_change_between_two_complete_runs_must_have_its_row() -> None:
    observations = [seen(0, "pending"), seen(1, "completed")]

    assert lost(observations, {1: (None, "pending")}) == ["step lost"]
    assert lost(observations, {1: (None, "pending"), 2: (None, "completed")}) == [
        "step lost"
    ]
    assert lost(observations, {1: (None, "pending"), 2: ("pending", "completed")}) == []


def test_a_run_in_between_may_have_seen_more() -> None:
    observations = [
        seen(0, "pending_po_upload"),
        seen(1, "po_upload_complete", is_complete=False),
        seen(2, "completed"),
    ]
    steps: Steps = {
        1: (None, "pending_po_upload"),
        2: ("pending_po_upload", "po_upload_complete"),
        3: ("po_upload_complete", "completed"),
    }

    assert lost(observations, steps) == []
    direct: Steps = {1: steps[1], 2: ("pending_po_upload", "completed")}
    assert lost(observations, direct) == []


def test_the_first_status_that_was_seen_must_have_its_row() -> None:
    assert lost([seen(0, "pending")], {}) == ["step lost"]


def test_a_status_that_never_was_is_noticed() -> None:
    steps: Steps = {1: (None, "pending"), 2: ("pending", "suspended")}

    assert lost([seen(0, "pending")], steps) == ["step that never was"]
