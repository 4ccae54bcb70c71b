"""Starting and ending the demo's programs, each by the id of its own process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from types import FrameType

_SECONDS_TO_END = 20


def end_on(*numbers: signal.Signals) -> None:
    """End this program in order when one of some signals comes."""

    def end(number: int, _frame: FrameType | None) -> NoReturn:
        # Everything is ended on the way out; a second signal must not cut that short.
        for each in numbers:
            signal.signal(each, signal.SIG_IGN)
        print("\nEnding what was started ...", file=sys.stderr)
        sys.exit(128 + number)

    for number in numbers:
        signal.signal(number, end)


@contextmanager
def running(
    command: Sequence[str | Path],
    *,
    ask_with: signal.Signals = signal.SIGTERM,
    **options: Any,
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a program; when the block is left, end it and whatever it started.

    Args:
        command: The program and its arguments.
        ask_with: The signal that asks it to end. After 20 seconds it is killed.
        options: As for `subprocess.Popen`.
    """
    # In a group of its own, a Ctrl-C reaches the demo alone, which then ends its
    # programs in the right order.
    process = subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.DEVNULL, start_new_session=True, **options
    )
    try:
        yield process
    finally:
        _signal_group(process, ask_with)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_SECONDS_TO_END)
        _signal_group(process, signal.SIGKILL)
        process.wait()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    # The id of the group stays taken as long as anything is left in it.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
