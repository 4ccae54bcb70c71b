"""The tap as a user runs it: the command in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator

from tests.tap.upstream import read_json
from tests.tap.worlds import SECRETS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COMMAND = Path(sys.executable).with_name("tap-purchase-orders")
_SECONDS = 90
# What a process needs to start; proxies and settings of this machine stay out.
_KEPT_VARIABLES = ("PATH", "PYTHONPATH", "SYSTEMROOT", "LANG")


@dataclass(frozen=True)
class Run:
    """One finished run.

    Attributes:
        status: Exit status.
        output: Standard output.
        log: Standard error.
    """

    status: int
    output: bytes
    log: str

    @cached_property
    def messages(self) -> list[dict[str, Any]]:
        """All messages; fractions are decimals with the digits that were written."""
        return [read_json(line) for line in self.output.splitlines()]

    @cached_property
    def schemas(self) -> dict[str, dict[str, Any]]:
        """The SCHEMA message of each stream."""
        return {
            message["stream"]: message
            for message in self.messages
            if message["type"] == "SCHEMA"
        }

    @property
    def states(self) -> list[dict[str, Any]]:
        """The values of all STATE messages."""
        return [m["value"] for m in self.messages if m["type"] == "STATE"]

    @property
    def state(self) -> dict[str, Any]:
        """The value of the last STATE message; nothing if there was none."""
        return self.states[-1] if self.states else {}

    def rows(self, stream: str) -> list[dict[str, Any]]:
        """Return the RECORD messages of a stream."""
        return [
            message
            for message in self.messages
            if message["type"] == "RECORD" and message["stream"] == stream
        ]

    def records(self, stream: str) -> list[dict[str, Any]]:
        """Return the records of a stream."""
        return [row["record"] for row in self.rows(stream)]

    def counts(self) -> dict[str, int]:
        """Return how many records each stream has, of those that have any."""
        streams = [m["stream"] for m in self.messages if m["type"] == "RECORD"]
        return {stream: streams.count(stream) for stream in dict.fromkeys(streams)}

    def issues(self, **wanted: Any) -> list[dict[str, Any]]:
        """Return the issues that have the given values, for example of `kind`."""
        return [
            issue
            for issue in self.records("extraction_issues")
            if wanted.items() <= issue.items()
        ]

    def logged(self, level: str) -> list[str]:
        """Return the messages of a level in the log."""
        lines = [line.split(" | ", 3) for line in self.log.splitlines()]
        return [
            parts[3] for parts in lines if len(parts) > 3 and parts[1].strip() == level
        ]

    @property
    def errors(self) -> list[str]:
        """The errors in the log."""
        return self.logged("ERROR")

    @property
    def warnings(self) -> list[str]:
        """The warnings in the log."""
        return self.logged("WARNING")


def run_tap(
    config: Any,
    *arguments: str,
    state: Any = None,
    catalog: Any = None,
    environment: Mapping[str, str] | None = None,
    command: Sequence[str] = (str(COMMAND),),
) -> Run:
    """Run the command and return how it went; what no run may do is checked here.

    Args:
        config: The settings.
        arguments: More arguments of the command line.
        state: The state to go on from.
        catalog: The catalog.
        environment: More environment variables.
        command: What starts the tap.
    """
    with tempfile.TemporaryDirectory(prefix="tap-") as folder:
        line = [*command]
        for name, value in (("config", config), ("state", state), ("catalog", catalog)):
            if value is not None:
                path = Path(folder) / f"{name}.json"
                text = value if isinstance(value, str) else json.dumps(value)
                path.write_text(text, encoding="utf-8")
                line += [f"--{name}", str(path)]
        kept = {
            name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ
        }
        finished = subprocess.run(
            [*line, *arguments],
            capture_output=True,
            cwd=folder,
            env={**kept, "HOME": folder, **(environment or {})},
            timeout=_SECONDS,
            check=False,
        )
    run = Run(finished.returncode, finished.stdout, finished.stderr.decode())
    no_traceback(run)
    no_secrets(run)
    if not arguments:
        good_messages(run)
    return run


def no_traceback(run: Run) -> None:
    """Check that no traceback reached the user."""
    said = [*run.output.decode().splitlines(), *run.log.splitlines()]
    assert [line for line in said if "Traceback" in line] == []
    assert [line for line in said if " | unexpected " in line] == []


def no_secrets(run: Run) -> None:
    """Check that no planted secret is in anything that the run has written."""
    said = [*run.output.decode().splitlines(), *run.log.splitlines()]
    leaks = [line for line in said for secret in SECRETS.values() if secret in line]
    assert leaks == []


def good_messages(run: Run) -> None:
    """Check that the messages are what any Singer loader may count on.

    Every stream has one schema before its records, every record is valid against it
    with its formats, its key is never null, and no key comes twice.
    """
    validators: dict[str, Draft202012Validator] = {}
    key_properties: dict[str, Sequence[str]] = {}
    keys = set()
    for message in run.messages:
        stream = message.get("stream", "")
        if message["type"] == "SCHEMA":
            assert stream not in validators
            key_properties[stream] = message["key_properties"]
            validators[stream] = Draft202012Validator(
                message["schema"],
                format_checker=Draft202012Validator.FORMAT_CHECKER,
            )
        elif message["type"] == "RECORD":
            record = message["record"]
            validators[stream].validate(record)
            key = (stream, *(record[name] for name in key_properties[stream]))
            assert None not in key, message
            assert key == (stream,) or key not in keys, message
            keys.add(key)
        else:
            assert message["type"] == "STATE"


def catalog_of(run: Run) -> dict[str, Any]:
    """Return the catalog that a run with `--discover` has printed."""
    catalog: dict[str, Any] = json.loads(run.output)
    return catalog
