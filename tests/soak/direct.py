"""The tap and the loader, started and joined as Meltano does it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .meltano_rules import Catalog, KeptStates, catalog_for
from .run import HUNG, SECONDS, Ended

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .loaders import LoaderProcess, Loaders
    from .plan import Kill, Step

TAP = Path(sys.executable).with_name("tap-purchase-orders")
_LOG_BYTES = 6000
_SECONDS_BETWEEN_LOOKS = 0.02


class DirectRunner:
    """Runs `tap | target-postgres`, and keeps what the loader says as the state.

    Args:
        directory: Where files go.
        catalog: What the tap discovers.
        loaders: Start the loader.
        loader_config: The loader's settings.
        environment: The variables of both programs.
    """

    def __init__(
        self,
        directory: Path,
        catalog: Catalog,
        loaders: Loaders,
        loader_config: Mapping[str, Any],
        environment: Mapping[str, str],
    ) -> None:
        self._directory = directory
        self._catalog = catalog
        self._loaders = loaders
        self._environment = environment
        self._states = KeptStates()
        self._write("loader", loader_config)

    def run(self, step: Step, settings: dict[str, Any]) -> Ended:
        """Run a step's run."""
        state_id = "weekly" if step.full_table == "own state" else "hourly"
        full_table = step.full_table != "no"
        catalog = catalog_for(self._catalog, step.streams, full_table=full_table)
        command: list[str | Path] = [TAP, "--config", self._write("config", settings)]
        command += ["--catalog", self._write("catalog", catalog)]
        if (state := self._states.get(state_id)) is not None:
            command += ["--state", self._write("state", state)]
        with ExitStack() as cleanup:
            logs = [self._directory / name for name in ("tap.log", "loader.log")]
            tap_log, loader_log = (
                cleanup.enter_context(path.open("wb")) for path in logs
            )
            tap = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=tap_log,
                cwd=self._directory,
                env=self._environment,
            )
            cleanup.callback(_end, tap)
            from_here, to_loader = os.pipe()
            from_loader, to_here = os.pipe()
            loader = self._loaders.start(
                ["--config", str(self._directory / "loader.json")],
                self._environment,
                self._directory,
                (from_here, to_here, loader_log.fileno()),
            )
            cleanup.callback(loader.end)
            os.close(from_here)
            os.close(to_here)
            pipes = _Pipes(tap, loader, step.kill, to_loader, from_loader)
            pipes.run()
        is_kept = False
        for line in pipes.states:
            is_kept |= self._states.take(state_id, line)
        tap_said, loader_said = (
            f"{_end_of(path)}\n{path.name} ends with status {status}"
            for path, status in zip(logs, pipes.statuses, strict=True)
        )
        tap_status = pipes.statuses[0] or 0
        has_crashed = (tap_status < 0 and not pipes.killed) or "Traceback" in tap_said
        is_good = pipes.statuses == (0, 0) and not pipes.killed
        log = tap_said if pipes.statuses[0] else loader_said
        return Ended(is_good, is_kept, pipes.killed, has_crashed, log)

    def _write(self, name: str, value: Any) -> Path:
        path = self._directory / f"{name}.json"
        path.write_text(json.dumps(value, indent=2), encoding="utf-8")
        return path


class _Pipes:
    """Carries the messages to the loader and its states back, and kills on the way.

    Attributes:
        states: The lines of the loader that came before Meltano was killed.
        statuses: The exit statuses of tap and loader.
        killed: Whether the kill came before the end.
    """

    def __init__(
        self,
        tap: subprocess.Popen[bytes],
        loader: LoaderProcess,
        kill: Kill | None,
        to_loader: int,
        from_loader: int,
    ) -> None:
        self._tap = tap
        self._loader = loader
        self._kill = kill
        self._to_loader = to_loader
        self._from_loader = from_loader
        self._is_deaf = False
        self.states: list[bytes] = []
        self.statuses: tuple[int | None, int | None] = (None, None)
        self.killed = False

    def run(self) -> None:
        """Return when both have ended.

        Raises:
            TimeoutError: They did not.
        """
        threads = [
            threading.Thread(target=self._carry_messages),
            threading.Thread(target=self._carry_states),
        ]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + SECONDS
        try:
            loader_status = None
            while self._tap.poll() is None or loader_status is None:
                if time.monotonic() > deadline:
                    raise TimeoutError(HUNG)
                loader_status = self._loader.wait(_SECONDS_BETWEEN_LOOKS)
                if loader_status is not None and self._tap.poll() is None:
                    # Nobody reads the rest: Meltano stops the tap.
                    self._tap.terminate()
                    self._tap.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired as error:
            raise TimeoutError(HUNG) from error
        finally:
            _end(self._tap)
            self._loader.end()
            for thread in threads:
                thread.join(SECONDS)
        self.statuses = (self._tap.returncode, self._loader.wait(0))

    def _carry_messages(self) -> None:
        output = self._tap.stdout
        if output is None:
            return
        try:
            with suppress(BrokenPipeError), os.fdopen(self._to_loader, "wb") as there:
                for count, line in enumerate(output, start=1):
                    there.write(line)
                    there.flush()
                    if self._kill is not None and count == self._kill.after:
                        self._do(self._kill)
                    if self._is_deaf:
                        break
                else:
                    if self._kill is not None and self._kill.after is None:
                        there.close()
                        time.sleep(self._kill.seconds)
                        self._do(self._kill)
        finally:
            # Who still writes is told that nobody reads.
            output.close()

    def _do(self, kill: Kill) -> None:
        is_over = self._tap.poll() if kill.whom == "tap" else self._loader.wait(0)
        if is_over is not None:
            return
        self.killed = True
        self._is_deaf = kill.whom in ("meltano", "machine")
        if kill.whom in ("tap", "machine"):
            self._tap.send_signal(kill.number)
        if kill.whom in ("loader", "machine"):
            self._loader.signal(kill.number)

    def _carry_states(self) -> None:
        with os.fdopen(self._from_loader, "rb") as there:
            for line in there:
                if not self._is_deaf:
                    self.states.append(line)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def _end_of(path: Path) -> str:
    """Return the end of a log, without what only measures."""
    lines = path.read_bytes()[-_LOG_BYTES:].decode(errors="replace").splitlines()
    return "\n".join(line for line in lines if "METRIC" not in line)


def discovered(
    directory: Path, settings: Mapping[str, Any], environment: Mapping[str, str]
) -> Catalog:
    """Return the catalog that the tap discovers."""
    config = directory / "discover.json"
    config.write_text(json.dumps(settings), encoding="utf-8")
    finished = subprocess.run(
        [TAP, "--config", config, "--discover"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=environment,
        timeout=SECONDS,
        check=True,
    )
    catalog: Catalog = json.loads(finished.stdout)
    return catalog
