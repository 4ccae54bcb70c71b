"""The same runs under Meltano, with its own state and its own signals."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import threading
import time
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demo.pipeline import pipeline_in
from demo.processes import running
from demo.variables import TAP, variables

from .meltano_rules import metadata_rules, select_patterns
from .run import HUNG, SECONDS, Ended

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_purchase_orders.sandbox.process import Sandbox

    from .plan import Kill, Step

PROJECT = Path(__file__).resolve().parents[2]
MELTANO = PROJECT / ".venv-meltano" / "bin" / "meltano"
_HOURLY = ("tap-purchase-orders", "target-postgres")
_WEEKLY = ("tap-purchase-orders--everything", "target-postgres")
_HOLD = "weekly"
# The lock keeps the hourly run waiting until the weekly one has ended.
_SECONDS_APART = 15
_SECONDS_BETWEEN_LOOKS = 0.05
_LOG_BYTES = 6000


class MeltanoRunner:
    """Runs `meltano run`.

    Args:
        directory: Where Meltano keeps everything.
        sandbox: Tells how many requests it has answered, and holds some of them.
        loader_settings: The loader's settings.
        environment: Other variables.
    """

    def __init__(
        self,
        directory: Path,
        sandbox: Sandbox,
        loader_settings: Mapping[str, str],
        environment: Mapping[str, str],
    ) -> None:
        self._directory = directory
        self._sandbox = sandbox
        loader = {**loader_settings, "ssl_mode": "disable"}
        pipeline = pipeline_in(directory, {}, loader, environment)
        self._environment = {
            **pipeline.environment,
            "MELTANO_HUB_URL": "http://127.0.0.1:9",
            "XDG_STATE_HOME": str(directory / "state"),
        }
        self._was_killed = False
        self._weekly = ExitStack()
        self._weekly_process: subprocess.Popen[bytes] | None = None

    def run(self, step: Step, settings: dict[str, Any]) -> Ended:
        """Run a step's run."""
        before = self._states()
        plugins = _WEEKLY if step.full_table == "own state" else _HOURLY
        environment = self._environment | dict(variables(TAP, settings))
        if plugins is _HOURLY:
            rules = metadata_rules(full_table=step.full_table != "no")
            environment |= {
                f"{TAP}__SELECT": json.dumps(select_patterns(step.streams)),
                f"{TAP}__METADATA": json.dumps(rules),
            }
        # A Meltano that was killed is still at work, its database says for 5 minutes.
        force = ["--force"] if self._was_killed else []
        path = self._directory / "run.log"
        killed = False
        with (
            path.open("wb") as log,
            running(
                [*self._locked(), *force, *plugins],
                cwd=PROJECT,
                env=environment,
                stdout=log,
                stderr=log,
            ) as meltano,
        ):
            timer = threading.Timer(_SECONDS_APART, self._release)
            timer.start()
            try:
                if step.kill is not None:
                    killed = self._kill(step.kill, meltano)
                status = meltano.wait(SECONDS)
                self._wait_for_the_rest(meltano.pid)
            except subprocess.TimeoutExpired as error:
                raise TimeoutError(HUNG) from error
            finally:
                timer.cancel()
        is_good = status == 0 and not killed
        is_kept = is_good or self._states() != before
        content = path.read_bytes()[-_LOG_BYTES:].decode(errors="replace")
        return Ended(is_good, is_kept, killed, has_crashed=False, log=content)

    def start_weekly(self, settings: dict[str, Any], customer: str) -> None:
        """Start the weekly job; return when it waits for the orders of a customer."""
        when = {"resource": "orders", "customer": customer}
        rule = {"when": when, "times": 1, "answer": {"hold": _HOLD}}
        self._sandbox.faults([rule])
        log = self._weekly.enter_context((self._directory / "weekly.log").open("wb"))
        weekly = self._weekly.enter_context(
            running(
                [*self._locked(), *_WEEKLY],
                cwd=PROJECT,
                env=self._environment | dict(variables(TAP, settings)),
                stdout=log,
                stderr=log,
            )
        )
        self._weekly_process = weekly
        deadline = time.monotonic() + SECONDS
        while not self._sandbox.fault_counts()[0]["acted"]:
            if weekly.poll() is not None or time.monotonic() > deadline:
                self._weekly.close()
                raise TimeoutError(HUNG)
            time.sleep(_SECONDS_BETWEEN_LOOKS)

    def end_weekly(self) -> None:
        """Let the weekly job go on, and wait until it has ended."""
        self._release()
        with self._weekly:
            try:
                if self._weekly_process is not None:
                    self._weekly_process.wait(SECONDS)
            except subprocess.TimeoutExpired as error:
                raise TimeoutError(HUNG) from error

    def _release(self) -> None:
        if self._weekly_process is not None:
            self._sandbox.release(_HOLD)

    def _locked(self) -> list[str | Path]:
        """Return the command under the lock of docs/meltano.md, *Jobs and schedules*.

        No process of its own is between them, so that signals meet Meltano.
        """
        lock = self._directory / "run.lock"
        return ["flock", "--no-fork", "--wait", str(SECONDS), lock, *self._command()]

    def _command(self) -> list[str | Path]:
        return [MELTANO, f"--env-file={os.devnull}", "run", "--no-install"]

    def _states(self) -> list[tuple[Any, ...]]:
        path = self._directory / "meltano" / "meltano.db"
        if not path.is_file():
            return []
        with closing(sqlite3.connect(path, timeout=60)) as database:
            try:
                query = "SELECT state_id, completed_state FROM state ORDER BY 1"
                return database.execute(query).fetchall()
            except sqlite3.OperationalError:
                return []

    def _kill(self, kill: Kill, meltano: subprocess.Popen[bytes]) -> bool:
        """Kill once so many requests are answered; return whether it was in time."""
        deadline = time.monotonic() + SECONDS
        while self._sandbox.requests()["total"] < (kill.after or 0):
            if meltano.poll() is not None or time.monotonic() > deadline:
                return False
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        if meltano.poll() is not None:
            return False
        if kill.whom == "machine":
            os.killpg(meltano.pid, kill.number)
        elif kill.whom == "meltano":
            meltano.send_signal(kill.number)
        else:
            program = {"tap": "tap-purchase-orders", "loader": "target-postgres"}
            return _kill_child(meltano.pid, program[kill.whom], kill.number)
        self._was_killed |= kill.number == signal.SIGKILL
        return True

    def _wait_for_the_rest(self, group: int) -> None:
        """Wait for what a killed Meltano has left: the loader loads what it has."""
        deadline = time.monotonic() + SECONDS
        while any(_members(group)) and time.monotonic() < deadline:
            time.sleep(_SECONDS_BETWEEN_LOOKS)


def _kill_child(group: int, program: str, number: signal.Signals) -> bool:
    for process_id in _members(group):
        with suppress(OSError):
            line = Path(f"/proc/{process_id}/cmdline").read_bytes().decode()
            if f"/{program}\0--config" in line and "--discover" not in line:
                os.kill(process_id, number)
                return True
    return False


def _members(group: int) -> Iterator[int]:
    """Yield the processes of a group that have not ended, its leader aside."""
    for path in Path("/proc").glob("[0-9]*"):
        process_id = int(path.name)
        with suppress(OSError):
            if process_id != group and os.getpgid(process_id) == group:
                state = (path / "stat").read_text().rpartition(")")[2].split()[0]
                if state != "Z":
                    yield process_id
