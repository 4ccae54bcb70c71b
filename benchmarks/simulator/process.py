"""The simulator as a child process."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import asdict
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import quote, urlsplit

from benchmarks.machine import FIRST, LAST, keep_to
from benchmarks.simulator.control import CONTROL_PATH, Counts, Scene

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

_ROOT = Path(__file__).parents[2]
_CALL_SECONDS = 60.0
_STOP_SECONDS = 10.0


class SimulatorError(Exception):
    """The simulator could not be started."""


class Simulator:
    """A running simulator; a context manager that starts and ends it.

    Attributes:
        url: Its address without TLS.
        secure_url: Its address with TLS.
        authority_file: The certificate of the authority that its own is from.

    Args:
        directory: Where its certificate goes; it belongs to the caller.
    """

    def __init__(self, directory: Path) -> None:
        self.authority_file = directory / "authority.pem"
        self.url = ""
        self.secure_url = ""

    def __enter__(self) -> Self:
        """Start the process and wait until it answers.

        Raises:
            SimulatorError: It ended at once.
        """
        self._process = subprocess.Popen(  # noqa: S603  # our own program
            [sys.executable, "-m", __package__, self.authority_file],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=_ROOT,
        )
        # A pipe: `Popen` has both ends, whatever its types say.
        line = self._process.stdout.readline() if self._process.stdout else b""
        if not line:
            self._stop()
            msg = "the simulator did not start"
            raise SimulatorError(msg)
        urls = json.loads(line)
        self.url, self.secure_url = urls["plain"], urls["secure"]
        address = urlsplit(self.url)
        self._control = HTTPConnection(
            address.hostname or "", address.port, timeout=_CALL_SECONDS
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process."""
        self._control.close()
        self._stop()

    def set(self, scene: Scene) -> None:
        """Set the scene, and count anew."""
        self._call(quote(json.dumps(asdict(scene)), safe=""))

    def counts(self) -> Counts:
        """Return what was counted since the scene was set."""
        return Counts(**json.loads(self._call("")))

    def _call(self, what: str) -> bytes:
        self._control.request("GET", CONTROL_PATH + what)
        return self._control.getresponse().read()

    def _stop(self) -> None:
        # The end of its input ends it; it has nothing to bring to an end.
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def running_simulator() -> Iterator[tuple[Simulator, Path]]:
    """Start a simulator; yield it and a folder for files, which goes with it.

    Raises:
        SimulatorError: It ended at once.
    """
    with (
        tempfile.TemporaryDirectory(prefix="purchase-orders-benchmark-") as name,
        Simulator(Path(name)) as simulator,
    ):
        yield simulator, Path(name)


@contextmanager
def simulator_apart() -> Iterator[tuple[Simulator, Path]]:
    """Do the same, with a processor for the simulator and another for what follows.

    Raises:
        SimulatorError: It ended at once.
    """
    keep_to(FIRST)
    with running_simulator() as running:
        keep_to(LAST)
        yield running
