"""Ends the process without the interpreter's own shutdown."""

from __future__ import annotations

import atexit
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn


def run_and_exit(command: Callable[[], object]) -> NoReturn:
    """Run a command and end the process with its exit status.

    The interpreter is not shut down. It would wait for threads of libraries, which may
    never end, and running threads can crash it meanwhile (cpython#127893). Functions
    registered by `atexit` are called, as in any other program.

    Args:
        command: Ends by returning, or by `SystemExit`.
    """
    status = 0
    try:
        command()
    except SystemExit as error:
        status = _status(error.code)
    # For the event loop, the log, and tools such as coverage.
    atexit._run_exitfuncs()  # noqa: SLF001  # there is no other name for it
    for stream in (sys.stdout, sys.stderr):
        # Its reader may have gone.
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


def _status(code: object) -> int:
    """Return the exit status for the code of a `SystemExit`, as Python has it."""
    if code is None:
        return 0
    if isinstance(code, int):
        return code
    print(code, file=sys.stderr)  # noqa: T201  # as the interpreter does
    return 1
