from __future__ import annotations

import random
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_purchase_orders.concurrency.cancellation import CancelToken
from tap_purchase_orders.concurrency.event_loop import (
    Event,
    event_loop,
    running_event_loop,
)
from tests.unit.sync_primitives import (
    PATIENCE_SECONDS,
    Gate,
    Meeting,
    begun,
    done,
    settle,
    threads_that_take_turns_quickly,
)

pytestmark = pytest.mark.timeout(120)


def run_alone(program: str) -> str:
    """Return what a program prints that is run in a process of its own."""
    finished = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert (finished.stderr, finished.returncode) == ("", 0)
    return finished.stdout.strip()


def test_tasks_wait_for_each_other_on_one_thread() -> None:
    meeting = Meeting(50)

    def task() -> int:
        meeting.come()
        return threading.get_ident()

    tasks = [begun(task) for _ in range(50)]
    (thread,) = {each.result(PATIENCE_SECONDS) for each in tasks}
    assert thread != threading.get_ident()


def test_only_on_its_thread_a_loop_runs() -> None:
    loop = event_loop()

    assert running_event_loop() is None
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(running_event_loop).result() is None
    assert done(running_event_loop) is loop
    assert event_loop() is loop
    assert done(event_loop) is loop


def test_a_task_resumes_when_another_thread_sets_its_event() -> None:
    events: list[Event] = []
    is_there = Gate()

    def wait() -> bool:
        events.append(Event())
        is_there.open()
        return events[0].wait(PATIENCE_SECONDS)

    waiting = begun(wait)
    is_there.wait()
    assert not waiting.done()
    events[0].set()
    assert waiting.result(PATIENCE_SECONDS)


def test_a_task_resumes_when_another_task_sets_its_event() -> None:
    events: list[Event] = []

    def wait() -> bool:
        events.append(Event())
        return events[0].wait()

    waiting = begun(wait)
    settle()
    done(events[0].set)
    assert waiting.result(PATIENCE_SECONDS)


def test_a_thread_resumes_when_a_task_sets_its_event() -> None:
    event = Event()
    event_loop().begin(event.set)

    assert event.wait(PATIENCE_SECONDS)
    assert event.wait()


def test_an_event_that_is_set_already_is_not_waited_for() -> None:
    def notified() -> bool:
        event = Event()
        event.set()
        event.set()
        return event.wait() and event.wait(0.0)

    assert notified()
    assert done(notified)


def test_waiting_for_an_event_ends_at_its_timeout() -> None:
    def waited() -> list[bool]:
        event = Event()
        return [event.wait(0.0), event.wait(0.001), event.is_set]

    assert waited() == [False] * 3
    assert done(waited) == [False] * 3


def test_setting_an_event_twice_wakes_its_waiter_once() -> None:
    """Nor does it wake a task that waits for another event by now."""
    first: list[Event] = []
    second: list[Event] = []

    def wait() -> list[bool]:
        first.append(Event())
        was_rung = first[0].wait()
        second.append(Event())
        return [was_rung, second[0].wait()]

    waiting = begun(wait)
    settle()
    first[0].set()
    first[0].set()
    settle()
    first[0].set()
    settle()
    assert not waiting.done()
    second[0].set()
    assert waiting.result(PATIENCE_SECONDS) == [True, True]


def test_a_waiter_that_timed_out_is_not_woken_by_a_late_event() -> None:
    late: list[Event] = []
    other: list[Event] = []

    def wait() -> list[bool]:
        late.append(Event())
        was_rung = late[0].wait(0.0)
        other.append(Event())
        return [was_rung, other[0].wait()]

    waiting = begun(wait)
    settle()
    late[0].set()
    settle()
    assert not waiting.done()
    other[0].set()
    assert waiting.result(PATIENCE_SECONDS) == [False, True]


def test_a_waiter_that_was_woken_is_not_woken_again_at_its_timeout() -> None:
    early: list[Event] = []
    other: list[Event] = []

    def wait() -> list[bool]:
        early.append(Event())
        was_rung = early[0].wait(0.05)
        other.append(Event())
        return [was_rung, other[0].wait()]

    def ring() -> None:
        early[0].set()

    waiting = begun(wait)
    done(ring)
    # Behind the first one's time, as the loop counts it.
    done(lambda: CancelToken().wait(0.05))
    settle()
    assert not waiting.done()
    other[0].set()
    assert waiting.result(PATIENCE_SECONDS)[1]


