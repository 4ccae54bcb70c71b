"""A partner whose orders move, runs of the tap over it, and a loader's tables.

The tap is as it is, from the client of Partner Center to the state; only the asking is
replaced.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field
from email.utils import format_datetime
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

from tap_purchase_orders.clients.partner_center import PartnerCenter
from tap_purchase_orders.concurrency.cancellation import CancelToken
from tap_purchase_orders.errors import UpstreamRefusedError
from tap_purchase_orders.extraction import customer_plan
from tap_purchase_orders.extraction.batch import Selection
from tap_purchase_orders.extraction.factory import partner_center_extraction
from tap_purchase_orders.http.api_response import ApiResponse, RequestFailure
from tap_purchase_orders.http.budget import Budget
from tap_purchase_orders.http.rate_limit import Pace
from tap_purchase_orders.incremental.state import State
from tap_purchase_orders.records.issues import UNREAD_KINDS
from tap_purchase_orders.settings.load import load_settings
from tap_purchase_orders.settings.schema import settings_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_purchase_orders.extraction.batch import Batch
    from tap_purchase_orders.extraction.partner_center import PartnerCenterExtraction
    from tap_purchase_orders.http.response_reader import ApiRequest
    from tests.unit.json_values import Json

DAY = dt.timedelta(days=1)
# Not at a full hour: full reads are due by the hour, and the two clocks differ.
BEGINNING = dt.datetime(2024, 3, 1, 0, 30, tzinfo=dt.UTC)
# GUIDs: the same in either case.
C1, C2, C3 = (f"c0000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3))
SCHEMA = settings_schema()
KEYS = {
    "customers": ("id",),
    "orders": ("referenceCustomerId", "id"),
    "order_line_items": ("referenceCustomerId", "orderId", "lineItemNumber"),
    "order_status_changes": ("referenceCustomerId", "orderId", "sequence"),
    "order_attachments": ("referenceCustomerId", "orderId", "attachmentId"),
}
PO_STATES = {"pending_po_upload", "po_upload_complete"}


@dataclass
class Order:
    """An order of the world.

    Attributes:
        has_reopened: It rested and moved again: a change between two rests may never
            be seen.
    """

    customer: str
    name: str
    created: dt.datetime
    status: str
    quantity: int = 1
    by_system: bool = False
    has_reopened: bool = False

    @property
    def price(self) -> int:
        """What it costs."""
        return self.quantity * 10

    def raw(self, *, with_price: bool) -> Json:
        """Return the order as Partner Center sends it."""
        return {
            "id": self.name,
            "referenceCustomerId": self.customer,
            "creationDate": self.created.isoformat(),
            "status": self.status,
            "transactionType": "SystemPurchase" if self.by_system else "UserPurchase",
            "lineItems": [{"lineItemNumber": 0, "quantity": self.quantity}],
            **({"totalPrice": self.price} if with_price else {}),
        }


@dataclass
class World:
    """A partner and its orders, and what goes wrong with asking for them.

    Attributes:
        now: The time by the upstream's clock.
        ahead: By how much the tap's clock is ahead of it.
        activity: When orders of which customer were touched.
        failing: Paths that answer with 503, by a part of them.
        refuses_prices: Orders with prices are refused.
        attachments_read: The orders whose attachments were asked for.
        cancel_token: Ends the requests of a run.
    """

    customers: tuple[str, ...] = (C1, C2, C3)
    orders: list[Order] = field(default_factory=list)
    now: dt.datetime = BEGINNING
    ahead: dt.timedelta = dt.timedelta(seconds=90)
    activity: list[tuple[dt.datetime, str]] = field(default_factory=list)
    failing: frozenset[str] = frozenset()
    refuses_prices: bool = False
    attachments_read: list[str] = field(default_factory=list)
    cancel_token: CancelToken = field(default_factory=CancelToken)
    _ticks: Iterator[int] = field(default_factory=count)

    def clock(self) -> dt.datetime:
        """Return the time by the tap's clock, which goes on with each look."""
        return self.now + self.ahead + next(self._ticks) * dt.timedelta(microseconds=1)

    @property
    def budget(self) -> Budget:
        """Requests without a limit."""
        return Budget(None, self.cancel_token)

    def touch(self, order: Order) -> None:
        """Write an order into the activity log."""
        self.activity.append((self.now, order.customer))

    def send(self, api_request: ApiRequest) -> ApiResponse | RequestFailure:
        """Answer as Partner Center would."""
        url = urlsplit(api_request.url)
        if any(part in url.path for part in self.failing):
            return RequestFailure(
                "unavailable", "HTTP 503: No", self.clock(), http_status=503
            )
        parts, query = url.path.split("/")[2:], parse_qs(url.query)
        match parts:
            case ["customers"]:
                return self._answer([{"id": name} for name in self.customers])
            case ["customers", name]:
                return self._answer(None, {"id": name})
            case ["auditrecords"]:
                return self._answer(
                    [
                        {
                            "resourceType": "order",
                            "customerId": customer,
                            "operationDate": at.isoformat(),
                        }
                        for at, customer in self.activity
                        if at.date().isoformat() >= query["startDate"][0]
                    ]
                )
            case ["customers", customer, "orders"]:
                return self._orders(customer, query)
            case ["customers", _, "orders", name, "attachments"]:
                self.attachments_read.append(name)
                return self._answer([{"attachmentId": "a", "fileName": "po.pdf"}])
        raise AssertionError(url.path)

    def noted(self, failure: RequestFailure, about: str = "") -> RequestFailure:
        """Return a failure."""
        assert about
        return failure

    def named(self, message: str, _exchange: str | None) -> str:
        """Return a message."""
        return message

    def _orders(
        self, customer: str, query: dict[str, list[str]]
    ) -> ApiResponse | RequestFailure:
        with_price = "include_price" in query
        if with_price and self.refuses_prices:
            return RequestFailure(
                "forbidden", "No", self.clock(), http_status=403, error_code="800043"
            )
        return self._answer(
            [
                order.raw(with_price=with_price)
                for order in self.orders
                if order.customer == customer
                and (not order.by_system or "include_system_purchases" in query)
            ]
        )

    def _answer(
        self, items: list[Json] | None, body: Json | None = None
    ) -> ApiResponse:
        body = body or {"items": items, "totalCount": len(items or ())}
        date = format_datetime(self.now, usegmt=True)
        return ApiResponse(
            body=body, received_at=self.clock(), headers=_Headers({"Date": date})
        )


