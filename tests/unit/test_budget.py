from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tap_purchase_orders.concurrency.cancellation import CancelToken
from tap_purchase_orders.errors import CancelledError
from tap_purchase_orders.http.budget import Budget


def test_without_a_limit_any_number_of_requests_may_be_made() -> None:
    cancel_token = CancelToken()
    budget = Budget(None, cancel_token)
    for _ in range(1000):
        budget.take()

    assert budget.spent == 1000
    assert not budget.is_exceeded
    assert not cancel_token.is_cancelled


def test_exactly_as_many_requests_may_be_made_as_the_budget_has() -> None:
    cancel_token = CancelToken()
    budget = Budget(3, cancel_token)
    for _ in range(3):
        budget.take()
    # Nobody has asked for more: the run may be over.
    assert (budget.is_exceeded, cancel_token.is_cancelled) == (False, False)

    with pytest.raises(CancelledError):
        budget.take()
    assert (budget.is_exceeded, cancel_token.is_cancelled) == (True, True)
    assert budget.spent == 3


def test_many_workers_together_stay_within_the_budget() -> None:
    budget = Budget(100, CancelToken())
    at_once = threading.Barrier(16)

    def work(_: int) -> int:
        at_once.wait()
        taken = 0
        try:
            while True:
                budget.take()
                taken += 1
        except CancelledError:
            return taken

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(work, range(16))) == 100
    assert budget.spent == 100


def test_what_is_left_can_be_left_to_others() -> None:
    cancel_token = CancelToken()
    budget = Budget(2, cancel_token)
    budget.take()
    assert budget.left == 1

    with pytest.raises(CancelledError):
        budget.keep_rest()
    # It is known not to be enough, and still there.
    assert (budget.is_exceeded, cancel_token.is_cancelled) == (True, False)
    budget.take()
    assert budget.left == 0


def test_of_any_number_any_number_is_left() -> None:
    budget = Budget(None, CancelToken())
    budget.take()

    assert budget.left is None
