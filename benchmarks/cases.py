"""What is measured: which records of which upstream, how many, and how fast it answers.

Volumes are multiples of a first one. What a record costs is the slope between volumes
two and eight; what a run costs however small it is stands beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchmarks.contestants.job import PAGE_SIZE
from benchmarks.simulator import other_bodies
from benchmarks.simulator.control import Scene

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.contestants.job import Lines, Upstream
    from benchmarks.simulator.control import Maker

EVERYBODY = ("tap", "stock", "tuned", "dlt", "limit")
# Those that ask one after another would only show how long that takes.
MANY_IN_FLIGHT = ("tap", "dlt", "limit")

FIRST_VOLUME = 1
SLOPE_VOLUMES = (2, 8)
IN_FLIGHT = 16
_LATENCY_MS = 50
# Also in the simulator's bodies, which the measured programs do not import.
LINES_PER_ORDER = 3
LINES_PER_PURCHASE_ORDER = 10


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much there is at the first volume.

    Attributes:
        customers: Customers of the partner.
        orders_per_customer: Orders of each of them.
        purchase_orders: Purchase orders.
        quiet_customers: Customers of the partner who has no news.
    """

    customers: int = 50
    orders_per_customer: int = 25
    purchase_orders: int = 250
    quiet_customers: int = 10_000

    def times(self, factor: int) -> Sizes:
        """Return sizes so many times as large, but for the partner without news."""
        return Sizes(
            self.customers * factor,
            self.orders_per_customer,
            self.purchase_orders * factor,
            self.quiet_customers,
        )


QUICK = Sizes(customers=2, purchase_orders=5, quiet_customers=200)


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of work.

    Attributes:
        name: What it is called on the command line.
        title: What it is called in tables.
        upstream: Whose records are read.
        lines: What becomes of the lines.
        contestants: Who does it.
        volumes: At which volumes it is measured.
        latency_ms: How long every answer takes at least.
        is_odd: Whether one record in a hundred is odd.
        maker: Who makes the bodies.
        unknown: The name of a member of them that no schema knows, if they have one.
        settings: Settings of the SDK, for the taps.
        deselected: Members of the header that are not selected, by their names.
        is_full_table: Whether the header's stream is `FULL_TABLE`.
    """

    name: str
    title: str
    upstream: Upstream
    lines: Lines
    contestants: tuple[str, ...] = EVERYBODY
    volumes: tuple[int, ...] = SLOPE_VOLUMES
    latency_ms: int = 0
    is_odd: bool = False
    maker: Maker = "sandbox"
    unknown: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    deselected: tuple[tuple[str, ...], ...] = ()
    is_full_table: bool = False

    @property
    def unit(self) -> str:
        """What is counted: orders or purchase orders."""
        return "POs" if self.upstream == "appzen" else "orders"

    def scene(self, sizes: Sizes, volume: int) -> Scene:
        """Return what the upstream is to be like."""
        return Scene(
            customers=sizes.customers * volume,
            orders_per_customer=self._orders_per_customer(sizes),
            latency_ms=self.latency_ms,
            is_odd=self.is_odd,
            maker=self.maker,
            unknown=self.unknown,
        )

    def numbers(self, sizes: Sizes, volume: int) -> list[str]:
        """Return the purchase orders to read."""
        if self.upstream != "appzen":
            return []
        return [f"PO-{index:07d}" for index in range(sizes.purchase_orders * volume)]

    def requests(self, sizes: Sizes, volume: int) -> int:
        """Return how many requests it takes."""
        if self.upstream == "appzen":
            return sizes.purchase_orders * volume
        customers = sizes.customers * volume
        return customers + -(-customers // PAGE_SIZE)

    def records(self, sizes: Sizes, volume: int) -> dict[str, int]:
        """Return how many records of each stream there are to be."""
        if self.upstream == "appzen":
            header, lines, per_header = _APPZEN_STREAMS
            count = sizes.purchase_orders * volume
            if self.maker != "sandbox":
                per_header = other_bodies.LINES_PER_PURCHASE_ORDER[self._is_large]
        else:
            header, lines, per_header = _PARTNER_CENTER_STREAMS
            count = sizes.customers * self._orders_per_customer(sizes) * volume
        children = {lines: count * per_header} if self.lines == "children" else {}
        return {header: count} | children

    @property
    def _is_large(self) -> bool:
        return self.maker == "other-large"

    def _orders_per_customer(self, sizes: Sizes) -> int:
        if self.maker == "sandbox":
            return sizes.orders_per_customer
        return other_bodies.ORDERS_PER_CUSTOMER[self._is_large]

    def headers(self, sizes: Sizes, volume: int) -> int:
        """Return how many orders or purchase orders there are."""
        return next(iter(self.records(sizes, volume).values()))


_APPZEN_STREAMS = ("purchase_orders", "purchase_order_lines", LINES_PER_PURCHASE_ORDER)
_PARTNER_CENTER_STREAMS = ("orders", "order_line_items", LINES_PER_ORDER)

ORDERS_WITH_LINES = Case(
    "orders-lines", "orders with 3 line items", "partner_center", "children"
)
PURCHASE_ORDERS_WITH_LINES = Case(
    "purchase-orders-lines", "POs with 10 lines", "appzen", "children"
)
SLOW_ORDERS = Case(
    "orders-lines-slow",
    f"orders with 3 line items, {_LATENCY_MS} ms an answer",
    "partner_center",
    "children",
    MANY_IN_FLIGHT,
    # One request brings many orders: more of them, so that start-up is not all.
    volumes=(32,),
    latency_ms=_LATENCY_MS,
)
SLOW_PURCHASE_ORDERS = Case(
    "purchase-orders-lines-slow",
    f"POs with 10 lines, {_LATENCY_MS} ms an answer",
    "appzen",
    "children",
    MANY_IN_FLIGHT,
    volumes=(8,),
    latency_ms=_LATENCY_MS,
)
CASES = (
    ORDERS_WITH_LINES,
    PURCHASE_ORDERS_WITH_LINES,
    SLOW_ORDERS,
    SLOW_PURCHASE_ORDERS,
    Case("orders", "orders without line items", "partner_center", "none"),
    Case("purchase-orders", "POs without lines", "appzen", "none"),
    Case("orders-inside", "line items inside orders", "partner_center", "inside"),
    Case("purchase-orders-inside", "lines inside POs", "appzen", "inside"),
    Case(
        "orders-lines-odd",
        "orders with 3 line items, 1 % odd",
        "partner_center",
        "children",
        is_odd=True,
    ),
    Case(
        "purchase-orders-lines-odd",
        "POs with 10 lines, 1 % odd",
        "appzen",
        "children",
        is_odd=True,
    ),
)
# Two runs of the tap alone, of which only the requests count.
QUIET = "quiet"
QUICK_CASES = (
    "orders-lines",
    "purchase-orders-lines",
    "purchase-orders-lines-slow",
    QUIET,
)