@given(st.lists(st.integers(0, 12), min_size=1, max_size=30))
def test_waits_end_in_the_order_of_their_ends(milliseconds: list[int]) -> None:
    ended: list[tuple[float, float]] = []

    def wait(seconds: float) -> None:
        earliest = time.monotonic() + seconds
        CancelToken().wait(seconds)
        ended.append((earliest, time.monotonic()))

    before = time.monotonic()
    tasks = [begun(partial(wait, each / 1000)) for each in milliseconds]
    done(lambda: None)
    # They have not all begun at the same moment, but within this time.
    slack = time.monotonic() - before
    for task in tasks:
        task.result(PATIENCE_SECONDS)

    assert len(ended) == len(tasks)
    assert all(end >= earliest for earliest, end in ended)
    following = pairwise(ended)
    assert all(first[0] <= second[0] + slack for first, second in following)


def test_what_many_threads_begin_is_all_done() -> None:
    lists: list[list[int]] = [[] for _ in range(8)]
    all_is_done = Meeting(8)

    def begin(own: list[int]) -> None:
        for number in range(2_000):
            event_loop().begin(partial(own.append, number))
        event_loop().begin(all_is_done.come_by)

    with ThreadPoolExecutor(8) as pool, threads_that_take_turns_quickly():
        list(pool.map(begin, lists))
        all_is_done.wait()

    # What one thread begins is begun in its order.
    assert lists == [list(range(2_000))] * 8


def test_nothing_is_missed_when_the_loop_is_just_falling_asleep() -> None:
    """Whoever sends it something waits for it: a miss would be waited for for ever."""

    def ask(seed: int) -> None:
        pauses = random.Random(seed)  # noqa: S311  # nothing secret
        for _ in range(400):
            event, notified = Event(), Gate()
            event_loop().begin(event.set)
            assert event.wait(PATIENCE_SECONDS)
            waiting = begun(notified.wait)
            for _ in range(pauses.randrange(60)):
                # The loop falls asleep meanwhile, or is about to.
                time.monotonic()
            notified.open()
            waiting.result(PATIENCE_SECONDS)

    for thread_count in (1, 3):
        with threads_that_take_turns_quickly(), ThreadPoolExecutor() as pool:
            list(pool.map(ask, range(thread_count)))


def test_threads_that_use_it_first_at_once_have_the_same_loop() -> None:
    program = """
        import threading
        from concurrent.futures import ThreadPoolExecutor
        from tap_purchase_orders.concurrency.event_loop import event_loop

        at_once = threading.Barrier(8)

        def loop(_):
            at_once.wait(60)
            return event_loop()

        with ThreadPoolExecutor(8) as pool:
            print(len(set(pool.map(loop, range(8)))))
        """
    assert run_alone(program) == "1"


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_process_that_was_forked_has_a_loop_of_its_own() -> None:
    program = """
        import os, signal, warnings
        from tap_purchase_orders.concurrency.event_loop import Event, event_loop

        warnings.simplefilter("ignore", DeprecationWarning)

        def works():
            event = Event()
            event_loop().begin(event.set)
            return event.wait(30)

        def goes_on():
            tasks_event = []
            is_woken = Event()
            def task():
                tasks_event.append(Event())
                if tasks_event[0].wait(30):
                    is_woken.set()
            event_loop().begin(task)
            assert works()
            tasks_event[0].set()
            return is_woken.wait(30)

        assert works()
        loop = event_loop()
        child = os.fork()
        if not child:
            signal.alarm(40)
            os._exit(0 if event_loop() is not loop and works() and goes_on() else 9)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(status, event_loop() is loop and works() and goes_on())
        """
    assert run_alone(program) == "0 True"


def test_what_is_begun_at_any_moment_of_falling_asleep_is_done() -> None:
    program = """
        import threading
        from tap_purchase_orders.concurrency import event_loop as module
        from tap_purchase_orders.concurrency.event_loop import Event, event_loop

        left = 0

        def trace(frame, event, _):
            global left
            if frame.f_code.co_filename != module.__file__:
                return None
            if event == "line" and left:
                left -= 1
                if not left:
                    # In the middle of what the loop does.
                    sender = threading.Thread(target=event_loop().begin, args=(ring,))
                    sender.start()
                    sender.join()
            return trace

        threading.settrace(trace)
        event_loop()
        for moment in range(1, 60):
            event = Event()
            ring = event.set
            left = moment
            while left:
                round = Event()
                event_loop().begin(round.set)
                assert round.wait(20), moment
            assert event.wait(20), moment
        print("done")
        """
    assert run_alone(program) == "done"


