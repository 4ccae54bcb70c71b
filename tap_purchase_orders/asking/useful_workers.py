"""How many workers are of use to a process that is busy itself."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

# A measurement is so many tasks of each worker, and at least so many in all.
_ROUNDS: Final = 2
_LEAST_TASKS: Final = 8
# Parts of a processor's time: above, workers only wait for each other; below, there is
# room for more; far below, for many.
_BUSY: Final = 0.92
_ROOM: Final = 0.8
_MUCH_ROOM: Final = 0.5
# What is left of them where they are too many: at first, and once that was not so.
_HALF: Final = 0.5
_MOST_OF_THEM: Final = 0.75


class UsefulWorkers:
    """Finds how many workers to have, by how busy the process is.

    Python does one thing at a time. Where the work on an answer takes as long as the
    answer is in coming, a second worker makes the first one wait, and the system hand
    over between them again and again: that can double what an answer costs. Where
    answers are long in coming, all workers wait for them, and all are of use.

    It begins with all there may be. Safe on any thread.

    Attributes:
        count: How many are of use.

    Args:
        most: How many there may be.
        clock: Seconds that never go back.
        processor_clock: Seconds of processor time that the process has used.
    """

    def __init__(
        self,
        most: int,
        clock: Callable[[], float] = time.monotonic,
        processor_clock: Callable[[], float] = time.process_time,
    ) -> None:
        self.count = most
        self._left = _HALF
        self._most = most
        self._clock = clock
        self._processor_clock = processor_clock
        self._lock = threading.Lock()
        self._tasks = 0
        self._began_at = clock()
        self._used = processor_clock()

    def done(self) -> bool:
        """Take in that a task is done; return whether the count has changed."""
        with self._lock:
            self._tasks += 1
            if self._tasks < max(_LEAST_TASKS, _ROUNDS * self.count):
                return False
            now, used = self._clock(), self._processor_clock()
            busy = (used - self._used) / max(now - self._began_at, 1e-9)
            self._tasks, self._began_at, self._used = 0, now, used
            before = self.count
            if busy > _BUSY:
                self.count = max(1, int(self.count * self._left))
                return self.count != before
            self._left = _MOST_OF_THEM
            if busy < _MUCH_ROOM:
                self.count = min(self._most, 2 * self.count)
            elif busy < _ROOM:
                self.count = min(self._most, self.count + 1 + self.count // 4)
            return self.count != before
