"""One run of the tap as a user runs it, and what it cost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_COMMAND = Path(sys.executable).with_name("tap-purchase-orders")
# What a measured time may be too long by.
_LOOK_SECONDS = 0.002
_SHOWN_LOG_LINES = 12
# The unit of a process's peak memory: bytes on macOS, KiB elsewhere (getrusage(2)).
_MEMORY_UNIT_BYTES = 1 if sys.platform == "darwin" else 1024


class RunFailedError(Exception):
    """The command failed or did not end in time."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run took.

    Attributes:
        wall_seconds: From the start of the process to its end.
        cpu_seconds: Processor time of the process and of all it started.
        peak_bytes: The most memory that one of them held at once.
    """

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int


class Command:
    """The installed command `tap-purchase-orders`.

    Args:
        directory: Where its files go; it belongs to the caller.
        environment: Variables for the command, on top of our own.
        longest_seconds: A run that takes longer is killed.
    """

    def __init__(
        self, directory: Path, environment: Mapping[str, str], longest_seconds: float
    ) -> None:
        self._directory = directory
        self._longest_seconds = longest_seconds
        self._environment = os.environ | environment | {"NO_PROXY": "localhost"}
        # An installed package has its bytecode. Here the first run makes it, whatever
        # the environment says, and leaves none in the checkout.
        self._environment["PYTHONPYCACHEPREFIX"] = str(directory / "bytecode")
        self._environment.pop("PYTHONDONTWRITEBYTECODE", None)

    def run(self, config: Mapping[str, Any], messages: Path) -> Cost:
        """Run the command; its messages go into a file.

        Raises:
            RunFailedError: It failed or did not end in time.
        """
        config_file = self._directory / "config.json"
        config_file.write_text(json.dumps(config), encoding="utf-8")
        log_file = self._directory / "log.txt"
        with messages.open("wb") as output, log_file.open("wb") as log:
            begin = time.perf_counter()
            process = subprocess.Popen(  # noqa: S603 - our own command
                [_COMMAND, "--config", config_file],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=log,
                env=self._environment,
            )
            usage = self._wait(process)
            wall_seconds = time.perf_counter() - begin
        if process.returncode != 0:
            lines = log_file.read_text(encoding="utf-8", errors="replace").splitlines()
            msg = f"the tap ended with status {process.returncode}; its last words:"
            raise RunFailedError("\n".join([msg, *lines[-_SHOWN_LOG_LINES:]]))
        return Cost(
            wall_seconds,
            usage.ru_utime + usage.ru_stime,
            usage.ru_maxrss * _MEMORY_UNIT_BYTES,
        )

    def _wait(self, process: subprocess.Popen[bytes]) -> Any:
        """Return what a process has used when it has ended."""
        deadline = time.monotonic() + self._longest_seconds
        process_id = 0
        try:
            while not process_id and time.monotonic() < deadline:
                time.sleep(_LOOK_SECONDS)
                process_id, status, usage = os.wait4(process.pid, os.WNOHANG)
        finally:
            if not process_id:
                os.kill(process.pid, signal.SIGKILL)
                process.wait()
        if not process_id:
            msg = f"the tap did not end within {self._longest_seconds:.0f} seconds"
            raise RunFailedError(msg)
        process.returncode = os.waitstatus_to_exitcode(status)
        return usage
