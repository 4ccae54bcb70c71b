"""Starting and ending the demo's programs, each by the id of its own process."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_SECONDS_TO_END = 20


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
