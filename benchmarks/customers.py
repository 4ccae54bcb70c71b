"""What a run costs as the customers grow: `python -m benchmarks.customers`.

Processor time, STATE bytes, memory and requests of a first run, of a quiet one, and of
one that the activity log guides, over a partner of three orders a customer. The
upstream is a function: there are no sockets, so all time is the tap's own.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import logging
import resource
import subprocess
import sys
import tempfile
import time
import uuid
from dataclasses import asdict, dataclass
from decimal import Decimal
from email.utils import format_datetime
from pathlib import Path
from typing import Any, TextIO, cast

import msgspec
from requests import PreparedRequest

from demo.tables import table
from tap_purchase_orders.asking.transport import Request, Response, Transport
from tap_purchase_orders.tap import TapPurchaseOrders

_PAGE_SIZE = 500
_ACTIVE_CUSTOMERS = 40
_MOST_TIMES_FOR_TENFOLD = 12.0
_NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
_LATER = _NOW + dt.timedelta(hours=1)
_MEGABYTE = 1024 * 1024
# The unit of a process's peak memory: bytes on macOS, KiB elsewhere (getrusage(2)).
_MEMORY_UNIT_BYTES = 1 if sys.platform == "darwin" else 1024

_encode = msgspec.json.encode


class Partner:
    """Answers for a partner with any number of customers.

    Args:
        count: How many customers there are.
        now: The time by its clock.
    """

    def __init__(self, count: int, now: dt.datetime) -> None:
        self._ids = [str(uuid.UUID(int=(1 << 100) + 7919 * n)) for n in range(count)]
        self._numbers = {customer_id: n for n, customer_id in enumerate(self._ids)}
        self._headers = {"Date": format_datetime(now, usegmt=True)}
        self._sent = PreparedRequest()
        self._sent.prepare_headers({})
        self.requests = 0

    def send(self, request: Request) -> Response:
        """Return the answer to a request."""
        self.requests += 1
        parts = request.url.partition("?")[0].split("/")
        if parts[-1] == "orders":
            body = self._orders(parts[-2])
        elif parts[-1] == "auditrecords":
            body = self._activity()
        else:
            body = self._page(int(request.headers.get("MS-ContinuationToken", "0")))
        return Response(200, "OK", self._headers, body, self._sent)

    def _page(self, start: int) -> bytes:
        end = start + _PAGE_SIZE
        body: dict[str, Any] = {
            "items": [
                {"id": customer_id, "companyProfile": {"companyName": "Contoso"}}
                for customer_id in self._ids[start:end]
            ]
        }
        if end < len(self._ids):
            token = {"key": "MS-ContinuationToken", "value": str(end)}
            uri = "/customers?seekOperation=Next"
            body["links"] = {"next": {"uri": uri, "headers": [token]}}
        return _encode(body)

    def _orders(self, customer_id: str) -> bytes:
        number = self._numbers[customer_id]
        orders = [self._order(customer_id, number, year) for year in range(3)]
        return _encode({"items": orders})

    def _order(self, customer_id: str, number: int, year: int) -> dict[str, Any]:
        # One customer in two hundred has an order that is still open.
        is_open = year == 2 and number % 200 == 0  # noqa: PLR2004
        return {
            "id": f"{number:08x}{year:04x}",
            "referenceCustomerId": customer_id,
            "billingCycle": "monthly",
            "currencyCode": "USD",
            "creationDate": f"202{year}-03-08T17:38:57.5217119Z",
            "status": "pending" if is_open else "completed",
            "lineItems": [
                {"lineItemNumber": line, "offerId": "CFQ7:0001:CFQ8", "quantity": 1}
                for line in range(3)
            ],
        }

    def _activity(self) -> bytes:
        step = max(1, len(self._ids) // _ACTIVE_CUSTOMERS)
        active = self._ids[1::step][:_ACTIVE_CUSTOMERS]
        moment = (_NOW + dt.timedelta(minutes=30)).isoformat()
        records = [
            {"resourceType": "order", "customerId": each, "operationDate": moment}
            for each in active
        ]
        return _encode({"items": records})


class _Counted:
    """Standard output that is counted and thrown away, but for the last STATE."""

    def __init__(self) -> None:
        self.buffer = self
        self.total_bytes = self.state_bytes = self.state_lines = 0
        self.last_state = b"{}"

    def write(self, text: bytes) -> None:
        self.total_bytes += len(text)
        for line in bytes(text).splitlines():
            if line.startswith(b'{"type":"STATE"'):
                self.state_lines += 1
                self.state_bytes += len(line)
                self.last_state = line

    def flush(self) -> None:
        """Do nothing: nothing is kept."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run took; times in seconds, sizes in bytes."""

    run: str
    customers: int
    requests: int
    cpu_seconds: float
    total_bytes: int
    state_lines: int
    state_bytes: int
    peak_bytes: int


