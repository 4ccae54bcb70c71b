from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tap_purchase_orders.asking.budget import Budget
from tap_purchase_orders.asking.stop import Stop
from tap_purchase_orders.errors import StoppedError


def test_without_a_limit_any_number_of_requests_may_be_made() -> None:
    stop = Stop()
    budget = Budget(None, stop)
    for _ in range(1000):
        budget.take()

    assert budget.spent == 1000
    assert not budget.is_exceeded
    assert not stop.is_requested


def test_exactly_as_many_requests_may_be_made_as_the_budget_has() -> None:
    stop = Stop()
    budget = Budget(3, stop)
    for _ in range(3):
        budget.take()
    # Nobody has asked for more: the run may be over.
    assert (budget.is_exceeded, stop.is_requested) == (False, False)

    with pytest.raises(StoppedError):
        budget.take()
    assert (budget.is_exceeded, stop.is_requested) == (True, True)
    assert budget.spent == 3


def test_many_workers_together_stay_within_the_budget() -> None:
    budget = Budget(100, Stop())
    at_once = threading.Barrier(16)

    def work(_: int) -> int:
        at_once.wait()
        taken = 0
        try:
            while True:
                budget.take()
                taken += 1
        except StoppedError:
            return taken

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(work, range(16))) == 100
    assert budget.spent == 100


def test_what_is_left_can_be_left_to_others() -> None:
    stop = Stop()
    budget = Budget(2, stop)
    budget.take()
    assert budget.left == 1

    with pytest.raises(StoppedError):
        budget.keep_rest()
    # It is known not to be enough, and still there.
    assert (budget.is_exceeded, stop.is_requested) == (True, False)
    budget.take()
    assert budget.left == 0


def test_of_any_number_any_number_is_left() -> None:
    budget = Budget(None, Stop())
    budget.take()

    assert budget.left is None
