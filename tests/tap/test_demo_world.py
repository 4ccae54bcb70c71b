"""A whole world, over TLS: what the tap emits is what a perfect reader would read."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tap_purchase_orders.sandbox.process import Sandbox
from tests.tap.payload_files import differences, in_utc
from tests.tap.tap import Run, run_tap
from tests.tap.upstream import read_json

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY_SECONDS = 86_400
STEPS = 4
STEP_DAYS = 3
LOOKBACK_DAYS = 8
AT_REST = {
    "completed",
    "cancelled",
    "po_review_rejected",
    "partial_success",
    "error",
    "none",
}
OPTIONS = {
    "seed": 7,
    "customers": 12,
    "orders_per_customer": 5,
    "purchase_orders": 25,
    "now": "2026-03-02T10:00:00Z",
    "freeze_clock": True,
}
Key = tuple[str, ...]


def truth(sandbox: Sandbox, what: str) -> list[dict[str, Any]]:
    """Return what a perfect reader would read now, with exact decimals."""
    answer = requests.get(
        f"{sandbox.control_url}/truth/{what}",
        verify=sandbox.environment["REQUESTS_CA_BUNDLE"],
        timeout=60,
    )
    found: list[dict[str, Any]] = read_json(answer.content)
    return found


def read(sandbox: Sandbox, state: Any = None) -> Run:
    settings = dict(sandbox.settings)
    # So that the list of customers has several pages.
    settings["partner_center"] = {**settings["partner_center"], "page_size": 5}
    return run_tap(settings, state=state, environment=sandbox.environment)


def order_key(order: dict[str, Any]) -> Key:
    return order["referenceCustomerId"], order["id"]


@dataclass
class Visit:
    """One run, and the orders as they were then."""

    orders: dict[Key, dict[str, Any]]
    run: Run


@dataclass
class Story:
    """Runs over a world whose clock moves, each from the state of the one before."""

    visits: list[Visit]
    customers: list[dict[str, Any]]
    purchase_orders: list[dict[str, Any]]
    numbers: list[str]
    first_requests: dict[str, Any]

    @property
    def first(self) -> Run:
        return self.visits[0].run

    @property
    def quiet(self) -> Run:
        return self.visits[1].run


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    with Sandbox(**OPTIONS) as sandbox:
        customers = truth(sandbox, "customers")
        purchase_orders = truth(sandbox, "purchase-orders")
        source = sandbox.settings["appzen"]["purchase_order_numbers"]
        visits: list[Visit] = []
        state = None
        for step in range(2 + STEPS):
            if step > 1:
                sandbox.advance(STEP_DAYS * DAY_SECONDS)
            orders = {order_key(o): o for o in truth(sandbox, "orders")}
            visits.append(Visit(orders, read(sandbox, state)))
            state = visits[-1].run.state
            if step == 0:
                asked = sandbox.requests()
        yield Story(visits, customers, purchase_orders, source["numbers"], asked)


def test_every_run_ends_well(story: Story) -> None:
    for visit in story.visits:
        assert visit.run.status == 0
        assert visit.run.errors == []
        kinds = {issue["kind"] for issue in visit.run.issues()}
        assert kinds == {"forbidden", "not_found"}


def test_the_first_run_emits_every_order_field_by_field(story: Story) -> None:
    orders = story.visits[0].orders
    emitted = story.first.records("orders")

    assert {order_key(record) for record in emitted} == set(orders)
    for record in emitted:
        sent = orders[order_key(record)]
        header = {name: sent[name] for name in sent if name != "lineItems"}
        schema = story.first.schemas["orders"]["schema"]
        assert differences(header, record, schema) == []
        assert record["line_count"] == len(sent["lineItems"])


def test_the_first_run_emits_every_line_item_field_by_field(story: Story) -> None:
    sent = {
        (*key, line["lineItemNumber"]): line
        for key, order in story.visits[0].orders.items()
        for line in order["lineItems"]
    }
    emitted = story.first.records("order_line_items")
    schema = story.first.schemas["order_line_items"]["schema"]

    assert len(emitted) == len(sent)
    for record in emitted:
        key = record["referenceCustomerId"], record["orderId"], record["lineItemNumber"]
        assert differences(sent[key], record, schema) == []


def test_the_first_run_emits_every_customer(story: Story) -> None:
    known = {customer["id"]: customer for customer in story.customers}
    emitted = {record["id"]: record for record in story.first.records("customers")}
    schema = story.first.schemas["customers"]["schema"]

    assert emitted.keys() == known.keys()
    for customer_id, record in emitted.items():
        # The list has fewer fields than a customer that is asked for by its id.
        listed = {n: value for n, value in record.items() if value is not None}
        assert {"id", "companyProfile", "relationshipToPartner"} <= listed.keys()
        assert differences(listed, known[customer_id], schema) == []


def test_every_purchase_order_is_emitted_digit_for_digit(story: Story) -> None:
    sent = {order["purchase_order_number"]: order for order in story.purchase_orders}
    headers = story.first.records("purchase_orders")
    lines = defaultdict(list)
    for line in story.first.records("purchase_order_lines"):
        lines[line["purchase_order_number"]].append(line)
    schemas = {name: m["schema"] for name, m in story.first.schemas.items()}

    assert [r["purchase_order_number"] for r in headers] == [
        number for number in story.numbers if number in sent
    ]
    for record in headers:
        order = dict(sent[record["purchase_order_number"]])
        sent_lines = order.pop("purchase_order_lines", None) or []
        assert differences(order, record, schemas["purchase_orders"]) == []
        own = lines[record["purchase_order_number"]]
        assert record["line_count"] == len(own) == len(sent_lines)
        for raw, line in zip(sent_lines, own, strict=True):
            assert differences(raw, line, schemas["purchase_order_lines"]) == []


def test_what_is_not_there_or_not_open_is_an_issue(story: Story) -> None:
    sent = {order["purchase_order_number"] for order in story.purchase_orders}
    served = {customer_id for customer_id, _ in story.visits[0].orders}
    missing = [number for number in story.numbers if number not in sent]
    refused = [c["id"] for c in story.customers if c["id"] not in served]
    issues = story.first.issues()

    assert len(missing) == 3
    assert len(refused) == 1
    assert [i["record_key"] for i in issues if i["kind"] == "not_found"] == missing
    assert [i["record_key"] for i in issues if i["kind"] == "forbidden"] == refused


def test_each_thing_is_asked_for_once_and_no_limit_is_met(story: Story) -> None:
    asked = story.first_requests["by_resource"]

    assert asked["customers"] == {"200": 3}
    assert asked["orders"] == {"200": len(story.customers) - 1, "403": 1}
    assert asked["purchase_orders"] == {"200": len(story.purchase_orders), "404": 3}
    assert asked["token_v2"] == {"200": 1}


def test_a_quiet_run_emits_no_order_no_line_and_no_change(story: Story) -> None:
    assert set(story.quiet.counts()) == {
        "customers",
        "purchase_orders",
        "purchase_order_lines",
        "extraction_issues",
    }
    assert story.quiet.state == story.first.state


def test_later_runs_emit_exactly_the_new_and_changed_orders(story: Story) -> None:
    emitted_in_all = 0
    for before, after in zip(story.visits[1:], story.visits[2:], strict=False):
        emitted = {order_key(record) for record in after.run.records("orders")}
        assert emitted == news(before.orders, after.orders)
        lines = after.run.records("order_line_items")
        assert len(lines) == sum(len(after.orders[k]["lineItems"]) for k in emitted)
        emitted_in_all += len(emitted)

    assert emitted_in_all > STEPS
    assert emitted_in_all < len(story.visits[0].orders)


def news(
    before: dict[Key, dict[str, Any]], after: dict[Key, dict[str, Any]]
) -> set[Key]:
    """Return the orders that a run has to emit, by the rules of replication."""
    windows: dict[str, str] = defaultdict(str)
    for (customer_id, _), order in before.items():
        start = seven_digits(order, LOOKBACK_DAYS)
        windows[customer_id] = max(windows[customer_id], start)
    due = set()
    for key, order in after.items():
        known = before.get(key)
        is_open = is_moving(order)
        was_open = known is not None and is_moving(known)
        is_recent = seven_digits(order) >= windows[key[0]]
        if (was_open and not is_open) or ((is_open or is_recent) and known != order):
            due.add(key)
    return due


def seven_digits(order: dict[str, Any], days_earlier: int = 0) -> str:
    """Return a moment before an order was created, as text that sorts by time."""
    whole, _, fraction = in_utc(order["creationDate"]).rstrip("Z").partition(".")
    moment = dt.datetime.fromisoformat(whole) - dt.timedelta(days=days_earlier)
    return f"{moment.isoformat()}.{fraction:0<7}"


def is_moving(order: dict[str, Any]) -> bool:
    status = order.get("status")
    return status is not None and status.lower() not in AT_REST


def test_the_story_of_every_status_is_whole(story: Story) -> None:
    told = defaultdict(list)
    for visit in story.visits:
        for change in visit.run.records("order_status_changes"):
            told[change["referenceCustomerId"], change["orderId"]].append(change)
    seen: dict[Any, list[Any]] = defaultdict(list)
    for visit in story.visits:
        for key, order in visit.orders.items():
            status = order.get("status")
            if status is not None and seen[key][-1:] != [status]:
                seen[key].append(status)

    for key, changes in told.items():
        statuses = [change["status"] for change in changes]
        # A story that began before an order was followed is known from there on.
        assert statuses == seen[key][-len(statuses) :]
        assert [c["previousStatus"] for c in changes] == [None, *statuses[:-1]]
        numbers = [c["sequence"] for c in changes]
        assert numbers == sorted(set(numbers))


def test_uploads_are_seen_to_move(story: Story) -> None:
    stories = defaultdict(list)
    for visit in story.visits:
        for change in visit.run.records("order_status_changes"):
            stories[change["orderId"]].append(change["status"])
    uploads = {tuple(s) for s in stories.values() if s[0] == "pending_po_upload"}

    assert any(s[1:2] == ("po_upload_complete",) for s in uploads)
    assert any(s[-1] == "completed" for s in uploads)
    assert any(s[-1] == "po_review_rejected" for s in uploads)
    assert any(s == ("pending_po_upload",) for s in uploads)


def test_a_world_of_oddities_and_faults_is_read_to_the_end() -> None:
    options = OPTIONS | {"customers": 8, "odd_rate": 0.5, "fault_rate": 0.2}
    with Sandbox(**options) as sandbox:
        orders = {order_key(order) for order in truth(sandbox, "orders")}
        purchase_orders = truth(sandbox, "purchase-orders")
        run = read(sandbox)
        statuses = sandbox.requests()["by_resource"]

    assert run.status == 0
    assert {order_key(record) for record in run.records("orders")} == orders
    assert len(run.records("purchase_orders")) == len(purchase_orders)
    assert {issue["kind"] for issue in run.issues()} <= {
        "not_found",
        "unreadable_value",
        "irregular_line",
        "invalid_record",
    }
    faults = {status for counts in statuses.values() for status in counts}
    assert faults & {"500", "503", "429", "none"}
