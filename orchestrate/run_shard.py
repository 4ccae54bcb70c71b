"""Runs one shard with Meltano: in a directory of its own, and never twice at once.

    cd <the Meltano project>
    export TAP_PURCHASE_ORDERS_SHARD_INDEX=0 TAP_PURCHASE_ORDERS_SHARD_COUNT=4
    python -m orchestrate.run_shard tap-purchase-orders target-postgres

It is run by the Python of the environment that Meltano is in. Without the two variables
there is one shard, which is everything, with the state of a plain `meltano run`.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrate.lease import (
    SECONDS_BETWEEN_CHECKS,
    Lease,
    StateDatabase,
    StillRunningError,
    UnreachableError,
)
from orchestrate.processes import ask_tap_to_end, end_with_parent
from orchestrate.project import Project, ProjectError
from orchestrate.run_directory import run_directory

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import FrameType

_MELTANO = Path(sys.executable).with_name("meltano")
# As sysexits.h has it: try again later.
_TRY_LATER = 75
_LOST_LEASE = 70
# Less than the minute that Airflow gives a task before it kills it.
_SECONDS_TO_LOAD = 45
_SECONDS_TO_END = 10
_PATIENCE_SECONDS = 300
_MIGRATION_SECONDS = 120


class _Terminated(BaseException):
    """SIGTERM or SIGINT came."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a shard; return Meltano's exit status, or 75 if it could not be started."""
    parser = argparse.ArgumentParser(
        prog="python -m orchestrate.run_shard",
        description="Runs one shard with Meltano, in the project of this directory.",
    )
    parser.add_argument("extractor")
    parser.add_argument("loader")
    parser.add_argument(
        "--environment",
        help="that of Meltano; default MELTANO_ENVIRONMENT, else the project's",
    )
    parser.add_argument(
        "--patience",
        type=float,
        default=_PATIENCE_SECONDS,
        metavar="SECONDS",
        help="how long to wait for another run of this shard; default %(default)s",
    )
    parser.add_argument(
        "--end-with-parent",
        action="store_true",
        help="end when the process that started this one is gone (Linux)",
    )
    options = parser.parse_args(arguments)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _terminate)
    if options.end_with_parent:
        end_with_parent(os.getppid())
    try:
        project = Project.at(Path.cwd(), options.environment)
        return _run(project, options.extractor, options.loader, options.patience)
    except ProjectError as error:
        _say(str(error))
        return 1
    except StillRunningError as error:
        _say(f"{error}: not started")
        return _TRY_LATER
    except UnreachableError as error:
        _say(f"the database of Meltano's states: {error}")
        return _TRY_LATER
    except _Terminated as ending:
        return 128 + ending.number


def _run(project: Project, extractor: str, loader: str, patience: float) -> int:
    state_id = project.state_id(extractor, loader)
    project.shards.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = StateDatabase(project.database_uri, project.shards)
    if not database.has_tables():
        _make_tables(project, database)
    with database.lock(f"meltano {state_id}", patience) as lease:
        force = database.leftover_of_a_dead_run(state_id, patience)
        if force:
            _say(f"{state_id}: the run before was killed; going on from its state")
        arguments = [f"--environment={project.environment}", "run", "--no-install"]
        if project.state_id_suffix:
            arguments.append(f"--state-id-suffix={project.state_id_suffix}")
        if force:
            arguments.append("--force")
        with run_directory(project.shards, project.plugins) as directory:
            environment = project.meltano_variables | {
                "MELTANO_SYS_DIR_ROOT": str(directory)
            }
            run = partial(_meltano, [*arguments, extractor, loader], environment, lease)
            # Loaders that make the same tables at the same moment fail, all but one.
            may_collide = bool(project.state_id_suffix) and not database.has_state(
                project.pipeline(extractor, loader)
            )
            status = run()
            if status and may_collide and lease.is_held():
                _say(
                    "the first load failed; once more, in case another shard's loader"
                    " was making the same tables"
                )
                status = run()
            return status


def _make_tables(project: Project, database: StateDatabase) -> None:
    """Let Meltano make its tables, once: shards that start together would all try."""
    with database.lock("meltano migration", _MIGRATION_SECONDS):
        if not database.has_tables():
            done = subprocess.run(  # noqa: S603
                [_MELTANO, f"--environment={project.environment}", "state", "list"],
                env=os.environ | project.meltano_variables,
                stdin=subprocess.DEVNULL,
                check=False,
            )
            if done.returncode != 0:
                message = "Meltano could not make its tables"
                raise ProjectError(message)


def _meltano(
    arguments: Sequence[str], variables: Mapping[str, str], lease: Lease
) -> int:
    """Run Meltano as long as the lease is held; return its exit status."""
    # Of its own session, so that a signal to the group of this process is passed on in
    # order: to Meltano alone, which then ends the tap and the loader.
    this = os.getpid()
    process = subprocess.Popen(  # noqa: S603
        [_MELTANO, *arguments],
        env=os.environ | dict(variables),
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=lambda: end_with_parent(this),  # noqa: PLW1509 - no threads here
    )
    try:
        while (status := _status(process, SECONDS_BETWEEN_CHECKS)) is None:
            if not lease.is_held():
                _say("the lock on the state is lost: ending the run at once")
                return _LOST_LEASE
    except _Terminated:
        _say("asked to end: what has been read is being loaded")
        if (
            not ask_tap_to_end(process.pid)
            or _status(process, _SECONDS_TO_LOAD) is None
        ):
            process.terminate()
            _status(process, _SECONDS_TO_END)
        raise
    finally:
        _kill_group(process)
    return status if status >= 0 else 128 - status


def _status(process: subprocess.Popen[bytes], seconds: float) -> int | None:
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    # Whatever Meltano left behind: the id of the group is taken as long as it lives.
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()


def _terminate(number: int, _frame: FrameType | None) -> Any:
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, signal.SIG_IGN)
    raise _Terminated(number)


def _say(text: str) -> None:
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    try:
        print(f"{now} [run_shard] {text}", file=sys.stderr, flush=True)
    except OSError:
        # Nobody listens any more; the run must still be ended in order.
        sys.stderr = None


if __name__ == "__main__":
    sys.exit(main())
