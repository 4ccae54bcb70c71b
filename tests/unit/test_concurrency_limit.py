from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from functools import partial
from typing import TYPE_CHECKING

import pytest
from typing_extensions import override

from tap_purchase_orders.concurrency.cancellation import CancelToken
from tap_purchase_orders.errors import CancelledError
from tap_purchase_orders.http.concurrency_limit import ConcurrencyLimiter
from tests.unit.sync_primitives import PATIENCE_SECONDS, Gate, Meeting, begun

if TYPE_CHECKING:
    from tap_purchase_orders.concurrency.event_loop import Event

pytestmark = pytest.mark.timeout(120)


class Watched(CancelToken):
    """Tells when somebody begins to wait.

    Attributes:
        somebody_waits: Open then; to be set anew.
    """

    def __init__(self) -> None:
        super().__init__()
        self.somebody_waits = Gate()

    @override
    def wait_for(self, event: Event, seconds: float | None = None) -> None:
        self.somebody_waits.open()
        super().wait_for(event, seconds)


def test_as_many_are_under_way_as_may_be_and_no_more() -> None:
    concurrency_limiter = ConcurrencyLimiter(3, CancelToken())
    is_full = threading.Barrier(3)
    lock = threading.Lock()
    inside, most = 0, 0

    def ask(number: int) -> None:
        nonlocal inside, most
        with concurrency_limiter.slot():
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
    concurrency_limiter = ConcurrencyLimiter(3, CancelToken())
    is_full = Meeting(3)
    inside, most = 0, 0

    def ask() -> None:
        nonlocal inside, most
        with concurrency_limiter.slot():
            inside += 1
            most = max(most, inside)
            is_full.come()
            CancelToken().wait(0.0)
            inside -= 1

    for task in [begun(ask) for _ in range(40)]:
        task.result(PATIENCE_SECONDS)
    assert (inside, most) == (0, 3)


@pytest.mark.parametrize("threads", [{0}, {1}, {2}, {4}, {0, 4}, {1, 3}, set()])
def test_places_are_handed_on_in_the_order_in_which_they_were_asked_for(
    threads: set[int],
) -> None:
    """Among tasks of the loop, and threads beside it."""
    cancel_token = Watched()
    concurrency_limiter = ConcurrencyLimiter(1, cancel_token)
    asked: list[int] = []
    waiting: list[Future[None]] = []

    def ask(number: int) -> None:
        with concurrency_limiter.slot():
            asked.append(number)
            CancelToken().wait(0.0)

    with ThreadPoolExecutor(5) as pool:
        with concurrency_limiter.slot():
            for number in range(5):
                cancel_token.somebody_waits = Gate()
                if number in threads:
                    waiting.append(pool.submit(ask, number))
                else:
                    waiting.append(begun(partial(ask, number)))
                cancel_token.somebody_waits.wait()
        for each in waiting:
            each.result(PATIENCE_SECONDS)
    assert asked == list(range(5))


def test_a_failed_request_frees_its_slot() -> None:
    concurrency_limiter = ConcurrencyLimiter(1, CancelToken())
    for _ in range(3):
        with pytest.raises(LookupError), concurrency_limiter.slot():
            raise LookupError


def test_waiters_for_a_slot_are_woken_when_the_run_is_cancelled() -> None:
    cancel_token = CancelToken()
    concurrency_limiter = ConcurrencyLimiter(1, cancel_token)

    def ask() -> None:
        with concurrency_limiter.slot():
            pass

    with concurrency_limiter.slot(), ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(ask), *(begun(ask) for _ in range(3)), pool.submit(ask)]
        cancel_token.cancel()
        for each in waiting:
            with pytest.raises(CancelledError):
                each.result(PATIENCE_SECONDS)

    # None of them has taken one with it.
    with concurrency_limiter.slot():
        pass


@pytest.mark.parametrize("is_task", [True, False])
def test_no_slot_is_lost_when_it_is_passed_on_during_cancellation(
    is_task: bool,  # noqa: FBT001  # pytest passes it by name
) -> None:
    def ask(concurrency_limiter: ConcurrencyLimiter) -> None:
        with suppress(CancelledError), concurrency_limiter.slot():
            pass

    with ThreadPoolExecutor(3) as pool:
        for _ in range(300):
            cancel_token = Watched()
            concurrency_limiter = ConcurrencyLimiter(1, cancel_token)
            at_once = threading.Barrier(2)

            def end(
                cancel_token: CancelToken = cancel_token,
                at_once: threading.Barrier = at_once,
            ) -> None:
                at_once.wait(PATIENCE_SECONDS)
                cancel_token.cancel()

            with concurrency_limiter.slot():
                if is_task:
                    waiting = begun(partial(ask, concurrency_limiter))
                else:
                    waiting = pool.submit(ask, concurrency_limiter)
                cancel_token.somebody_waits.wait()
                ending = pool.submit(end)
                at_once.wait(PATIENCE_SECONDS)
            ending.result(PATIENCE_SECONDS)
            waiting.result(PATIENCE_SECONDS)
            # It would raise `CancelledError` if it had to be waited for.
            with concurrency_limiter.slot():
                pass


def test_an_overloaded_server_halves_the_limit() -> None:
    cancel_token = CancelToken()
    concurrency_limiter = ConcurrencyLimiter(4, cancel_token)
    with concurrency_limiter.slot() as slot:
        slot.is_served = False

    with ExitStack() as under_way:
        for _ in range(2):
            under_way.enter_context(concurrency_limiter.slot())
        cancel_token.cancel()
        with pytest.raises(CancelledError):
            under_way.enter_context(concurrency_limiter.slot())


def test_failures_of_requests_in_flight_together_halve_the_limit_once() -> None:
    cancel_token = CancelToken()
    concurrency_limiter = ConcurrencyLimiter(8, cancel_token)
    with ExitStack() as under_way:
        for _ in range(8):
            under_way.enter_context(concurrency_limiter.slot()).is_served = False

    with ExitStack() as under_way:
        for _ in range(4):
            under_way.enter_context(concurrency_limiter.slot())
        cancel_token.cancel()
        with pytest.raises(CancelledError):
            under_way.enter_context(concurrency_limiter.slot())


def test_good_responses_raise_the_limit_again() -> None:
    cancel_token = CancelToken()
    concurrency_limiter = ConcurrencyLimiter(4, cancel_token)
    with concurrency_limiter.slot() as slot:
        slot.is_served = False
    for _ in range(20):
        with concurrency_limiter.slot() as slot:
            slot.is_served = True

    with ExitStack() as under_way:
        for _ in range(4):
            under_way.enter_context(concurrency_limiter.slot())


def test_a_cancelled_waiter_takes_no_slot() -> None:
    ended = CancelToken()
    ended.cancel()
    concurrency_limiter = ConcurrencyLimiter(1, ended)
    with (
        concurrency_limiter.slot(),
        pytest.raises(CancelledError),
        concurrency_limiter.slot(),
    ):
        pytest.fail("there was no place to be had")

    with concurrency_limiter.slot():
        pass
