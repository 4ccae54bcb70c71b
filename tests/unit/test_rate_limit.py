from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from tap_purchase_orders.errors import CancelledError
from tap_purchase_orders.http.rate_limit import Permit, RateLimiter
from tests.unit.counting_server import TICK, WINDOW, Server
from tests.unit.fake_time import FakeTime


@pytest.mark.parametrize("limit", [1, 20, 500])
def test_a_burst_up_to_the_limit_passes_at_once(limit: int) -> None:
    server = Server(limit)
    for _ in range(limit):
        server.ask(0, 8, 0.5)

    assert server.time.waits == []
    assert set(server.sent) == {0.0}


def test_one_more_than_the_limit_waits_for_a_window_from_the_first_answer() -> None:
    server = Server(3)
    for _ in range(4):
        server.ask(0, 64, 1)

    assert server.sent == [0, 0, 0, 61.0]


@given(st.integers(1, 5), st.integers(1, 30))
def test_steady_requests_go_as_fast_as_the_limit_allows(
    limit: int, rounds: int
) -> None:
    server = Server(limit)
    for _ in range(limit * rounds):
        server.ask(0, 0, 0)

    # Answers that take no time leave nothing between one window and the next.
    assert server.sent[-1] == (rounds - 1) * WINDOW
    assert all(one <= other for one, other in pairwise(server.sent))


def test_a_permit_is_released_when_the_request_fails() -> None:
    time = FakeTime()
    limiter = RateLimiter(1, WINDOW, time, time.clock)
    with pytest.raises(CancelledError), limiter.permit():
        raise CancelledError

    with limiter.permit():
        assert time.now == WINDOW


def test_a_hold_holds_all_and_the_longest_counts() -> None:
    server = Server(100)
    server.ask(0, 0, 0)
    server.limiter.hold(57.0)
    server.limiter.hold(10.0)
    for _ in range(5):
        server.ask(0, 0, 0)

    assert server.sent == [0.0, 57.0, 57.0, 57.0, 57.0, 57.0]


def test_a_hold_also_applies_to_requests_that_wait_already() -> None:
    time = FakeTime()
    limiter = RateLimiter(1, WINDOW, time, time.clock)
    with limiter.permit():
        pass
    time.on_passing = lambda _moment: limiter.hold(100.0) if time.now == 0 else None

    with limiter.permit():
        assert time.now == 100.0


def test_a_stop_ends_the_waiting_and_takes_no_place() -> None:
    time = FakeTime()
    limiter = RateLimiter(1, WINDOW, time, time.clock)
    with limiter.permit():
        pass
    time.on_passing = lambda _moment: time.cancel()

    with pytest.raises(CancelledError), limiter.permit():
        pytest.fail("there was no place to be had")


def test_after_a_stop_there_is_no_place() -> None:
    time = FakeTime()
    limiter = RateLimiter(1, WINDOW, time, time.clock)
    time.cancel()

    with pytest.raises(CancelledError), limiter.permit():
        pytest.fail("nothing is to be asked any more")
    assert time.waits == []


def test_the_time_waited_is_reported() -> None:
    server = Server(1)
    for _ in range(3):
        server.ask(0, 0, 0)

    assert server.limiter.pace.waited_seconds == 2 * WINDOW


class NoTime(FakeTime):
    """Time in which nobody waits."""

    @override
    def wait(self, seconds: float) -> None:
        raise CancelledError


@dataclass
class Rule:
    """The rule in plain words of Python."""

    limit: int
    most: int = 0
    under_way: list[tuple[float, int, int | None, float, Permit]] = field(
        default_factory=list
    )
    # When each ended that holds its place, and how long good answers took.
    ended: list[float] = field(default_factory=list)
    trips: list[float] = field(default_factory=list)

    def has_room(self, now: float) -> bool:
        while self.ended and self.ended[0] - self.way_back() + 1.0 <= now:
            self.ended.pop(0)
        return len(self.under_way) + len(self.ended) < self.limit

    def way_back(self) -> float:
        is_known = len(self.trips) >= self.most + 20
        return max(0.0, min(self.trips) - 0.005) if is_known else 0.0


# Ticks before it is wanted, ticks until it is answered, and how.
steps = st.tuples(
    st.sampled_from([0, 1, 2, 5, 70]),
    st.integers(4, 40),
    st.sampled_from([200, 404, None]),
)
# So much is concluded from these.
KNOWN = [(8, 30, 200), (8, 20, 404)] * 60


@given(st.integers(4, 12), st.sampled_from([[], KNOWN]), st.lists(steps, min_size=40))
def test_a_permit_is_granted_exactly_when_the_rule_allows(
    limit: int,
    before: list[tuple[int, int, int | None]],
    selection: list[tuple[int, int, int | None]],
) -> None:
    time, rule = NoTime(), Rule(limit)
    limiter = RateLimiter(limit, 1.0, time, time.clock)
    for serial, (pause, latency, status) in enumerate(before + selection):
        until = time.now + pause * TICK
        while rule.under_way and rule.under_way[0][0] <= until:
            time.now, _, ending, sent_at, place = heapq.heappop(rule.under_way)
            place.status = ending
            place.__exit__(None, None, None)
            if ending == 200:
                rule.trips.append(time.now - sent_at)
            held = 0.0 if ending == 200 else rule.way_back()
            rule.ended.append(time.now + held)
        time.now = until
        place = limiter.permit()
        try:
            place.__enter__()
        except CancelledError:
            assert not rule.has_room(time.now)
            continue
        assert rule.has_room(time.now)
        one = (time.now + latency * TICK, serial, status, time.now, place)
        heapq.heappush(rule.under_way, one)
        rule.most = max(rule.most, len(rule.under_way))
