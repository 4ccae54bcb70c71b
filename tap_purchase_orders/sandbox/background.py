"""Starts the sandbox in the background and returns once it is ready."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap_purchase_orders.sandbox.private_files import write_private

if TYPE_CHECKING:
    from collections.abc import Sequence

PID_FILE = "sandbox.pid"


class StartError(Exception):
    """The sandbox in the background ended before it was ready; the message says why."""


def start(arguments: Sequence[str]) -> tuple[dict[str, Any], int]:
    """Start the sandbox as a process of its own.

    It outlives this process and the shell, and ends by a signal or by
    `--lifetime-seconds`. Its process id is written beside `config.json`.

    Args:
        arguments: The command line, without `--background`.

    Returns:
        The ready document, and the process id.

    Raises:
        StartError: It ended before it was ready.
    """
    with tempfile.TemporaryFile() as messages:
        process = subprocess.Popen(  # noqa: S603  # our own command
            [sys.executable, "-m", __package__, *arguments, "--json"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=messages,
            # Ctrl+C in this terminal is not meant for it.
            start_new_session=True,
        )
        assert process.stdout is not None  # noqa: S101  # a pipe was asked for
        with process.stdout:
            line = process.stdout.readline()
        if not line:
            process.wait()
            messages.seek(0)
            raise StartError(messages.read().decode(errors="replace").strip())
    document: dict[str, Any] = json.loads(line)
    pid_file = Path(document["config_file"]).with_name(PID_FILE)
    write_private(pid_file, f"{process.pid}\n")
    # It goes on; nobody waits for it here.
    process.returncode = 0
    return document, process.pid
