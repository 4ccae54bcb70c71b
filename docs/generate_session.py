# ruff: noqa: INP001  # run as a script
"""Records the first session with the sandbox that README.md shows.

`python docs/generate_session.py` runs the commands of the README's block about the
sandbox, all but the installation, and writes down what they print, shortened at each
`...`. With `--check` it runs them, too, and only says whether what they print has
another shape: numbers and ids may be others.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

README = Path(__file__).resolve().parents[1] / "README.md"

_COMMANDS = re.compile(
    r"^```shell\n(?:.*\n)*?(?P<commands>purchase-orders-sandbox (?:.*\n)*?)```$",
    re.MULTILINE,
)
_RECORD = re.compile(
    r"(?P<begin><!-- recorded: first session -->\n).*?(?P<end><!-- end of record -->)",
    re.DOTALL,
)
_PORT = "8443"
_LOG_LINE = re.compile(r"^\S+ \S+ \| \w+ +\| (\S+) +\| (.*)$")
# What every run says, and figures for machines.
_LEFT_OUT = (
    "singer_sdk.metrics",
    "tap_purchase_orders.auth.identity_platform",
    "tap_purchase_orders.http.api_client",
)
_LEFT_OUT_TEXTS = ("Skipping parse", "tap-purchase-orders v")
_WIDTH = 96
_SECONDS = 120
# The last command has ended it, unless one before it failed.
_END = "if kill -0 $(cat sandbox/sandbox.pid); then kill $(cat sandbox/sandbox.pid); fi"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check the record; return the exit status: 1 if a check fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing")
    parser.add_argument("file", nargs="?", type=Path, default=README)
    options = parser.parse_args(arguments)
    before = options.file.read_text(encoding="utf-8")
    record = "\n".join(session(commands_of(before)))
    after = _RECORD.sub(
        lambda old: f"{old['begin']}\n```text\n{record}\n```\n\n{old['end']}", before
    )
    if options.check:
        is_same = shape(before) == shape(after)
        if not is_same:
            sys.stderr.write(f"{options.file.name} is out of date: run {__file__}\n")
        return int(not is_same)
    options.file.write_text(after, encoding="utf-8")
    return 0


def commands_of(readme: str) -> list[str]:
    """Return the commands of the sandbox's block, each as it stands.

    Raises:
        ValueError: There is no such block, or no place for the record.
    """
    block = _COMMANDS.search(readme)
    if block is None or _RECORD.search(readme) is None:
        msg = "no commands of the sandbox, or no place for what they print"
        raise ValueError(msg)
    # A backslash at the end of a line goes on with the next one.
    return re.findall(r"(?:.*\\\n)*.*\n", block["commands"])


def session(commands: Sequence[str]) -> Iterator[str]:
    """Run commands in an empty directory; yield them and what they print."""
    logged: set[str] = set()
    with tempfile.TemporaryDirectory() as directory:
        try:
            for command in commands:
                yield from f"$ {command}".splitlines()
                lines = list(shortened(_printed(command, directory), directory))
                # What a command before it has logged, too, is not shown again.
                yield from (line for line in lines if line not in logged)
                logged.update(line for line in lines if line.startswith("... "))
        finally:
            _printed(_END, directory)


def shortened(printed: str, directory: str) -> Iterator[str]:
    """Yield the lines of an output, with `...` for what is left out."""
    for line in printed.replace(directory, "...").splitlines():
        text = line
        if log_line := _LOG_LINE.match(line):
            logger, said = log_line.groups()
            if logger in _LEFT_OUT or said.startswith(_LEFT_OUT_TEXTS):
                continue
            text = f"... {said}"
        yield text if len(text) <= _WIDTH else f"{text[:_WIDTH]}..."


def shape(text: str) -> str:
    """Return a text with all numbers and ids alike."""
    alike = re.sub(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", text)
    return re.sub(r"\d+", "0", alike)


def _printed(command: str, directory: str) -> str:
    """Run a command as a shell does; return what it prints.

    Raises:
        CalledProcessError: It ended with another status than 0.
    """
    # Another program may listen where the README's does.
    there = command.replace(f"--port {_PORT}", "--port 0")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(  # noqa: S603 - what the README has people run
        ["bash", "-c", there],  # noqa: S607 - whichever bash the user has
        check=True,
        cwd=directory,
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_SECONDS,
    )
    return re.sub(r"(?<=https://localhost:)\d+", _PORT, done.stdout)


if __name__ == "__main__":
    sys.exit(main())
