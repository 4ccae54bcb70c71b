from __future__ import annotations

import heapq
import math
from collections import deque
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

import pytest
from fake_time import FakeTime
from hypothesis import given
from hypothesis import strategies as st

from tap_purchase_orders.asking.limiter import Place, RateLimiter
from tap_purchase_orders.errors import StoppedError

# Times are multiples of 1/64 of a second, so that sums of them are exact.
TICK = 1 / 64
WINDOW = 60.0


@dataclass(order=True)
class UnderWay:
    """A request that has its place, until it is answered."""

    answered_at: float
    serial: int
    place: Place = field(compare=False)
    status: int = field(compare=False)


class Server:
    """Counts requests, each at some moment between its sending and its answer.

    Attributes:
        sent: When each request was sent.
        stamps: When the server counted it.
        refusals: How many it refused.
        grants: How many it serves in a window; refused ones do not count.
    """

    def __init__(self, limit: int, window: float = WINDOW) -> None:
        self.time = FakeTime()
        self.time.on_passing = self._answer_until
        self.limiter = RateLimiter(limit, window, self.time, self.time.clock)
        self.sent: list[float] = []
        self.stamps: list[float] = []
        self.refusals = 0
        self.grants: float = math.inf
        self._window = window
        self._served: deque[float] = deque()
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
        place = self.limiter.place()
        place.__enter__()
        now = self.time.now
        self.sent.append(now)
        self.stamps.append(now + outbound)
        status = self._status(now + outbound)
        ended = UnderWay(now + outbound + back, len(self.sent), place, status)
        heapq.heappush(self._under_way, ended)
        # What takes no time is answered before the next is sent.
        self._answer_until(now)

    def _status(self, stamp: float) -> int:
        while self._served and self._served[0] <= stamp - self._window:
            self._served.popleft()
        if len(self._served) >= self.grants:
            self.refusals += 1
            return 429
        self._served.append(stamp)
        return 200

    def wait_for_room(self, most: int) -> None:
        """Return when fewer than so many requests are under way."""
        while len(self._under_way) >= most:
            self.time.pass_until(self._under_way[0].answered_at)

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


# So few that nothing can be concluded from how long they take.
FEW = 20
requests = st.lists(
    st.tuples(
        st.integers(0, 90 * 64) | st.just(0),
        st.integers(0, 40 * 64) | st.just(1),
        st.floats(0, 1),
    ),
    max_size=FEW,
)


@given(st.integers(1, 6), requests)
def test_no_window_of_the_server_ever_holds_more_than_the_limit(
    limit: int, wanted: list[tuple[int, int, float]]
) -> None:
    server = Server(limit)
    for request in wanted:
        server.ask(*request)

    assert never_more(server, limit)


# Up to here an adversary chooses when the server counts. Once many round trips were
# seen, one thing is taken from them: that the way there, the work and the way back do
# not all become quicker than they were.
least_ways = st.tuples(*[st.integers(0, 20 * 64)] * 3)
delays = st.integers(0, 30 * 64) | st.just(0)
delayed = st.lists(
    st.tuples(st.integers(0, 20 * 64) | st.just(0), delays, delays, delays),
    min_size=20,
    max_size=60,
)


@given(st.integers(6, 12), least_ways, delayed)
def test_no_delay_on_any_part_of_the_way_makes_it_more_than_the_limit(
    limit: int,
    least: tuple[int, int, int],
    wanted: list[tuple[int, int, int, int]],
) -> None:
    there, work, back = least
    server = Server(limit)
    for _ in range(limit + FEW + 1):
        server.send(there * TICK, (work + back) * TICK)
    for pause, late, long, late_back in wanted:
        server.time.pass_until(server.time.now + pause * TICK)
        server.send((there + late) * TICK, (work + long + back + late_back) * TICK)

    assert never_more(server, limit)


@given(st.integers(6, 12), st.integers(1, 99), st.lists(st.integers(0, 9), min_size=40))
def test_where_every_answer_takes_longer_than_a_window_there_are_never_more_either(
    limit: int, there: int, delays: list[int]
) -> None:
    server = Server(limit, 1.0)
    longest = max(delays)
    # The greatest delay there is has been seen.
    for delay in (*[0, longest] * (limit + FEW), *delays):
        server.send((there + delay) * TICK, 70 * TICK)

    assert never_more(server, limit, 1.0)


def test_a_quicker_round_trip_counts_for_those_before_it_at_once() -> None:
    server = Server(20, 1.0)
    for _ in range(200):
        server.send(0.3, 0.2)
    began = server.time.now + 10.0
    server.time.pass_until(began)
    for _ in range(19):
        server.send(0.3, 0.2)
    server.time.pass_until(began + 0.45)
    server.send(0.05, 0.05)
    server.send(0.05, 0.05)

    # Of the half second that those before it took, it leaves a tenth for the way back.
    assert server.sent[-1] == pytest.approx(began + 0.5 - 0.1 + 1.0, abs=0.006)


