"""The loader's processes, without the time that a start of it takes."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_PROJECT = Path(__file__).resolve().parents[2]
_LOADER = _PROJECT / ".meltano" / "loaders" / "target-postgres" / "venv"
_PROGRAM = Path(__file__).with_name("loader_server.py")
_SECONDS_TO_START = 120
_SECONDS_TO_END = 20


class LoaderProcess:
    """A process of target-postgres; safe on any thread.

    Args:
        connection: Speaks with the server that has started it.
        process_id: Its process id.

    Attributes:
        process_id: The same.
    """

    def __init__(self, connection: socket.socket, process_id: int) -> None:
        self._connection = connection
        self.process_id = process_id
        self._status: int | None = None
        self._lock = threading.Lock()

    def wait(self, seconds: float) -> int | None:
        """Return the exit status, none if it runs for longer."""
        with self._lock:
            if self._status is None:
                readable, _, _ = select.select([self._connection], [], [], seconds)
                if readable:
                    self._status = int(_line(self._connection))
                    self._connection.close()
            return self._status

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, unless it has ended."""
        if self.wait(0) is None:
            with suppress(ProcessLookupError):
                os.kill(self.process_id, number)

    def end(self) -> None:
        """Make sure that it has ended."""
        self.signal(signal.SIGKILL)
        self.wait(_SECONDS_TO_END)
        self._connection.close()


@dataclass(frozen=True, slots=True)
class Loaders:
    """Starts processes of target-postgres."""

    _socket: str

    def start(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        directory: Path,
        files: tuple[int, int, int],
    ) -> LoaderProcess:
        """Start one.

        Args:
            arguments: What stands behind its name on the command line.
            environment: Its variables.
            directory: Where it works.
            files: What becomes of its standard input, output and error.
        """
        request = {
            "arguments": list(arguments),
            "environment": dict(environment),
            "directory": str(directory),
        }
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(_SECONDS_TO_START)
        connection.connect(self._socket)
        socket.send_fds(connection, [json.dumps(request).encode()], files)
        return LoaderProcess(connection, int(_line(connection)))


@contextmanager
def running_loaders() -> Iterator[Loaders]:
    """Start the server that gives out processes, and end it."""
    with tempfile.TemporaryDirectory(prefix="loaders-") as folder:
        path = f"{folder}/socket"
        server = subprocess.Popen(
            [_LOADER / "bin" / "python", _PROGRAM, path], stdin=subprocess.PIPE
        )
        try:
            deadline = time.monotonic() + _SECONDS_TO_START
            while not _answers(path):
                if server.poll() is not None or time.monotonic() > deadline:
                    msg = "target-postgres did not start: `make soak` installs it"
                    raise RuntimeError(msg)
                time.sleep(0.05)
            yield Loaders(path)
        finally:
            if server.stdin is not None:
                server.stdin.close()
            try:
                server.wait(_SECONDS_TO_END)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def is_installed() -> bool:
    """Return whether target-postgres is where Meltano puts it."""
    return (_LOADER / "bin" / "target-postgres").is_file()


def _answers(path: str) -> bool:
    return Path(path).exists()


def _line(connection: socket.socket) -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        received = connection.recv(1)
        if not received:
            msg = "the loader's server has ended"
            raise RuntimeError(msg)
        line += received
    return line
