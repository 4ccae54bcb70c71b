from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from functools import partial
from typing import TYPE_CHECKING

import pytest
from gates import PATIENCE_SECONDS, Gate, Meeting, begun
from typing_extensions import override

from tap_purchase_orders.asking.in_flight import InFlight
from tap_purchase_orders.asking.stop import Stop
from tap_purchase_orders.errors import StoppedError

if TYPE_CHECKING:
    from tap_purchase_orders.asking.loop import Bell

pytestmark = pytest.mark.timeout(120)


class Watched(Stop):
    """Tells when somebody begins to wait.

    Attributes:
        somebody_waits: Open then; to be set anew.
    """

    def __init__(self) -> None:
        super().__init__()
        self.somebody_waits = Gate()

    @override
    def wait_for(self, bell: Bell, seconds: float | None = None) -> None:
        self.somebody_waits.open()
        super().wait_for(bell, seconds)


def test_as_many_are_under_way_as_may_be_and_no_more() -> None:
    in_flight = InFlight(3, Stop())
    is_full = threading.Barrier(3)
    lock = threading.Lock()
    inside, most = 0, 0

    def ask(number: int) -> None:
        nonlocal inside, most
        with in_flight.place():
            with lock:
                inside += 1
                most = max(most, inside)
            if number < 3:
                is_full.wait(PATIENCE_SECONDS)
            with lock:
                inside -= 1

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(ask, range(40)))
    assert most == 3


def test_as_many_tasks_are_under_way_as_may_be_and_no_more() -> None:
    in_flight = InFlight(3, Stop())
    is_full = Meeting(3)
    inside, most = 0, 0

    def ask() -> None:
        nonlocal inside, most
        with in_flight.place():
            inside += 1
            most = max(most, inside)
            is_full.come()
            Stop().wait(0.0)
            inside -= 1

    for task in [begun(ask) for _ in range(40)]:
        task.result(PATIENCE_SECONDS)
    assert (inside, most) == (0, 3)


@pytest.mark.parametrize("threads", [{0}, {1}, {2}, {4}, {0, 4}, {1, 3}, set()])
def test_places_are_handed_on_in_the_order_in_which_they_were_asked_for(
    threads: set[int],
) -> None:
    """Among tasks of the loop, and threads beside it."""
    stop = Watched()
    in_flight = InFlight(1, stop)
    asked: list[int] = []
    waiting: list[Future[None]] = []

    def ask(number: int) -> None:
        with in_flight.place():
            asked.append(number)
            Stop().wait(0.0)

    with ThreadPoolExecutor(5) as pool:
        with in_flight.place():
            for number in range(5):
                stop.somebody_waits = Gate()
                if number in threads:
                    waiting.append(pool.submit(ask, number))
                else:
                    waiting.append(begun(partial(ask, number)))
                stop.somebody_waits.wait()
        for each in waiting:
            each.result(PATIENCE_SECONDS)
    assert asked == list(range(5))


def test_a_request_that_fails_gives_its_place_back() -> None:
    in_flight = InFlight(1, Stop())
    for _ in range(3):
        with pytest.raises(LookupError), in_flight.place():
            raise LookupError


def test_whoever_waits_for_a_place_is_woken_when_asking_ends() -> None:
    stop = Stop()
    in_flight = InFlight(1, stop)

    def ask() -> None:
        with in_flight.place():
            pass

    with in_flight.place(), ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(ask), *(begun(ask) for _ in range(3)), pool.submit(ask)]
        stop.request()
        for each in waiting:
            with pytest.raises(StoppedError):
                each.result(PATIENCE_SECONDS)

    # None of them has taken one with it.
    with in_flight.place():
        pass


@pytest.mark.parametrize("is_task", [True, False])
def test_no_place_is_lost_when_it_is_handed_on_while_asking_ends(
    is_task: bool,  # noqa: FBT001  # pytest passes it by name
) -> None:
    def ask(in_flight: InFlight) -> None:
        with suppress(StoppedError), in_flight.place():
            pass

    with ThreadPoolExecutor(3) as pool:
        for _ in range(300):
            stop = Watched()
            in_flight = InFlight(1, stop)
            at_once = threading.Barrier(2)

            def end(stop: Stop = stop, at_once: threading.Barrier = at_once) -> None:
                at_once.wait(PATIENCE_SECONDS)
                stop.request()

            with in_flight.place():
                if is_task:
                    waiting = begun(partial(ask, in_flight))
                else:
                    waiting = pool.submit(ask, in_flight)
                stop.somebody_waits.wait()
                ending = pool.submit(end)
                at_once.wait(PATIENCE_SECONDS)
            ending.result(PATIENCE_SECONDS)
            waiting.result(PATIENCE_SECONDS)
            # It would raise `StoppedError` if it had to be waited for.
            with in_flight.place():
                pass


def test_trouble_leaves_half_of_the_places() -> None:
    stop = Stop()
    in_flight = InFlight(4, stop)
    with in_flight.place() as flight:
        flight.is_troubled = True

    with ExitStack() as under_way:
        for _ in range(2):
            under_way.enter_context(in_flight.place())
        stop.request()
        with pytest.raises(StoppedError):
            under_way.enter_context(in_flight.place())


def test_answers_give_the_places_back_that_trouble_took() -> None:
    stop = Stop()
    in_flight = InFlight(4, stop, lambda: 1.0)
    with in_flight.place() as flight:
        flight.is_troubled = True
    for _ in range(20):
        with in_flight.place() as flight:
            flight.sent_at = 1.0
            flight.is_answered = True

    with ExitStack() as under_way:
        for _ in range(4):
            under_way.enter_context(in_flight.place())


def test_who_gives_up_waiting_takes_no_place() -> None:
    ended = Stop()
    ended.request()
    in_flight = InFlight(1, ended)
    with in_flight.place(), pytest.raises(StoppedError), in_flight.place():
        pytest.fail("there was no place to be had")

    with in_flight.place():
        pass