def run_here(name: str, customers: int, state: Path) -> Cost:
    """Run the tap in this process; its last state goes on in the file."""
    is_first = name.startswith("first")
    section = {
        "auth": {"method": "bearer_token", "token": "benchmark"},
        "max_requests_per_minute": 1_000_000,
        "change_detection": "activity_log" if name.endswith("log") else "full",
    }
    partner = Partner(customers, _NOW if is_first else _LATER)

    def send(_: Transport, request: Request) -> Response:
        return partner.send(request)

    Transport.send = send  # type: ignore[assignment,method-assign]
    logging.disable(logging.WARNING)
    before = json.loads(state.read_bytes()) if state.exists() else {}
    counted, real = _Counted(), sys.stdout
    began = time.process_time()
    tap = TapPurchaseOrders(config={"partner_center": section}, state=before)
    sys.stdout = cast("TextIO", counted)
    try:
        tap.sync_all()
    finally:
        sys.stdout = real
    seconds = time.process_time() - began
    state.write_bytes(_encode(json.loads(counted.last_state)["value"]))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _MEMORY_UNIT_BYTES
    return Cost(
        name,
        customers,
        partner.requests,
        seconds,
        counted.total_bytes,
        counted.state_lines,
        counted.state_bytes,
        peak,
    )


def run_elsewhere(name: str, customers: int, state: Path) -> Cost:
    """Run the tap in a process of its own, so that its memory is its own."""
    line = [sys.executable, "-m", "benchmarks.customers", "--one", name, str(state)]
    done = subprocess.run(  # noqa: S603  # this very program
        [*line, "--customers", str(customers)],
        capture_output=True,
        check=True,
        timeout=1800,
    )
    return Cost(**json.loads(done.stdout))


def main() -> int:
    """Measure, print a table, and return 1 where the costs grow too fast."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        name, state = arguments.one
        cost = run_here(name, arguments.customers[0], Path(state))
        print(json.dumps(asdict(cost)))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        costs = [
            run_elsewhere(
                f"{turn}, {mode}", customers, Path(folder) / f"{customers}-{mode}.json"
            )
            for customers in arguments.customers
            for mode in ("full", "log")
            for turn in ("first", "quiet")
        ]
    _print(costs)
    return 0 if _is_linear(costs) else 1


def _print(costs: list[Cost]) -> None:
    headings = (
        "run",
        "customers",
        "requests",
        "CPU s",
        "us a customer",
        "STATE lines",
        "STATE MB",
        "all MB",
        "peak MB",
    )
    rows = [
        (
            cost.run,
            cost.customers,
            cost.requests,
            Decimal(f"{cost.cpu_seconds:.1f}"),
            round(1e6 * cost.cpu_seconds / cost.customers),
            cost.state_lines,
            Decimal(f"{cost.state_bytes / _MEGABYTE:.1f}"),
            Decimal(f"{cost.total_bytes / _MEGABYTE:.1f}"),
            round(cost.peak_bytes / _MEGABYTE),
        )
        for cost in costs
    ]
    print(table(headings, rows))


def _is_linear(costs: list[Cost]) -> bool:
    """Return whether ten times the customers cost no more than twelve times as much."""
    by_run: dict[str, list[Cost]] = {}
    for cost in costs:
        by_run.setdefault(cost.run, []).append(cost)
    is_linear = True
    for name, (small, *_, large) in by_run.items():
        growth = large.customers / small.customers / 10 * _MOST_TIMES_FOR_TENFOLD
        cpu = large.cpu_seconds / small.cpu_seconds
        state = large.state_bytes / max(1, small.state_bytes)
        print(f"{name}: CPU x{cpu:.1f}, STATE bytes x{state:.1f}, limit x{growth:.0f}")
        is_linear &= cpu <= growth and state <= growth
    return is_linear


if __name__ == "__main__":
    sys.exit(main())
