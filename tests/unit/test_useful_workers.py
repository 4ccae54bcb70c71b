from __future__ import annotations

import pytest

from tap_purchase_orders.asking.useful_workers import UsefulWorkers


class Process:
    """A process in which one worker at a time can use the processor.

    Args:
        work: Seconds of processor time that a task takes.
        wait: Seconds that it waits for its answer.
        most: Workers that there may be.
    """

    def __init__(self, work: float, wait: float, most: int) -> None:
        self.work, self.wait = work, wait
        self.now = self.used = 0.0
        self.workers = UsefulWorkers(most, lambda: self.now, lambda: self.used)

    def do(self, tasks: int) -> float:
        """Do some tasks; return how many a second."""
        began = self.now
        for _ in range(tasks):
            # So many at once, as long as there is processor time for them.
            self.now += max(self.work, (self.work + self.wait) / self.workers.count)
            self.used += self.work
            self.workers.done()
        return tasks / (self.now - began)


def test_all_are_of_use_where_answers_are_long_in_coming() -> None:
    process = Process(work=0.0005, wait=0.05, most=16)

    process.do(24)

    assert process.workers.count == 16


def test_one_is_enough_where_the_work_takes_longer_than_the_answer() -> None:
    process = Process(work=0.0005, wait=0.00002, most=16)

    process.do(100)

    assert process.workers.count == 1


@pytest.mark.parametrize("wait", [0.001, 0.003, 0.005, 0.008])
def test_in_between_the_processor_is_nearly_busy(wait: float) -> None:
    process = Process(work=0.0005, wait=wait, most=64)
    process.do(2000)

    rate = process.do(2000)

    assert rate >= 0.75 / process.work
    assert process.workers.count <= 1 + 1.1 * (wait + process.work) / process.work


def test_there_are_never_more_than_there_may_be() -> None:
    process = Process(work=0.0, wait=1.0, most=3)
    counts = set()
    for _ in range(200):
        process.do(1)
        counts.add(process.workers.count)

    assert counts == {3}


def test_a_process_that_gets_busy_does_with_fewer_and_has_more_again() -> None:
    process = Process(work=0.0005, wait=0.05, most=16)
    process.do(100)

    process.wait = 0.0001
    process.do(300)
    few = process.workers.count
    process.wait = 0.05
    process.do(300)

    assert few <= 2
    assert process.workers.count == 16
