"""One run of a program as a user runs it, and what it cost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TAP = str(Path(sys.executable).with_name("tap-purchase-orders"))
# The unit of a process's peak memory: bytes on macOS, KiB elsewhere (getrusage(2)).
MEMORY_UNIT_BYTES = 1 if sys.platform == "darwin" else 1024

_SHOWN_LOG_LINES = 12


class RunFailedError(Exception):
    """The program failed or did not end in time."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run took.

    Attributes:
        wall_seconds: From the start of the process to its end.
        cpu_seconds: Processor time of the process and of all it started.
        peak_bytes: The most memory that one of them held at once.
        began_at: When the process was started, by the system's monotonic clock.
    """

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int
    began_at: float


def environment_of(directory: Path, **variables: str) -> dict[str, str]:
    """Return the environment of a measured program.

    Args:
        directory: Where bytecode is kept.
        variables: What is added to our own environment.
    """
    environment = os.environ | {"NO_PROXY": "localhost,127.0.0.1"} | variables
    # An installed package has its bytecode. Here the first run makes it, whatever the
    # environment says, and leaves none in the checkout.
    environment["PYTHONPYCACHEPREFIX"] = str(directory / "bytecode")
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment


def run(
    line: Sequence[str],
    output: Path,
    *,
    directory: Path,
    environment: Mapping[str, str],
    longest_seconds: float,
) -> Cost:
    """Run a program to its end.

    Args:
        line: The command line.
        output: Where its standard output goes.
        directory: Where it runs and where its log goes.
        environment: Its environment.
        longest_seconds: A run that takes longer is killed.

    Raises:
        RunFailedError: It failed or did not end in time.
    """
    log_file = directory / "log.txt"
    with output.open("wb") as messages, log_file.open("wb") as log:
        began_at = time.monotonic()
        process = subprocess.Popen(  # noqa: S603  # a program of the benchmark
            line,
            stdin=subprocess.DEVNULL,
            stdout=messages,
            stderr=log,
            cwd=directory,
            env=environment,
        )
        usage = wait(process, longest_seconds)
        wall_seconds = time.monotonic() - began_at
    if process.returncode != 0:
        lines = log_file.read_text(encoding="utf-8", errors="replace").splitlines()
        name = " ".join(Path(word).name for word in line[:3])
        msg = f"`{name}` ended with status {process.returncode}; its last words:"
        raise RunFailedError("\n".join([msg, *lines[-_SHOWN_LOG_LINES:]]))
    return Cost(
        wall_seconds,
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss * MEMORY_UNIT_BYTES,
        began_at,
    )


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
        self._environment = environment_of(directory, **environment)

    def run(self, config: Mapping[str, Any], messages: Path) -> Cost:
        """Run the command; its messages go into a file.

        Raises:
            RunFailedError: It failed or did not end in time.
        """
        config_file = self._directory / "config.json"
        config_file.write_text(json.dumps(config), encoding="utf-8")
        return run(
            [TAP, "--config", str(config_file)],
            messages,
            directory=self._directory,
            environment=self._environment,
            longest_seconds=self._longest_seconds,
        )


def wait(process: subprocess.Popen[bytes], longest_seconds: float) -> Any:
    """Return what a process has used when it has ended; one that does not is killed."""
    killer = threading.Timer(longest_seconds, os.kill, (process.pid, signal.SIGKILL))
    killer.start()
    try:
        _, status, usage = os.wait4(process.pid, 0)
    except BaseException:
        process.kill()
        raise
    finally:
        killer.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage
