"""What asking costs without an upstream: `python -m benchmarks.asking`.

The limiter and the look-ahead stand between every request and its answer. Here nothing
is sent: the answer is there at once, or after a while that is only waited for. What is
left is processor time of the tap's own, printed in Markdown, in microseconds a request.
"""

from __future__ import annotations

import argparse
import time
from functools import partial
from itertools import repeat
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.machine import about, about_text
from benchmarks.markdown import table
from tap_purchase_orders.concurrency.cancellation import CancelToken
from tap_purchase_orders.concurrency.ordered_map import ordered_map
from tap_purchase_orders.http.concurrency_limit import ConcurrencyLimiter
from tap_purchase_orders.http.rate_limit import RateLimiter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_MICROSECONDS = 1e6
_GOOD = 200
# Nobody waits for this one.
_ENDLESS = 10_000_000
# Requests a second where the allowance is in use to the last place.
_PER_SECOND = 1_000
_LATENCY_SECONDS = 0.005


class _Clock:
    """A clock that goes on by one request at a time."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def limiter(count: int, _: int) -> None:
    """Take a place and give it back, in an allowance that is never used up."""
    _ask_alone(RateLimiter(_ENDLESS, 1.0, CancelToken()), _Clock(), count)


def limiter_in_use(count: int, _: int) -> None:
    """Take a place and give it back, in one that is all but used up."""
    clock = _Clock()
    _ask_alone(RateLimiter(_PER_SECOND, 1.0, CancelToken(), clock), clock, count)


def look_ahead(count: int, workers: int) -> None:
    """Have a task done on another thread, and take its result in turn."""
    _take_all(lambda: None, count, workers)


def all_together(count: int, workers: int) -> None:
    """Look ahead, and take the places that every request takes."""
    _take_all(_request(workers, lambda: None), count, workers)


def with_latency(count: int, workers: int) -> None:
    """Do the same where each answer is waited for."""
    wait = partial(CancelToken().wait, _LATENCY_SECONDS)
    _take_all(_request(workers, wait), count, workers)


_MEASURED: dict[str, tuple[Callable[[int, int], None], float]] = {
    "limiter": (limiter, 1),
    "limiter, allowance in use": (limiter_in_use, 1),
    "look-ahead": (look_ahead, 1),
    "look-ahead, in flight, limiter": (all_together, 1),
    # By far the slowest.
    f"the same, {_LATENCY_SECONDS * 1000:.0f} ms an answer": (with_latency, 0.1),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the table."""
    options = _parser().parse_args(arguments)
    rows = []
    for name, (measured, part) in _MEASURED.items():
        count = max(1, int(options.requests * part))
        costs = [_cost(measured, count, options.workers) for _ in range(options.turns)]
        rows.append([name, *(f"{cost:.1f}" for cost in (median(costs), min(costs)))])
    print(about_text(about()))
    print(f"{options.requests:,} requests, {options.workers} workers\n")
    print(table(["microseconds of processor time a request", "median", "least"], rows))
    return 0


def _ask_alone(allowance: RateLimiter, clock: _Clock, count: int) -> None:
    # A little slower than it may be, lest it waits.
    step = 1.01 / _PER_SECOND
    for _ in range(count):
        clock.now += step
        with allowance.permit() as permit:
            permit.status = _GOOD


def _request(workers: int, send: Callable[[], None]) -> Callable[[], None]:
    """Return what makes one request, within all limits."""
    cancel_token = CancelToken()
    in_flight = ConcurrencyLimiter(workers, cancel_token)
    allowance = RateLimiter(_ENDLESS, 1.0, cancel_token)

    def request() -> None:
        with in_flight.slot() as slot, allowance.permit() as permit:
            send()
            permit.status = _GOOD
            slot.is_served = True

    return request


def _take_all(task: Callable[[], None], count: int, workers: int) -> None:
    for _ in ordered_map(
        repeat(task, count), workers=workers, cancel_token=CancelToken()
    ):
        pass


def _cost(measured: Callable[[int, int], None], count: int, workers: int) -> float:
    """Return microseconds of processor time a request."""
    before = time.process_time()
    measured(count, workers)
    return (time.process_time() - before) / count * _MICROSECONDS


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.asking",
        description="Measures what the limiter and the look-ahead cost a request.",
    )
    for name, default, text in (
        ("--requests", 100_000, "requests of each kind"),
        ("--workers", 16, "requests at once"),
        ("--turns", 5, "how often each is measured"),
    ):
        parser.add_argument(
            name, type=int, default=default, metavar="N", help=f"{text}; %(default)s"
        )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