class _Headers(dict[str, str]):
    """Header fields."""


class _NoLimit:
    """An allowance without an end."""

    pace: ClassVar[Pace] = Pace(0.0, is_waiting=False, most_per_second=1e9)


@dataclass
class Setup:
    """What a run is told to do, which may change from run to run."""

    streams: frozenset[str] = frozenset(KEYS)
    include_price: bool = False
    include_system_purchases: bool = False
    start_date: dt.datetime | None = None
    lookback_days: int = 8
    change_detection: str = "full"
    customer_ids: tuple[str, ...] = ()
    full_table_days: int | None = None
    full_table: bool = False

    def sees(self, order: Order) -> bool:
        """Return whether an order is one of those that are asked for."""
        return (
            (not self.customer_ids or order.customer in self.customer_ids)
            and (self.start_date is None or order.created >= self.start_date)
            and (self.include_system_purchases or not order.by_system)
        )


@dataclass
class Warehouse:
    """Tables as a loader keeps them: the row that came last by each key.

    Attributes:
        tables: By stream and key, when a row was extracted and the row.
        replaced: Steps that were overwritten by another one.
        lost_prices: Orders whose price was replaced by none.
        of_killed_runs: Keys of rows, with their streams, that a run wrote which was
            killed before a state spoke of them. The next run cannot know of them.
    """

    tables: dict[str, dict[tuple[Any, ...], tuple[dt.datetime, Json]]] = field(
        default_factory=lambda: {name: {} for name in KEYS}
    )
    replaced: list[tuple[Json, Json]] = field(default_factory=list)
    lost_prices: list[Json] = field(default_factory=list)
    of_killed_runs: set[tuple[str, tuple[Any, ...]]] = field(default_factory=set)
    _acknowledged: set[tuple[str, tuple[Any, ...]]] = field(default_factory=set)
    _of_this_run: set[tuple[str, tuple[Any, ...]]] = field(default_factory=set)

    def begin_run(self) -> None:
        """Take in that what is not acknowledged yet never will be."""
        self.of_killed_runs |= self._of_this_run
        self._of_this_run.clear()

    def load(self, stream: str, row: Json, extracted: dt.datetime) -> None:
        """Take a row in."""
        key = tuple(row[name] for name in KEYS[stream])
        table = self.tables[stream]
        _, before = table.get(key, (None, None))
        if stream == "order_status_changes" and before is not None:
            is_another = before["status"] != row["status"]
            # The first step of an order of a first run has no state behind it.
            if is_another and (
                row["sequence"] > 1 or (stream, key) in self._acknowledged
            ):
                self.replaced.append((before, row))
        if stream == "orders" and before is not None:
            is_lost = before["totalPrice"] is not None and row["totalPrice"] is None
            is_known = (stream, key) not in self.of_killed_runs
            self.lost_prices += [row] if is_lost and is_known else []
        self._of_this_run.add((stream, key))
        table[key] = (extracted, row)

    def acknowledge(self) -> None:
        """Take in that a state speaks of all rows that this run has written."""
        self._acknowledged |= self._of_this_run
        self.of_killed_runs -= self._of_this_run
        self._of_this_run.clear()

    def copy(self) -> dict[str, dict[tuple[Any, ...], Json]]:
        """Return the rows of the orders, without when they were extracted."""
        return {
            name: dict(self.tables[name])
            for name in ("orders", "order_line_items", "order_status_changes")
        }

    def steps(self, order: Order) -> list[Json]:
        """Return the steps of an order by their numbers."""
        found = [
            row
            for _, row in self.tables["order_status_changes"].values()
            if (row["referenceCustomerId"], row["orderId"])
            == (order.customer, order.name)
        ]
        return sorted(found, key=lambda row: row["sequence"])


