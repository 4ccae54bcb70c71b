from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tap_purchase_orders.concurrency.cancellation import CancelToken
from tap_purchase_orders.concurrency.event_loop import Event
from tap_purchase_orders.errors import CancelledError
from tests.unit.sync_primitives import PATIENCE_SECONDS, Meeting, begun, done, settle

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.timeout(120)

# Nobody waits for that: a test would end by its own time before.
LONG_SECONDS = 3_600.0


@pytest.fixture
def signal_handler() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def output_of(program: str) -> bytes:
    """Return what a program prints; it has a process, and its signals, to itself."""
    finished = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        stdout=subprocess.PIPE,
        timeout=30,
        check=True,
    )
    return finished.stdout


def test_tasks_and_threads_that_wait_are_woken_at_once() -> None:
    cancel_token = CancelToken()
    all_are_there = Meeting(23)

    def wait() -> None:
        all_are_there.come_by()
        cancel_token.wait(LONG_SECONDS)

    with ThreadPoolExecutor(3) as pool:
        tasks = [begun(wait) for _ in range(20)]
        threads = [pool.submit(wait) for _ in range(3)]
        all_are_there.wait()
        cancel_token.cancel()
        for each in (*tasks, *threads):
            with pytest.raises(CancelledError):
                each.result(PATIENCE_SECONDS)


def test_a_task_may_request_it() -> None:
    cancel_token = CancelToken()
    waiting = begun(lambda: cancel_token.wait(LONG_SECONDS))
    done(cancel_token.cancel)

    with pytest.raises(CancelledError):
        waiting.result(PATIENCE_SECONDS)


@pytest.mark.usefixtures("signal_handler")
def test_a_signal_wakes_tasks_and_the_main_thread() -> None:
    cancel_token = CancelToken()
    signal.signal(signal.SIGTERM, lambda *_: cancel_token.cancel())
    main = threading.get_ident()
    tasks = [begun(lambda: cancel_token.wait(LONG_SECONDS)) for _ in range(3)]
    sender = begun(lambda: signal.pthread_kill(main, signal.SIGTERM))

    with pytest.raises(CancelledError):
        cancel_token.wait(LONG_SECONDS)
    sender.result(PATIENCE_SECONDS)
    for task in tasks:
        with pytest.raises(CancelledError):
            task.result(PATIENCE_SECONDS)


@pytest.mark.parametrize("doing", ["cancel_token.wait(0.001)", "cancel_token.cancel()"])
def test_a_signal_may_come_at_any_moment(doing: str) -> None:
    """Its handler must not wait for what the code it interrupts holds."""
    program = f"""
        import signal, sys
        from tap_purchase_orders.concurrency.cancellation import CancelToken
        from tap_purchase_orders.errors import CancelledError

        def do(moment):
            cancel_token, moments = CancelToken(), 0
            signal.signal(signal.SIGTERM, lambda *_: cancel_token.cancel())

            def trace(frame, event, _):
                nonlocal moments
                frame.f_trace_opcodes = True
                moments += event in ("line", "opcode")
                if moments == moment:
                    sys.settrace(None)
                    signal.raise_signal(signal.SIGTERM)
                return trace

            sys.settrace(trace)
            try:
                {doing}
            except CancelledError:
                pass
            finally:
                sys.settrace(None)
            return moments

        # Python 3.12 traces opcodes from the next run on.
        do(-1)
        count = do(-1)
        for moment in range(1, count + 1):
            do(moment)
        print(count > 20)
        """
    assert output_of(program) == b"True\n"


def test_a_wait_ends_when_its_time_is_up() -> None:
    for seconds in (-1.0, 0.0, 0.001):
        CancelToken().wait(seconds)
        done(partial(CancelToken().wait, seconds))


def test_nothing_is_waited_for_once_the_run_is_to_end() -> None:
    cancel_token = CancelToken()
    cancel_token.check()
    cancel_token.cancel()
    cancel_token.cancel()

    assert cancel_token.is_cancelled
    for wait in (cancel_token.check, lambda: cancel_token.wait(LONG_SECONDS)):
        with pytest.raises(CancelledError):
            wait()
        with pytest.raises(CancelledError):
            done(wait)


def test_an_event_may_be_set_while_requests_are_running() -> None:
    cancel_token = CancelToken()
    events: list[Event] = []

    def wait() -> None:
        events.append(Event())
        cancel_token.wait_for(events[0])

    waiting = begun(wait)
    settle()
    events[0].set()
    assert waiting.result(PATIENCE_SECONDS) is None
    # Nobody waits any more.
    cancel_token.cancel()


def test_whatever_ends_a_part_does_not_end_the_whole() -> None:
    whole = CancelToken()
    part, other = CancelToken(whole), CancelToken(whole)
    part.cancel()

    assert part.is_cancelled
    assert not whole.is_cancelled
    assert not other.is_cancelled
    assert not CancelToken(whole).is_cancelled


def test_cancelling_a_token_cancels_its_children_and_their_waiters() -> None:
    whole = CancelToken()
    part = CancelToken(CancelToken(whole))
    waiting = begun(lambda: part.wait(LONG_SECONDS))
    whole.cancel()

    with pytest.raises(CancelledError):
        waiting.result(PATIENCE_SECONDS)
    assert CancelToken(whole).is_cancelled


def test_a_request_at_any_moment_before_a_wait_ends_it() -> None:
    program = """
        import sys
        from tap_purchase_orders.concurrency.event_loop import Event
        from tap_purchase_orders.concurrency.cancellation import CancelToken
        from tap_purchase_orders.errors import CancelledError

        class Told(Event):
            # Tells when the wait itself begins, and how often it was not cut short.
            def wait(self, seconds=None):
                begun.append(moments)
                if not super().wait(0.0):
                    unheard.append(moments)

        def wait(moment):
            global moments
            moments = 0
            cancel_token, event = CancelToken(), Told()

            def trace(frame, event, _):
                global moments
                moments += event == "line"
                if moments == moment and event == "line":
                    cancel_token.cancel()
                return trace

            sys.settrace(trace)
            try:
                cancel_token.wait_for(event)
            except CancelledError:
                pass
            finally:
                sys.settrace(None)

        begun, unheard = [], []
        wait(-1)
        assert unheard
        last, unheard = begun[0], []
        for moment in range(1, last + 1):
            wait(moment)
        print(last > 1, unheard)
        """
    assert output_of(program) == b"True []\n"
