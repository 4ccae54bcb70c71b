"""Any history of runs leaves the warehouse as the world is, and loses no step.

Orders come and move; runs are killed, fail in part, take everything, begin from an
older state; settings, streams and customers change in between.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tap_purchase_orders.incremental.statuses import is_moving
from tests.unit.order_histories import (
    BEGINNING,
    C1,
    C2,
    C3,
    DAY,
    KEYS,
    PO_STATES,
    Order,
    Setup,
    Warehouse,
    World,
    run,
)

if TYPE_CHECKING:
    from tests.unit.json_values import Json

OPEN = ("pending", "pending_po_upload", "po_upload_complete", "suspended")
REST = ("completed", "cancelled", "po_review_rejected")
STREAMS = ("orders", "order_line_items", "order_status_changes", "order_attachments")
FIRST_DAY = BEGINNING - 400 * DAY


class History:
    """A world and a warehouse, from the first run on."""

    def __init__(self) -> None:
        self.world = World()
        self.warehouse = Warehouse()
        self.setup = Setup()
        self.state: Json = {}
        self.older_state: Json = {}
        self.has_gone_back = False
        self.has_left_out_prices = False
        for customer in self.world.customers:
            self.order(customer, 300, "completed", "user")
            self.order(customer, 250, "completed", "system")
            self.order(customer, 20, "po_review_rejected", "user")
            self.order(customer, 5, "pending_po_upload", "user")
            self.order(customer, 0, "pending", "user")

    # The world

    def order(self, customer: str, days_ago: int, status: str, kind: str) -> None:
        """Let an order show: new, or one of long ago."""
        by_system = kind == "system"
        created = self.world.now - days_ago * DAY
        name = f"o{len(self.world.orders)}"
        new = Order(customer, name, created, status, by_system=by_system)
        self.world.orders.append(new)
        self.world.touch(new)

    def move(self, place: int, status: str) -> None:
        """Let the status of an order move, or its lines while it is open."""
        if not self.world.orders:
            return
        order = self.world.orders[place % len(self.world.orders)]
        if is_moving(order.status):
            order.quantity += place % 2
        elif not is_moving(status):
            return
        else:
            order.has_reopened = True
        order.status = status
        self.world.touch(order)

    def wait(self, hours: int) -> None:
        """Let time go by."""
        self.world.now += dt.timedelta(hours=hours)

    # What people do

    def change(self, name: str, value: Any) -> None:
        """Change a setting, the selection, or the customers."""
        changed = replace(self.setup, **{name: value})
        self.has_left_out_prices |= not changed.include_price
        if name not in {"start_date", "include_system_purchases"}:
            self.setup = changed
            return
        # What shows late between the two runs of which the second asks for less is not
        # told from what was there.
        self.run()
        self.setup = changed
        self.run()

    # Runs

    def run(self, **options: Any) -> None:
        """Run the tap, and go on from what it leaves."""
        self.older_state = self.state
        outcome = run(self.world, self.setup, self.state, self.warehouse, **options)
        self.state = outcome.state

    def run_in_trouble(self, failing: str) -> None:
        """Run while something cannot be read."""
        self.world.failing = frozenset({failing})
        self.run()
        self.world.failing = frozenset()

    def run_without_prices(self) -> None:
        """Run while prices are refused."""
        self.world.refuses_prices = True
        self.run()
        self.world.refuses_prices = False

    def run_from_the_state_before(self) -> None:
        """Run from the state that the last run began with, as after a restore."""
        # Without any state steps begin at 1 again: docs/how-to/full-read.md.
        if self.older_state:
            self.has_gone_back = True
            self.state = self.older_state
        self.run()

    def run_over_everything(self) -> None:
        """Run with FULL_TABLE in the metadata."""
        setup = self.setup
        self.setup = replace(setup, full_table=True)
        self.run()
        self.setup = setup

    # What has to be true

    def check(self) -> None:
        """Check that the warehouse is what the world is, after a run that was good."""
        assert self.warehouse.replaced == []
        for order in self.world.orders:
            if self.setup.sees(order):
                self._check_order(order)

    def _was_told_before(self, order: Order, steps: list[Json]) -> bool:
        """Return whether an order is back where a restored state has it.

        Between the two it moved, and only rows behind that state tell so.
        """
        parts = self.older_state.get("bookmarks", {}).get("orders", {})
        known = {
            order_id: status
            for partition in parts.get("partitions", [])
            for order_id, (status, *_) in partition.get("followed_orders", {}).items()
        }
        is_same = known.get(order.name) == order.status
        is_told = any(row["status"] == order.status for row in steps)
        return self.has_gone_back and is_same and is_told

    def _check_order(self, order: Order) -> None:
        tables, key = self.warehouse.tables, (order.customer, order.name)
        steps = self.warehouse.steps(order)
        of_killed_runs = self.warehouse.of_killed_runs
        if "order_status_changes" in self.setup.streams:
            assert steps, order
            newest = max(
                steps,
                key=lambda row: (row["observedAt"], row["sequence"]),
            )
            is_passed_over = order.has_reopened and not is_moving(order.status)
            is_passed_over |= self._was_told_before(order, steps)
            assert is_passed_over or newest["status"] == order.status, (order, steps)
            if not self.has_gone_back:
                times = [
                    row["observedAt"]
                    for row in steps
                    if ("order_status_changes", (*key, row["sequence"]))
                    not in of_killed_runs
                ]
                assert times == sorted(times)
        if order.has_reopened and not is_moving(order.status):
            return
        extracted = None
        if "orders" in self.setup.streams:
            extracted, header = tables["orders"][key]
            assert (header["status"], header["line_count"]) == (order.status, 1)
            # Of rows without prices, a state of before does not know.
            is_known = not (self.has_gone_back and self.has_left_out_prices)
            if self.setup.include_price and is_known:
                assert header["totalPrice"] == order.price
        if "order_line_items" in self.setup.streams:
            at, line = tables["order_line_items"][(*key, 0)]
            assert line["quantity"] == order.quantity
            is_known = ("orders", key) not in of_killed_runs
            assert extracted is None or at >= extracted or not is_known
        if "order_attachments" in self.setup.streams and order.status in PO_STATES:
            assert (*key, "a") in tables["order_attachments"]


customers = st.sampled_from([C1, C2, C3])
statuses = st.sampled_from([*OPEN, *REST])
orders = st.tuples(
    st.just("order"),
    customers,
    st.sampled_from([0, 0, 0, 3, 100, 300]),
    statuses,
    st.sampled_from(["user", "user", "user", "system"]),
)
moves = st.tuples(st.just("move"), st.integers(0, 30), statuses)
waits = st.tuples(st.just("wait"), st.sampled_from([1, 1, 30, 24 * 12]))
selections = st.sets(st.sampled_from(STREAMS), min_size=1).map(frozenset)
changes = st.one_of(
    st.tuples(st.just("change"), st.just("streams"), selections),
    st.tuples(st.just("change"), st.just("streams"), st.just(frozenset(KEYS))),
    st.tuples(st.just("change"), st.just("include_price"), st.booleans()),
    st.tuples(st.just("change"), st.just("include_system_purchases"), st.booleans()),
    st.tuples(
        st.just("change"),
        st.just("start_date"),
        st.sampled_from([None, BEGINNING - 200 * DAY, BEGINNING]),
    ),
    st.tuples(st.just("change"), st.just("lookback_days"), st.sampled_from([0, 8, 90])),
    st.tuples(
        st.just("change"),
        st.just("change_detection"),
        st.sampled_from(["full", "activity_log"]),
    ),
    st.tuples(
        st.just("change"),
        st.just("customer_ids"),
        st.sampled_from([(), (C1,), (C2.upper(), C1)]),
    ),
    st.tuples(
        st.just("change"), st.just("full_table_days"), st.sampled_from([None, 1])
    ),
)
runs = st.one_of(
    st.tuples(st.just("run")),
    st.tuples(st.just("killed"), st.integers(0, 12), st.integers(1, 3)),
    st.tuples(st.just("run_in_trouble"), st.sampled_from([f"/{C1}/", "/o1/", "/o2/"])),
    st.tuples(st.just("run_without_prices")),
    st.tuples(st.just("run_from_the_state_before")),
    st.tuples(st.just("run_over_everything")),
)
rounds = st.tuples(
    st.lists(st.one_of(moves, moves, moves, orders, changes, waits), max_size=4), runs
)
histories = st.lists(rounds, max_size=8)


def play(history: History, event: tuple[Any, ...]) -> None:
    name, *arguments = event
    if name == "killed":
        history.run(killed_after=arguments[0], state_every=arguments[1])
    else:
        getattr(history, name)(*arguments)


@settings(deadline=None, max_examples=100)
@given(st.booleans(), histories)
def test_after_any_history_the_warehouse_equals_the_upstream(
    begins_well: bool,  # noqa: FBT001
    rounds: list[tuple[list[tuple[Any, ...]], tuple[Any, ...]]],
) -> None:
    history = History()
    if begins_well:
        history.run()
    for events, run_of_round in rounds:
        for event in (*events, run_of_round):
            play(history, event)
    history.run()
    history.check()
    asked = {event[:3] for events, _ in rounds for event in events}
    if ("change", "include_price", False) not in asked:
        assert history.warehouse.lost_prices == []
    before = history.warehouse.copy()
    history.run()
    assert history.warehouse.copy() == before


def test_clocks_the_activity_log_is_followed_by_the_clock_that_is_earlier() -> None:
    for customer_ids in ((), (C1,)):
        history = History()
        history.world.ahead = 1000 * DAY
        history.change("change_detection", "activity_log")
        history.change("customer_ids", customer_ids)
        history.run()

        until = history.state["bookmarks"]["orders"]["activity_read_until"]
        assert until[:10] == "2024-03-01" or until[:10] == "2024-02-29"


def test_switching_to_other_customers_loses_no_activity() -> None:
    history = History()
    history.change("change_detection", "activity_log")
    history.run()
    history.change("customer_ids", (C1,))
    history.wait(1)
    history.order(C2, 0, "completed", "user")
    for _ in range(3):
        history.wait(72)
        history.run()
    history.change("customer_ids", ())
    history.run()

    history.check()


def test_every_customer_is_taken_whole_once_in_so_many_days_and_not_at_once() -> None:
    history = History()
    history.world.customers = tuple(f"customer-{number}" for number in range(40))
    for customer in history.world.customers:
        history.order(customer, 300, "completed", "user")
    history.change("full_table_days", 5)
    history.run()
    written = []
    for _ in range(5 * 24):
        history.wait(1)
        before = history.warehouse.copy()["orders"]
        history.run()
        after = history.warehouse.copy()["orders"]
        written.append(sum(after[key] != before[key] for key in after))

    # Each has one order, and one turn; no run takes many of them.
    assert sum(written) == 40
    assert max(written) <= 5


def test_a_customer_that_missed_its_full_read_gets_it_later() -> None:
    history = History()
    history.change("full_table_days", 1)
    history.run()
    old = next(it for it in history.world.orders if it.customer == C1)
    old.quantity = 9
    history.wait(30)
    history.run_in_trouble(f"/{C1}/")
    history.run()

    _, line = history.warehouse.tables["order_line_items"][C1, old.name, 0]
    assert line["quantity"] == 9


def test_attachments_that_are_selected_later_come_for_uploads_that_are_over() -> None:
    history = History()
    history.change("streams", frozenset(KEYS) - {"order_attachments"})
    history.run()
    upload = next(it for it in history.world.orders if it.status in PO_STATES)
    upload.status = "completed"
    for _ in range(3):
        history.wait(24 * 30)
        history.run()
    history.change("streams", frozenset(KEYS))
    history.run_in_trouble(f"/{upload.name}/")
    attachments = history.warehouse.tables["order_attachments"]
    assert (upload.customer, upload.name, "a") not in attachments
    history.run()
    assert (upload.customer, upload.name, "a") in attachments

    # Once: from now on only those of open uploads are asked for.
    history.world.attachments_read.clear()
    history.run()
    is_open = {it.name for it in history.world.orders if is_moving(it.status)}
    assert set(history.world.attachments_read) <= is_open


def test_a_state_without_a_scope_is_carried_over_and_writes_nothing() -> None:
    history = History()
    history.run()
    orders = history.state["bookmarks"]["orders"]
    del orders["scope"]
    for part in orders["partitions"]:
        del part["ids"]
        for order in part["followed_orders"].values():
            # As the first version counted and wrote them.
            order[1] = 1
    before = history.warehouse.copy()
    history.run()

    assert history.warehouse.copy() == before
    assert "scope" in history.state["bookmarks"]["orders"]
