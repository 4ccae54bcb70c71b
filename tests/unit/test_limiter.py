from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from fake_time import FakeTime
from hypothesis import given
from hypothesis import strategies as st

from tap_purchase_orders.asking.limiter import RateLimiter
from tap_purchase_orders.errors import StoppedError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

# Times are multiples of 1/64 of a second, so that sums of them are exact.
TICK = 1 / 64
WINDOW = 60.0


@dataclass(order=True)
class UnderWay:
    """A request that has its place, until it is answered."""

    answered_at: float
    place: AbstractContextManager[None] = field(compare=False)


class Server:
    """Counts requests, each at some moment between its sending and its answer."""

    def __init__(self, limit: int) -> None:
        self.time = FakeTime()
        self.time.on_passing = self._answer_until
        self.limiter = RateLimiter(limit, WINDOW, self.time, self.time.clock)
        self.sent: list[float] = []
        self.stamps: list[float] = []
        self._under_way: list[UnderWay] = []

    def ask(self, pause: int, latency: int, share: float) -> None:
        """Send a request as soon as it may be sent.

        Args:
            pause: Ticks before anybody wants to send it.
            latency: Ticks until its answer.
            share: Which part of these have passed when the server counts it.
        """
        self.time.pass_until(self.time.now + pause * TICK)
        place = self.limiter.place()
        place.__enter__()
        now = self.time.now
        self.sent.append(now)
        self.stamps.append(now + int(latency * share) * TICK)
        heapq.heappush(self._under_way, UnderWay(now + latency * TICK, place))

    def _answer_until(self, moment: float) -> None:
        while self._under_way and self._under_way[0].answered_at <= moment:
            first = heapq.heappop(self._under_way)
            self.time.now = max(self.time.now, first.answered_at)
            first.place.__exit__(None, None, None)


def most_in_a_window(stamps: list[float]) -> int:
    """Return the most requests in any window of the server's, wherever it begins."""
    return max(
        (sum(first <= stamp < first + WINDOW for stamp in stamps) for first in stamps),
        default=0,
    )


requests = st.lists(
    st.tuples(
        st.integers(0, 90 * 64) | st.just(0),
        st.integers(0, 40 * 64) | st.just(1),
        st.floats(0, 1),
    ),
    max_size=40,
)


@given(st.integers(1, 6), requests)
def test_no_window_of_the_server_ever_holds_more_than_the_limit(
    limit: int, wanted: list[tuple[int, int, float]]
) -> None:
    server = Server(limit)
    for request in wanted:
        server.ask(*request)

    assert most_in_a_window(server.stamps) <= limit


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


def test_a_place_is_given_back_when_the_request_fails() -> None:
    time = FakeTime()
    limiter = RateLimiter(1, WINDOW, time, time.clock)
    with pytest.raises(StoppedError), limiter.place():
        raise StoppedError

    with limiter.place():
        assert time.now == WINDOW


def test_a_hold_holds_all_and_the_longest_counts() -> None:
    server = Server(100)
    server.ask(0, 0, 0)
    server.limiter.hold(57.0)
    server.limiter.hold(10.0)
    for _ in range(5):
        server.ask(0, 0, 0)

    assert server.sent == [0.0, 57.0, 57.0, 57.0, 57.0, 57.0]


def test_a_hold_that_comes_while_somebody_waits_holds_that_one_too() -> None:
    time = FakeTime()
    limiter = RateLimiter(1, WINDOW, time, time.clock)
    with limiter.place():
        pass
    time.on_passing = lambda _moment: limiter.hold(100.0) if time.now == 0 else None

    with limiter.place():
        assert time.now == 100.0


def test_a_stop_ends_the_waiting_and_takes_no_place() -> None:
    time = FakeTime()
    limiter = RateLimiter(1, WINDOW, time, time.clock)
    with limiter.place():
        pass
    time.on_passing = lambda _moment: time.request()

    with pytest.raises(StoppedError), limiter.place():
        pytest.fail("there was no place to be had")


def test_after_a_stop_there_is_no_place() -> None:
    time = FakeTime()
    limiter = RateLimiter(1, WINDOW, time, time.clock)
    time.request()

    with pytest.raises(StoppedError), limiter.place():
        pytest.fail("nothing is to be asked any more")
    assert time.waits == []


def test_the_time_waited_is_told() -> None:
    server = Server(1)
    for _ in range(3):
        server.ask(0, 0, 0)

    assert server.limiter.waited_seconds == 2 * WINDOW
