from __future__ import annotations

from random import Random

import pytest

from tests.unit.counting_server import Server, never_more

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
        (500, 60.0, 0.0, 0.0),
        (500, 60.0, 0.05, 0.05),
        (500, 60.0, 2.0, 1.0),
        (500, 60.0, 5.0, 1.5),
    ],
)
def test_ten_minutes_use_95_percent_of_the_allowance_and_never_more(
    limit: int, window: float, latency: float, jitter: float
) -> None:
    server = asked_for_ten_minutes(limit, window, latency, jitter)

    assert len(server.sent) >= 0.95 * limit * TEN_MINUTES / window
    assert never_more(server, limit, window)


@pytest.mark.parametrize(
    ("limit", "window", "latency", "jitter"), [(20, 1.0, 0.2, 0.3), (20, 1.0, 2, 1)]
)
def test_more_jitter_costs_speed_and_never_a_refusal(
    limit: int, window: float, latency: float, jitter: float
) -> None:
    server = asked_for_ten_minutes(limit, window, latency, jitter)

    assert never_more(server, limit, window)
