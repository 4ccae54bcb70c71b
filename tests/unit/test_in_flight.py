from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tap_purchase_orders.asking.in_flight import InFlight
from tap_purchase_orders.asking.stop import Stop
from tap_purchase_orders.errors import StoppedError

PATIENCE_SECONDS = 60.0


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

    with in_flight.place(), ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ask)
        stop.request()
        with pytest.raises(StoppedError):
            waiting.result(PATIENCE_SECONDS)


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
