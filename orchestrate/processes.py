"""What Linux knows of processes: the end of a parent, and the tap below Meltano."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PR_SET_PDEATHSIG = 1
_PROCESSES = Path("/proc")
# Where Meltano installs the taps; each runs from its own environment.
_TAPS = "/extractors/"


def end_with_parent(parent: int) -> None:
    """Have Linux send SIGTERM when the parent is gone; elsewhere, do nothing.

    Args:
        parent: The id of the process that started this one, as it knew it.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        # It was gone before Linux was asked.
        os.kill(os.getpid(), signal.SIGTERM)


def ask_tap_to_end(meltano: int) -> bool:
    """Send SIGTERM to the tap that a Meltano runs; return whether one was found.

    The loader then loads what it was given, and Meltano saves the state behind it.
    Asked itself, Meltano ends the loader too, and drops the state that it answers.

    Args:
        meltano: The id of Meltano's process.
    """
    found = False
    for process, _, parent in processes():
        # It may end meanwhile.
        with suppress(OSError):
            command = (_PROCESSES / f"{process}/cmdline").read_text(errors="replace")
            if parent == meltano and _TAPS in command:
                os.kill(process, signal.SIGTERM)
                found = True
    return found


def processes() -> Iterator[tuple[int, str, int]]:
    """Yield id, state and the parent's id of each process; none but on Linux."""
    for process in _PROCESSES.glob("[0-9]*"):
        # Any of them may end meanwhile.
        with suppress(OSError):
            status = (process / "stat").read_text(errors="replace")
            # After the name in brackets, which may hold anything.
            state, parent = status.rpartition(")")[2].split()[:2]
            yield int(process.name), state, int(parent)