@dataclass
class Outcome:
    """What came of a run.

    Attributes:
        state: The value of its last STATE message.
        is_failed: It ended with status 1.
        written: How many orders it wrote.
    """

    state: Json
    is_failed: bool
    written: int


def run(  # noqa: PLR0913
    world: World,
    setup: Setup,
    state: Json,
    warehouse: Warehouse,
    *,
    killed_after: int | None = None,
    state_every: int = 1,
) -> Outcome:
    """Run the tap, and load what it writes.

    Args:
        world: What there is.
        setup: What the run is told.
        state: What the last run left.
        warehouse: Where the rows go.
        killed_after: Only so many rows come through, and no more of the state.
        state_every: After how many answers there is a STATE line.
    """
    taken = State(json.loads(json.dumps(state)))
    last, written, is_failed, rows_left = state, 0, False, killed_after
    warehouse.begin_run()
    batches = _extraction(world, setup, taken).batches(lambda: None)
    try:
        for number, batch in enumerate(batches):
            for stream, row in _rows(batch, setup):
                if rows_left == 0:
                    return Outcome(last, is_failed=True, written=written)
                rows_left = None if rows_left is None else rows_left - 1
                written += stream == "orders"
                warehouse.load(stream, row, batch.received_at)
            is_failed |= any(it.kind in UNREAD_KINDS for it in batch.issues)
            if batch.checkpoint is not None:
                batch.checkpoint()
            if number % state_every == 0:
                last = taken.value()
                warehouse.acknowledge()
    except UpstreamRefusedError:
        is_failed = True
    finally:
        batches.close()  # type: ignore[attr-defined]
    if killed_after is not None:
        return Outcome(last, is_failed=True, written=written)
    warehouse.acknowledge()
    return Outcome(taken.value(), is_failed, written)


def _extraction(world: World, setup: Setup, state: State) -> PartnerCenterExtraction:
    config = {
        "partner_center": {
            "api_url": "https://127.0.0.1",
            "auth": {"method": "bearer_token", "token": "t"},
            "include_price": setup.include_price,
            "include_system_purchases": setup.include_system_purchases,
            "lookback_days": setup.lookback_days,
            "change_detection": setup.change_detection,
            "customer_ids": list(setup.customer_ids),
            "full_table_days": setup.full_table_days,
            "max_concurrency": 1,
        }
    }
    if setup.start_date is not None:
        config["start_date"] = setup.start_date.isoformat()  # type: ignore[assignment]
    settings = load_settings(config, SCHEMA)
    section = settings.partner_center
    assert section is not None
    # Each run has a token of its own: the run before it may have been killed.
    world.cancel_token = CancelToken()
    client = PartnerCenter(section, world, _NoLimit)  # type: ignore[arg-type]
    full_table = {"orders", "order_line_items"} if setup.full_table else set()
    selection = Selection(setup.streams, setup.streams & full_table)
    with patch.object(customer_plan, "now", world.clock):
        return partner_center_extraction(settings, section, client, state, selection)


def _rows(batch: Batch, setup: Setup) -> Iterator[tuple[str, Json]]:
    for stream, row in batch.rows:
        if stream in setup.streams:
            yield stream, row
