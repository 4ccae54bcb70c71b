"""A world of the sandbox, read by two runs of the tap and loaded into PostgreSQL.

All streams are selected. Between the runs days go by, orders move, and two purchase
orders get something that the sandbox has none of: a line less, and lines that are open
while their header is closed.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tap_purchase_orders.sandbox.process import Sandbox
from tests.pipeline.postgres import Postgres, loader, running_postgres
from tests.sandboxes import DAY_SECONDS, NOW, Caller
from tests.tap.tap import Run, catalog_of, run_tap
from tests.tap.worlds import selection

SCHEMA = "purchasing"
STREAMS = sorted(
    path.stem for path in (Path(__file__).parents[2] / "schemas").glob("*.json")
)
# What is left of a purchase order that had four lines: open, cancelled, and one of two
# currencies.
LINES_LEFT = [
    {
        "line_number": 1,
        "amount": {"amount": 10.5, "currency": "EUR"},
        "received_amount": {"amount": 0.5, "currency": "EUR"},
        "uninvoiced_amount": {"amount": 4.25, "currency": "EUR"},
    },
    {
        "line_number": 2,
        "amount": {"amount": 20, "currency": "EUR"},
        "uninvoiced_amount": {"amount": 7.5, "currency": "EUR"},
        "cancel_flag": True,
    },
    {
        "line_number": 3,
        "amount": {"amount": 30, "currency": "EUR"},
        "uninvoiced_amount": {"amount": 7, "currency": "USD"},
    },
]
_DAYS_BETWEEN = 9
Record = dict[str, Any]
Key = tuple[Any, ...]


@dataclass(frozen=True)
class LoadedWorld:
    """What was read, and the database that holds it.

    Attributes:
        postgres: The server; the loaded tables are in `SCHEMA`.
        runs: The two runs.
        orders: What a perfect reader would read of the orders at the end.
        purchase_orders: The same of the purchase orders.
        shortened: Number of the purchase order that lost line 4.
    """

    postgres: Postgres
    runs: tuple[Run, Run] = field(repr=False)
    orders: list[Record] = field(repr=False)
    purchase_orders: list[Record] = field(repr=False)
    shortened: str

    def key_of(self, stream: str, record: Record) -> Key:
        """Return the key of a record, in the order of the stream's key properties."""
        names = self.runs[0].schemas[stream]["key_properties"]
        return tuple(record[name] for name in names)

    def latest(self, stream: str) -> dict[Key, Record]:
        """Return the last RECORD message of each key, over both runs."""
        rows = [row for run in self.runs for row in run.rows(stream)]
        return {self.key_of(stream, row["record"]): row for row in rows}


def loaded_world(config: pytest.Config) -> LoadedWorld:
    """Return the world of this test session, made when it is first asked for."""
    loader()
    if _WORLD not in config.stash:
        cleanup = ExitStack()
        config.add_cleanup(cleanup.close)
        config.stash[_WORLD] = _make(cleanup.enter_context(running_postgres()))
    return config.stash[_WORLD]


_WORLD = pytest.StashKey[LoadedWorld]()


def _make(postgres: Postgres) -> LoadedWorld:
    world = Sandbox(
        seed=3,
        customers=10,
        orders_per_customer=4,
        purchase_orders=30,
        odd_rate=0.1,
        now=NOW,
        freeze_clock=True,
        appzen_requests_per_second=1000,
    )
    with world as sandbox, Caller(sandbox) as caller:
        settings = {**sandbox.settings, "run_history": True}
        # The provisioning status is for users; an App-only token does not open it.
        settings["partner_center"] = {
            **settings["partner_center"],
            "auth": {"method": "bearer_token", "token": caller.user_token()},
        }
        settings["appzen"] = {**settings["appzen"], "max_requests_per_second": 1000}
        environment = sandbox.environment
        discovered = run_tap(settings, "--discover", environment=environment)
        catalog = selection(catalog_of(discovered), *STREAMS)
        first = run_tap(settings, catalog=catalog, environment=environment)
        sandbox.advance(_DAYS_BETWEEN * DAY_SECONDS)
        patches = _patches(sandbox.truth("purchase-orders"))
        sandbox.faults(
            [
                {"when": {"purchase_order": number}, "answer": {"merge": patch}}
                for number, patch in patches.items()
            ]
        )
        second = run_tap(
            settings, state=first.state, catalog=catalog, environment=environment
        )
        orders = sandbox.truth("orders")
        purchase_orders = sandbox.truth("purchase-orders")
    for order in purchase_orders:
        order.update(patches.get(order["purchase_order_number"], {}))
    for run in (first, second):
        assert run.status == 0, run.log
        postgres.load(run.output, SCHEMA)
    shortened, _ = patches
    return LoadedWorld(postgres, (first, second), orders, purchase_orders, shortened)


def _patches(orders: list[Record]) -> dict[str, Record]:
    """Return what AppZen says otherwise, by the numbers of purchase orders.

    Of the open ones, the first with four lines loses the last one, and one of which
    something is left to invoice is closed with its lines open.
    """
    is_open = [o for o in orders if o["appzen_purchase_order_status"] == "PO_ISSUED"]
    shortened, closed = (
        next(order["purchase_order_number"] for order in is_open if fits(order))
        for fits in (_has_four_lines, _has_something_left)
    )
    return {
        shortened: {"purchase_order_lines": LINES_LEFT},
        closed: {"appzen_purchase_order_status": "PO_CLOSED"},
    }


def _has_four_lines(order: Record) -> bool:
    lines = order.get("purchase_order_lines") or []
    return [line.get("line_number") for line in lines] == [1, 2, 3, 4]


def _has_something_left(order: Record) -> bool:
    lines = order.get("purchase_order_lines") or []
    return not _has_four_lines(order) and any(
        Decimal(str(line["uninvoiced_amount"]["amount"])) > 0 for line in lines
    )
