from __future__ import annotations

from random import Random

import pytest

from tap_purchase_orders.http.rate_limit import RateLimiter
from tests.unit.counting_server import Server, never_more
from tests.unit.fake_time import FakeTime

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