def test_more_than_1024_open_files_end_nothing() -> None:
    program = """
        import os, resource, socket, threading
        resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
        files = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
        from tap_purchase_orders.concurrency.event_loop import event_loop
        from tap_purchase_orders.concurrency.cancellation import CancelToken
        from tap_purchase_orders.http.transport import Transport
        from tap_purchase_orders.auth.bearer_token import BearerTokenAuth
        from tap_purchase_orders.redaction import Secrets

        server = socket.create_server(("127.0.0.1", 0))
        server.settimeout(20)

        def serve():
            connection, _ = server.accept()
            connection.settimeout(20)
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok")

        threading.Thread(target=serve, daemon=True).start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        auth = BearerTokenAuth("a-token-0123456789")
        answer = Transport(auth, url, Secrets(), CancelToken()).send(f"{url}/")
        print(server.fileno() > 1024, answer.content)
        """
    assert run_alone(program) == "True b'ok'"


def test_an_ended_loop_leaves_no_thread_no_task_and_no_open_file() -> None:
    program = """
        import os, threading
        from tap_purchase_orders.concurrency.event_loop import event_loop, end_loop
        from tap_purchase_orders.concurrency.cancellation import CancelToken

        ended = []
        def wait():
            try:
                CancelToken().wait(3600)
            finally:
                ended.append(threading.current_thread().name)

        before = set(os.listdir("/proc/self/fd"))
        begun = threading.Event()
        event_loop().begin(wait)
        event_loop().begin(begun.set)
        assert begun.wait(20)
        end_loop()
        after = set(os.listdir("/proc/self/fd"))
        print(ended, threading.active_count(), len(after - before))
        # Whoever needs one has another.
        again = threading.Event()
        event_loop().begin(again.set)
        print(again.wait(20))
        """
    assert run_alone(program) == "['event loop'] 1 0\nTrue"


def test_who_waits_for_results_is_woken_after_what_else_can_be_done() -> None:
    seen: list[int] = []
    done_before: list[int] = []
    woken = Gate()

    def wake() -> None:
        done_before.extend(seen)
        woken.open()

    def task(number: int) -> None:
        if number == 0:
            event_loop().before_sleep(wake)
            for each in range(1, 4):
                event_loop().begin(partial(task, each))
        seen.append(number)

    event_loop().begin(partial(task, 0))
    woken.wait()
    assert done_before == [0, 1, 2, 3]


def test_who_waits_for_a_result_hears_of_the_end_and_no_other_loop_is_made() -> None:
    program = """
        import threading
        from tap_purchase_orders.concurrency import event_loop as loops, ordered_map
        from tap_purchase_orders.concurrency.cancellation import CancelToken

        # Who is not told would wait for so long.
        ordered_map._LOOK_SECONDS = 3600

        class Counted(loops.EventLoop):
            made = 0
            def __init__(self):
                Counted.made += 1
                super().__init__()

        loops.EventLoop = Counted
        begun = threading.Event()
        heard = []

        def task():
            begun.set()
            CancelToken().wait(3600)

        def take():
            token = CancelToken()
            try:
                list(ordered_map.ordered_map([task], workers=1, cancel_token=token))
            except BaseException as error:
                heard.append(type(error).__name__)

        taker = threading.Thread(target=take, daemon=True)
        taker.start()
        assert begun.wait(20)
        loops.end_loop()
        taker.join(20)
        print(heard, Counted.made)
        """
    assert run_alone(program) == "['GreenletExit'] 1"


def test_a_thread_that_waits_lets_handlers_of_signals_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    event = Event()
    waits: list[float] = []

    class Lock:
        """Never released: as when a handler runs only between two waits."""

        def acquire(self, timeout: float) -> bool:
            waits.append(timeout)
            event.is_set = len(waits) == 3
            return False

    monkeypatch.setattr(event, "_lock", Lock())

    assert event.wait()
    assert len(waits) == 3
    assert max(waits) <= 1.0
