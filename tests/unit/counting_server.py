"""A server in simulated time that counts requests when they reach it."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

from tap_purchase_orders.http.rate_limit import Permit, RateLimiter
from tests.unit.fake_time import FakeTime

# Times are multiples of 1/64 of a second, so that sums of them are exact.
TICK = 1 / 64
WINDOW = 60.0


@dataclass(order=True)
class UnderWay:
    """A request that has its place, until it is answered."""

    answered_at: float
    serial: int
    place: Permit = field(compare=False)
    status: int = field(compare=False)


class Server:
    """Counts requests, each at some moment between its sending and its answer.

    Attributes:
        sent: When each request was sent.
        stamps: When the server counted it.
        status: How it answers.
    """

    def __init__(self, limit: int, window: float = WINDOW) -> None:
        self.time = FakeTime()
        self.time.on_passing = self._answer_until
        self.limiter = RateLimiter(limit, window, self.time, self.time.clock)
        self.sent: list[float] = []
        self.stamps: list[float] = []
        self.status = 200
        self._under_way: list[UnderWay] = []

    def ask(self, pause: int, latency: int, share: float) -> None:
        """Send a request as soon as it may be sent.

        Args:
            pause: Ticks before anybody wants to send it.
            latency: Ticks until its answer.
            share: Which part of these have passed when the server counts it.
        """
        self.time.pass_until(self.time.now + pause * TICK)
        outbound = int(latency * share)
        self.send(outbound * TICK, (latency - outbound) * TICK)

    def send(self, outbound: float, back: float) -> None:
        """Send a request as soon as it may be sent.

        Args:
            outbound: Seconds until the server counts it.
            back: Seconds from then to its answer.
        """
        permit = self.limiter.permit()
        permit.__enter__()
        now = self.time.now
        self.sent.append(now)
        self.stamps.append(now + outbound)
        ended = UnderWay(now + outbound + back, len(self.sent), permit, self.status)
        heapq.heappush(self._under_way, ended)
        # What takes no time is answered before the next is sent.
        self._answer_until(now)

    def _answer_until(self, moment: float) -> None:
        while self._under_way and self._under_way[0].answered_at <= moment:
            first = heapq.heappop(self._under_way)
            self.time.now = max(self.time.now, first.answered_at)
            first.place.status = first.status
            first.place.__exit__(None, None, None)


def never_more(server: Server, limit: int, window: float = WINDOW) -> bool:
    """Return whether no window of the server's, wherever it begins, held more."""
    stamps = sorted(server.stamps)
    later = stamps[limit:]
    # Windows of fractions of a second are not exact.
    return all(
        other - one >= window - 1e-9 for one, other in zip(stamps, later, strict=False)
    )
