"""All that was started, found again and ended, whoever its parent is by now."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from orchestrate.processes import processes

if TYPE_CHECKING:
    from collections.abc import Iterator

_PR_SET_CHILD_SUBREAPER = 36
_SECONDS_TO_END = 10
# Of these only the exit status is left, until it is asked for.
_ENDED = ("Z", "X")


@contextmanager
def adopting_orphans() -> Iterator[None]:
    """Be the parent of all orphans below this process; kill them at the end (Linux).

    What a killed worker has started goes on without it. Nothing of it may outlive us.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
    try:
        yield
    finally:
        deadline = time.monotonic() + _SECONDS_TO_END
        while (left := descendants(os.getpid())) and time.monotonic() < deadline:
            for process in left:
                with suppress(OSError):
                    os.kill(process, signal.SIGKILL)
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            time.sleep(0.05)


def descendants(ancestor: int) -> list[int]:
    """Return the ids of all running processes below one, children's children too."""
    children: dict[int, list[int]] = {}
    for process, state, parent in processes():
        if state not in _ENDED:
            children.setdefault(parent, []).append(process)
    found: list[int] = []
    to_do = [ancestor]
    while to_do:
        below = children.get(to_do.pop(), [])
        found += below
        to_do += below
    return found
