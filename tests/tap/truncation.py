"""The command, cut off on purpose: by bytes that it has written, never by time."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from tests.tap.tap import COMMAND
from tests.tap.upstream import read_json

if TYPE_CHECKING:
    import signal
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_SECONDS = 60
_CHUNK_BYTES = 4096


@contextmanager
def started(
    folder: Path,
    config: Mapping[str, Any],
    state: Mapping[str, Any],
    environment: Mapping[str, str],
) -> Iterator[subprocess.Popen[bytes]]:
    """Start the command; its standard error is the file `log` in the folder."""
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "state.json").write_text(json.dumps(state))
    variables = {"PATH": os.environ["PATH"], "HOME": str(folder), **environment}
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [COMMAND, "--config", "config.json", "--state", "state.json"],
            cwd=folder,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=log,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait(_SECONDS)
        output(process).close()


def output(process: subprocess.Popen[bytes]) -> IO[bytes]:
    """Return what a process writes to."""
    assert process.stdout is not None
    return process.stdout


def read_bytes(process: subprocess.Popen[bytes], count: int) -> bytes:
    """Return about as many bytes of a process's output, fewer at its end."""
    received = bytearray()
    while len(received) < count:
        chunk = os.read(output(process).fileno(), _CHUNK_BYTES)
        if not chunk:
            break
        received += chunk
    return bytes(received)


def cut(
    process: subprocess.Popen[bytes], after_bytes: int, with_signal: signal.Signals
) -> tuple[bytes, int]:
    """Send a signal once a process has written so much; return all it wrote, status."""
    received = read_bytes(process, after_bytes)
    process.send_signal(with_signal)
    rest = output(process).read()
    return received + rest, process.wait(_SECONDS)


def whole_messages(received: bytes) -> list[dict[str, Any]]:
    """Return the messages that reached the reader to their last byte."""
    lines = received.split(b"\n")[:-1]
    return [read_json(line) for line in lines]


def last_state(
    messages: list[dict[str, Any]], before: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Return the state that the next run starts from."""
    states = [message["value"] for message in messages if message["type"] == "STATE"]
    return states[-1] if states else before
