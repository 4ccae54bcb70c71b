"""Meltano as a user runs it: the project's meltano.yml, settings in the environment."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demo.processes import running
from demo.variables import LOADER, TAP, variables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PROJECT = Path(__file__).parents[1]
_MELTANO = _PROJECT / ".venv-meltano" / "bin" / "meltano"
_TAP, _LOADER = "tap-purchase-orders", "target-postgres"
# Of the user's own settings none may find its way into the demo.
_FOREIGN = ("MELTANO_", "PG", "TAP_PURCHASE_ORDERS_", "TARGET_POSTGRES_")
_SECONDS_PER_RUN = 600
_LINES_SHOWN = 30


class PipelineError(Exception):
    """Meltano ended with a failure."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The tap and the loader, with a state that only the demo sees.

    Attributes:
        directory: Where logs, Meltano's database and the messages go.
        environment: The variables that Meltano gets.
    """

    directory: Path
    environment: Mapping[str, str] = field(repr=False)

    def run(self, name: str) -> float:
        """Read everything that is new into the warehouse; return the seconds it took.

        Raises:
            PipelineError: The run failed; the message has the end of its log.
        """
        started = time.monotonic()
        self._meltano(("run", "--no-install", _TAP, _LOADER), self.directory / name)
        return time.monotonic() - started

    def record_messages(self, path: Path) -> None:
        """Write to a file what the tap says to a loader that has no state yet.

        Raises:
            PipelineError: The run failed; the message has the end of its log.
        """
        arguments = ("invoke", "--no-install", _TAP)
        self._meltano(arguments, self.directory / "messages.log", messages=path)

    def _meltano(
        self, arguments: Sequence[str], log: Path, messages: Path | None = None
    ) -> None:
        with (
            log.open("wb") as errors,
            (messages or log).open("ab") as output,
            running(
                # An empty file in place of the project's `.env`.
                [_MELTANO, f"--env-file={os.devnull}", *arguments],
                cwd=_PROJECT,
                env=self.environment,
                stdout=output,
                stderr=errors,
            ) as meltano,
        ):
            try:
                status = meltano.wait(_SECONDS_PER_RUN)
            except subprocess.TimeoutExpired:
                status = None
        if status != 0:
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
            ended = f"ended with status {status}" if status else "took too long"
            message = f"meltano {' '.join(arguments)} {ended}; the end of {log}:"
            raise PipelineError("\n".join([message, *lines[-_LINES_SHOWN:]]))


def pipeline_in(
    directory: Path,
    tap_settings: Mapping[str, Any],
    loader_settings: Mapping[str, Any],
    tap_environment: Mapping[str, str],
) -> Pipeline:
    """Return a pipeline that has never run.

    Args:
        directory: An empty directory for all that Meltano keeps.
        tap_settings: The tap's settings, in sections.
        loader_settings: The settings of target-postgres.
        tap_environment: What else the tap's environment needs.
    """
    system = directory / "meltano"
    system.mkdir()
    # The plugins are those that are installed for the project.
    for kind in ("extractors", "loaders"):
        (system / kind).symlink_to(_PROJECT / ".meltano" / kind)
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_FOREIGN)
    }
    environment |= tap_environment
    environment |= {
        "MELTANO_ENVIRONMENT": "dev",
        "MELTANO_SYS_DIR_ROOT": str(system),
        # Where there is a proxy, it does not know this machine's own servers.
        "NO_PROXY": "localhost,127.0.0.1",
        "no_proxy": "localhost,127.0.0.1",
    }
    environment |= dict(variables(TAP, tap_settings))
    environment |= dict(variables(LOADER, loader_settings))
    return Pipeline(directory, environment)
