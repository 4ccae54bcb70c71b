from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.counting_server import TICK, Server, never_more

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
# seen, one thing is taken from them: that the way there, the work and the way back
# become quicker together than they were in any of these.
least_ways = st.tuples(*[st.integers(0, 20 * 64)] * 3)
# Longer than anything but the least is remembered.
PAUSE = st.just(700 * 64)
delays = st.integers(0, 30 * 64) | st.just(0)
delayed = st.lists(
    st.tuples(st.integers(0, 20 * 64) | st.just(0) | PAUSE, delays, delays, delays),
    min_size=20,
    max_size=60,
)


# For minutes every request is late, then these are on their way there.
LATE = [(0, 76, 0, 0)] * 60 + [(0, 900, 0, 0)] * 6 + [(0, 0, 0, 0)] * 6


@example(6, (186, 584, 719), LATE)
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


@pytest.mark.parametrize("status", [404, 429, 503])
def test_a_quick_refusal_says_nothing_about_its_way_back(status: int) -> None:
    server = Server(20, 1.0)
    for _ in range(200):
        server.send(0.01, 0.2)
    server.status = status
    for _ in range(20):
        server.send(0.05, 0.0)
    server.status = 200
    for _ in range(20):
        server.send(0.01, 0.2)

    assert never_more(server, 20, 1.0)


def test_connections_that_are_all_new_at_first_are_no_measure() -> None:
    server = Server(20, 1.0)
    for _ in range(20):
        server.send(0.3, 0.01)
    for _ in range(200):
        server.send(0.01, 0.01)

    assert never_more(server, 20, 1.0)


def test_connections_that_are_all_new_after_a_long_pause_are_none_either() -> None:
    server = Server(20, 1.0)
    for _ in range(200):
        server.send(0.01, 0.01)
    server.time.pass_until(server.time.now + 700.0)
    for _ in range(20):
        server.send(0.3, 0.01)
    for _ in range(200):
        server.send(0.01, 0.01)

    assert never_more(server, 20, 1.0)
