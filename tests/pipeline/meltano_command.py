"""Meltano with this project's meltano.yml, as a user runs it."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demo.pipeline import pipeline_in
from demo.processes import running
from tests.pipeline.postgres import loader, program

if TYPE_CHECKING:
    from collections.abc import Mapping

PROJECT = Path(__file__).parents[2]
_PLUGINS = PROJECT / ".meltano"
_DBT = PROJECT / ".venv-dbt"
# The setting `auto_install` is of no use: Meltano 4.4.1 does not look at it.
_INSTALLING = (("run",), ("invoke",), ("config", "test"))
_SECONDS = 120
_LINES_SHOWN = 40


@dataclass(frozen=True)
class Finished:
    """How a command ended.

    Attributes:
        status: Exit status.
        output: What it wrote to standard output.
        log: What it wrote to standard error.
    """

    status: int
    output: str
    log: str


@dataclass(frozen=True)
class Meltano:
    """The command, with a directory for all that it keeps.

    Attributes:
        directory: Where its logs go.
        environment: The variables that it gets.
        project: The directory of meltano.yml.
    """

    directory: Path
    environment: Mapping[str, str] = field(repr=False)
    project: Path = PROJECT

    def __call__(self, *arguments: str | Path, **variables: str) -> str:
        """Return what a command wrote to standard output; it has to end well."""
        finished = self.attempt(*arguments, **variables)
        end = "\n".join(finished.log.splitlines()[-_LINES_SHOWN:])
        assert finished.status == 0, end
        return finished.output

    def attempt(self, *arguments: str | Path, **variables: str) -> Finished:
        """Run a command with more variables; return how it ended.

        Nothing is installed: the plugins are those that all tests use.
        """
        for command in _INSTALLING:
            if arguments[: len(command)] == command:
                arguments = (*command, "--no-install", *arguments[len(command) :])
        output, log = self.directory / "output.txt", self.directory / "log.txt"
        with (
            output.open("wb") as written,
            log.open("wb") as logged,
            running(
                # An empty file in place of the project's `.env`.
                [_program(), f"--env-file={os.devnull}", *arguments],
                cwd=self.project,
                env={**self.environment, **variables},
                stdout=written,
                stderr=logged,
            ) as process,
        ):
            status = process.wait(_SECONDS)
        return Finished(status, output.read_text("utf-8"), log.read_text("utf-8"))


def meltano_in(
    directory: Path,
    tap_settings: Mapping[str, Any] | None = None,
    loader_settings: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Meltano:
    """Return a Meltano that has kept nothing yet, and the plugins that are installed.

    Skips the test where they are not.

    Args:
        directory: An empty directory.
        tap_settings: The tap's settings, in sections.
        loader_settings: Those of target-postgres.
        environment: Other variables.
    """
    _program()
    loader()
    program("tap-purchase-orders", _PLUGINS / "extractors/tap-purchase-orders/venv/bin")
    program("dbt", _DBT / "bin")
    pipeline = pipeline_in(
        directory, tap_settings or {}, loader_settings or {}, environment or {}
    )
    system = Path(pipeline.environment["MELTANO_SYS_DIR_ROOT"])
    # The same programs as Meltano would install, each in an environment of its own.
    for name, place in (("dbt", _DBT), ("purchase-orders-report", Path(sys.prefix))):
        utility = system / "utilities" / name
        utility.mkdir(parents=True)
        (utility / "venv").symlink_to(place)
    own = {
        # Nobody answers there.
        "MELTANO_HUB_URL": "http://127.0.0.1:9",
        # Below it go the logs of runs.
        "XDG_STATE_HOME": str(directory / "state"),
    }
    return Meltano(directory, {**pipeline.environment, **own})


def schema_of_the_project_file() -> dict[str, Any]:
    """Return the JSON schema of meltano.yml that Meltano brings along."""
    library = Path(_program()).parents[1] / "lib"
    (path,) = library.glob("python*/site-packages/meltano/schemas/meltano.schema.json")
    schema: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return schema


def _program() -> str:
    return program("meltano", PROJECT / ".venv-meltano" / "bin")
