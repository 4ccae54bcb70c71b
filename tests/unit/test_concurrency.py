from __future__ import annotations

import heapq
from itertools import pairwise
from random import Random

import pytest

from tap_purchase_orders.http.adaptive_concurrency import Concurrency

SERVICE = 0.05


class Server:
    """Works on so many requests at once; the others wait there for their turn.

    Attributes:
        answered: How many requests it has answered.
        now: Seconds.
        under_way: How many were under way, summed over the seconds.
        limits: The numbers that were tried, each with its moment.
    """

    def __init__(self, most: int, capacity: int, spread: float = 0.0) -> None:
        self.concurrency = Concurrency(most)
        self.capacity = capacity
        self.service = SERVICE
        self.answered = 0
        self.now = 0.0
        self.under_way = 0.0
        self.limits: list[tuple[float, int]] = []
        self._spread = spread
        self._random = Random(0)  # noqa: S311  # no secret
        self._pending: list[tuple[float, float]] = []
        self._free: list[float] = []

    def answer(self, count: int, selection: int | None = None) -> None:
        """Answer as many requests.

        Args:
            count: How many.
            selection: How many are wanted at once, if not any number.
        """
        self._free = [self.now] * self.capacity
        for _ in range(count):
            limit = self.concurrency.limit
            while len(self._pending) < min(limit, selection or limit):
                self._take()
            answered_at, sent_at = heapq.heappop(self._pending)
            self.under_way += (len(self._pending) + 1) * (answered_at - self.now)
            self.now = answered_at
            self.answered += 1
            self.concurrency.answered(sent_at, self.now)
            if not self.limits or self.limits[-1][1] != self.concurrency.limit:
                self.limits.append((self.now, self.concurrency.limit))

    def _take(self) -> None:
        """Take in a request: it has its turn when one before it is done."""
        begins_at = max(self.now, heapq.heappop(self._free))
        seconds = self.service
        if self._spread:
            # The mean is the same.
            mu = -self._spread * self._spread / 2
            seconds *= self._random.lognormvariate(mu, self._spread)
        heapq.heappush(self._free, begins_at + seconds)
        heapq.heappush(self._pending, (begins_at + seconds, self.now))


@pytest.mark.parametrize("most", [1, 8, 16, 32])
def test_what_is_asked_for_first_needs_no_time_to_grow(most: int) -> None:
    server = Server(most, 1000)
    server.answer(640)

    assert server.now <= 1.05 * 640 / most * SERVICE


@pytest.mark.parametrize("most", [64, 256])
def test_it_grows_quickly_to_the_most_that_may_be(most: int) -> None:
    server = Server(most, 1000)
    server.answer(10 * most)
    assert server.concurrency.limit == most

    before = server.now
    server.answer(20 * most)
    assert server.now - before <= 1.05 * 20 * SERVICE


@pytest.mark.parametrize(("spread", "times"), [(0.0, 1.5), (0.3, 1.5), (0.5, 2.5)])
@pytest.mark.parametrize(
    ("most", "capacity"), [(16, 4), (64, 4), (64, 10), (64, 30), (256, 100)]
)
def test_no_more_wait_at_a_server_than_keep_it_busy(
    most: int, capacity: int, spread: float, times: float
) -> None:
    server = Server(most, capacity, spread)
    server.answer(2_000 + 100 * capacity)
    began, under_way = server.now, server.under_way
    server.answer(400 * capacity)
    seconds = server.now - began

    assert seconds <= 400 * SERVICE / 0.95
    assert (server.under_way - under_way) / seconds <= times * capacity + 1


def test_it_tries_other_numbers_more_and_more_seldom() -> None:
    server = Server(64, 10)
    server.answer(30_000)
    half = server.now / 2
    rests = [later - at for (at, _), (later, _) in pairwise(server.limits)]

    assert sum(at > half for at, _ in server.limits) <= len(server.limits) / 2.5
    assert max(rests) > 10


def test_answers_that_differ_are_no_reason_to_ask_less() -> None:
    server = Server(64, 1000, spread=0.8)
    server.answer(20_000)

    assert server.now <= 20_000 / 64 * SERVICE / 0.94


def test_a_server_that_has_become_slower_all_by_itself_is_asked_as_much() -> None:
    server = Server(16, 1000)
    server.answer(2_000)
    server.service = 4 * SERVICE
    before = server.now
    server.answer(4_000)

    assert server.now - before <= 4_000 / 16 * 4 * SERVICE / 0.95


def test_a_server_that_can_do_less_than_before_gets_less_and_later_more() -> None:
    server = Server(64, 40)
    server.answer(6_000)
    assert server.concurrency.limit >= 38

    server.capacity = 10
    server.answer(6_000)
    assert server.concurrency.limit <= 16

    server.capacity = 40
    server.answer(12_000)
    assert server.concurrency.limit >= 30


def test_a_number_that_is_not_in_use_is_left_alone() -> None:
    server = Server(32, 1000)
    server.answer(5_000, selection=3)

    assert {limit for _, limit in server.limits} == {32}


def test_trouble_halves_it_once_for_all_that_were_under_way() -> None:
    concurrency = Concurrency(16)
    for _ in range(16):
        concurrency.troubled(0.0, 1.0)
    assert concurrency.limit == 8

    concurrency.troubled(1.5, 2.0)
    assert concurrency.limit == 4


def test_after_trouble_it_grows_by_one_a_round_to_what_it_was() -> None:
    server = Server(16, 1000)
    server.answer(1_000)
    server.concurrency.troubled(server.now, server.now)
    assert server.concurrency.limit == 8
    server.answer(8)
    assert server.concurrency.limit == 8
    server.answer(20)
    assert 9 <= server.concurrency.limit <= 11
    server.answer(200)
    assert server.concurrency.limit == 16


def test_trouble_that_stays_leaves_one() -> None:
    concurrency = Concurrency(256)
    for number in range(20):
        concurrency.troubled(number, number)

    assert concurrency.limit == 1


def test_answers_in_no_time_do_no_harm() -> None:
    concurrency = Concurrency(64)
    for _ in range(10_000):
        concurrency.answered(5.0, 5.0)

    assert 1 <= concurrency.limit <= 64
