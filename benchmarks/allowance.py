"""How much of an allowance can be used: `python -m benchmarks.allowance`.

Ten minutes of simulated time for each row: requests are sent as soon as the limiter
lets them, to a server that counts each when it arrives. Printed in Markdown; the exit
status is 1 if a window of the server's ever held more than the limit.
"""

from __future__ import annotations

import heapq
from random import Random
from typing import TYPE_CHECKING

from typing_extensions import override

from benchmarks.markdown import table
from tap_purchase_orders.concurrency.cancellation import CancelToken
from tap_purchase_orders.http.rate_limit import RateLimiter

if TYPE_CHECKING:
    from tap_purchase_orders.http.rate_limit import Permit

_SECONDS = 600.0
_GOOD = 200
# The parts of the way there, of the work and of the way back in the least latency.
_PARTS = (0.3, 0.5, 0.2)
# Limit, window, least latency and mean jitter, all in seconds.
_ROWS = (
    (20, 1.0, 0.05, 0.0),
    (20, 1.0, 0.05, 0.02),
    (20, 1.0, 0.05, 0.05),
    (20, 1.0, 0.2, 0.02),
    (20, 1.0, 0.2, 0.1),
    (20, 1.0, 0.5, 0.3),
    (20, 1.0, 2.0, 0.0),
    (20, 1.0, 2.0, 1.0),
    (500, 60.0, 0.05, 0.05),
    (500, 60.0, 2.0, 2.0),
    (500, 60.0, 5.0, 3.0),
)
# Fractions of two are not exact.
_ROUNDING = 1e-9


class _Simulation(CancelToken):
    """A server and its clock, which only goes on when something waits."""

    def __init__(self, limit: int, window: float) -> None:
        super().__init__()
        self.now = 0.0
        self.stamps: list[float] = []
        self._limiter = RateLimiter(limit, window, self, lambda: self.now)
        self._under_way: list[tuple[float, int, Permit]] = []

    @override
    def wait(self, seconds: float) -> None:
        self._go_on(self.now + seconds)

    def send(self, outbound: float, back: float) -> None:
        """Send a request that the server counts after some of its time."""
        permit = self._limiter.permit().__enter__()
        self.stamps.append(self.now + outbound)
        answered_at = self.now + outbound + back
        heapq.heappush(self._under_way, (answered_at, len(self.stamps), permit))
        self._go_on(self.now)

    def _go_on(self, moment: float) -> None:
        while self._under_way and self._under_way[0][0] <= moment:
            self.now, _, permit = heapq.heappop(self._under_way)
            permit.status = _GOOD
            permit.__exit__(None, None, None)
        self.now = moment


def main() -> int:
    """Simulate and print the table; return the exit status."""
    rows = []
    is_kept = True
    for limit, window, latency, jitter in _ROWS:
        stamps = _stamps(limit, window, latency, jitter)
        later = zip(stamps, stamps[limit:], strict=False)
        is_kept &= all(other - one >= window - _ROUNDING for one, other in later)
        used = len(stamps) * window / (limit * _SECONDS)
        plain = window / (window + latency + jitter)
        unit = "second" if window == 1 else "minute"
        times = [f"{1000 * seconds:,.0f} ms" for seconds in (latency, jitter)]
        rows.append([f"{limit} a {unit}", *times, f"{plain:.1%}", f"{used:.1%}"])
    headings = ["limit", "least latency", "jitter", "whole window", "limiter"]
    print(table(headings, rows))
    return 0 if is_kept else 1


def _stamps(limit: int, window: float, latency: float, jitter: float) -> list[float]:
    """Return when requests arrive, in their order."""
    random = Random(0)  # noqa: S311  # no secret
    simulation = _Simulation(limit, window)
    while simulation.now < _SECONDS:
        there, work, back = (
            latency * part + (random.expovariate(3 / jitter) if jitter else 0.0)
            for part in _PARTS
        )
        simulation.send(there, work + back)
    return sorted(simulation.stamps)


if __name__ == "__main__":
    raise SystemExit(main())