def test_a_request_that_is_later_than_any_is_waited_for() -> None:
    server = Server(20, 1.0)
    for _ in range(200):
        server.send(0.3, 1.0)
    began = server.time.now
    server.send(29.5, 1.0)
    server.time.pass_until(began + 29.0)
    for _ in range(20):
        server.send(0.3, 1.0)

    assert never_more(server, 20, 1.0)


def test_connections_that_are_all_new_at_first_are_no_measure() -> None:
    server = Server(20, 1.0)
    for _ in range(20):
        server.send(0.3, 0.01)
    for _ in range(200):
        server.send(0.01, 0.01)

    assert never_more(server, 20, 1.0)


def test_quick_refusals_are_no_measure_of_slow_answers() -> None:
    time = FakeTime()
    limiter = RateLimiter(20, 1.0, time, time.clock)

    def ask(status: int, seconds: float) -> None:
        with limiter.place() as place:
            place.status = status
            time.now += seconds

    for number in range(400):
        ask(404 if number % 20 == 0 else 200, 0.01 if number % 20 == 0 else 0.045)
    began = time.now
    for _ in range(100):
        ask(200, 0.045)
    assert time.now - began == pytest.approx(100 * 1.0 / 20, rel=0.02)


TEN_MINUTES = 600.0


def asked_for_ten_minutes(
    limit: int, window: float, latency: float, jitter: float
) -> Server:
    """Return a server that was asked as fast as the limiter lets.

    Args:
        limit: Requests per window.
        window: Its length in seconds.
        latency: The least time of an answer in seconds.
        jitter: How many seconds more it takes on average, on each part of the way.
    """
    random = Random(0)  # noqa: S311  # no secret
    server = Server(limit, window)

    def delay() -> float:
        return random.expovariate(3 / jitter) if jitter else 0.0

    while server.time.now < TEN_MINUTES:
        there, work, back = (latency * part + delay() for part in (0.3, 0.5, 0.2))
        server.send(there, work + back)
    return server


@pytest.mark.parametrize(
    ("limit", "window", "latency", "jitter"),
    [
        (20, 1.0, 0.0, 0.0),
        (20, 1.0, 0.005, 0.005),
        (20, 1.0, 0.05, 0.0),
        (20, 1.0, 0.05, 0.02),
        (20, 1.0, 0.5, 0.02),
        (20, 1.0, 0.99, 0.0),
        (20, 1.0, 2.0, 0.0),
        (20, 1.0, 5.0, 0.0),
        (500, 60.0, 0.0, 0.0),
        (500, 60.0, 0.05, 0.05),
        (500, 60.0, 2.0, 1.0),
        (500, 60.0, 5.0, 1.5),
    ],
)
def test_ten_minutes_use_97_percent_of_the_allowance_and_never_more(
    limit: int, window: float, latency: float, jitter: float
) -> None:
    server = asked_for_ten_minutes(limit, window, latency, jitter)

    assert len(server.sent) >= 0.97 * limit * TEN_MINUTES / window
    assert never_more(server, limit, window)


@pytest.mark.parametrize(
    ("limit", "window", "latency", "jitter"), [(20, 1.0, 0.2, 0.3), (20, 1.0, 2, 1)]
)
def test_more_jitter_costs_speed_and_never_a_refusal(
    limit: int, window: float, latency: float, jitter: float
) -> None:
    server = asked_for_ten_minutes(limit, window, latency, jitter)

    assert never_more(server, limit, window)


# With no more under way than the tap has, and answers after 50 ms.
WORKERS = 8


def ask_until(server: Server, moment: float) -> int:
    """Ask as fast as the limiter lets; return how many requests were refused."""
    refused_before = server.refusals
    while server.time.now < moment:
        server.wait_for_room(WORKERS)
        server.send(0.02, 0.03)
    return server.refusals - refused_before


@pytest.mark.parametrize(
    ("limit", "window", "settled", "recovered"),
    [(20, 1.0, 60.0, 180.0), (500, 60.0, 360.0, 420.0)],
)
def test_it_settles_near_what_the_server_grants_and_comes_back(
    limit: int, window: float, settled: float, recovered: float
) -> None:
    server = Server(limit, window)
    server.grants = limit // 2
    ask_until(server, settled)
    served = len(server.sent) - server.refusals
    refused = ask_until(server, settled + TEN_MINUTES)
    served = len(server.sent) - server.refusals - served

    granted = server.grants * TEN_MINUTES / window
    assert served >= 0.9 * granted
    # Those under way together are refused together.
    assert refused <= 0.015 * granted

    server.grants = limit
    now = server.time.now
    assert ask_until(server, now + recovered) == 0
    sent = len(server.sent)
    assert ask_until(server, now + recovered + TEN_MINUTES) == 0
    assert len(server.sent) - sent >= 0.97 * limit * TEN_MINUTES / window


def test_a_refusal_that_came_by_chance_is_soon_forgotten() -> None:
    server = Server(20, 1.0)
    ask_until(server, 10.0)
    server.grants = 0
    server.wait_for_room(WORKERS)
    server.send(0.02, 0.03)
    assert server.refusals == 1
    server.grants = 20
    sent = len(server.sent)
    ask_until(server, server.time.now + 60.0)
    assert server.refusals == 1
    assert len(server.sent) - sent >= 0.88 * 60 * 20


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
