"""Running a command that the settings name: without a shell, bounded in time."""

from __future__ import annotations

import subprocess
from typing import IO, TYPE_CHECKING, Any

from singer_sdk import typing as th

if TYPE_CHECKING:
    from collections.abc import Mapping

# The keys of a section that names a command.
SETTINGS = (
    th.Property("command", th.ArrayType(th.StringType)),
    th.Property("timeout_seconds", th.IntegerType),
)
_TIMEOUT_SECONDS = 30
_LONGEST_TIMEOUT_SECONDS = 3600


class CommandError(Exception):
    """The command gave nothing that can be used; the message says why, in words."""


def mistakes(section: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what is wrong with a section: the name of a key, and what it must be."""
    command = section.get("command")
    timeout = section.get("timeout_seconds", _TIMEOUT_SECONDS)
    found = []
    if (
        not isinstance(command, list)
        or not command
        or not all(isinstance(part, str) for part in command)
    ):
        found.append(("command", "must be an array of texts: a program, its arguments"))
    if type(timeout) is not int or not 1 <= timeout <= _LONGEST_TIMEOUT_SECONDS:
        bounds = f"must be a whole number from 1 to {_LONGEST_TIMEOUT_SECONDS}"
        found.append(("timeout_seconds", bounds))
    return found


def run(section: Mapping[str, Any], stdout: IO[str] | int) -> bytes:
    """Run the command of a section; return what it printed, if that is piped to us.

    What it says on standard error is shown to nobody: it may hold secrets.

    Raises:
        CommandError: It cannot be run, does not end in time, or ends with a failure.
    """
    timeout = section.get("timeout_seconds", _TIMEOUT_SECONDS)
    try:
        done = subprocess.run(  # noqa: S603  # without a shell, as the settings have it
            section["command"],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.DEVNULL,
            timeout=timeout,
            check=False,
        )
    # These errors would show the command, and what it has printed so far.
    except subprocess.TimeoutExpired:
        msg = f"did not end in time (`timeout_seconds` is {timeout})"
        raise CommandError(msg) from None
    except (OSError, ValueError) as error:
        msg = f"cannot be run: {getattr(error, 'strerror', 'it can be no command')}"
        raise CommandError(msg) from None
    if done.returncode:
        msg = f"failed with status {done.returncode}: run it yourself to see why"
        raise CommandError(msg)
    return done.stdout or b""
