"""The tutorial, typed as it stands into one shell in a fresh clone: `make tutorial`."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.docs.tutorial_page import first_difference, steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.docs.tutorial_page import Step

PROJECT = Path(__file__).resolve().parents[2]
STEPS = list(steps((PROJECT / "docs" / "tutorial.md").read_text(encoding="utf-8")))
# What a user's shell does not have: settings of this project, and those of make.
FOREIGN = ("MAKE", "MELTANO_", "MFLAGS", "PG", "TAP_", "TARGET_", "VIRTUAL_ENV")
# Where the sandbox of the tutorial listens.
PORT = 8443
SECONDS_A_STEP = 900
SECONDS_TO_END = 20
LINES_SHOWN = 60


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh clone with all that Git would take, committed or not."""
    folder = tmp_path_factory.mktemp("tutorial") / "tap-purchase-orders"
    listed = git("ls-files", "-coz", "--exclude-standard", at=PROJECT)
    for name in filter(None, listed.split("\0")):
        source, copy = PROJECT / name, folder / name
        # A file that was deleted and not yet committed is listed, too.
        if source.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, copy)
    git("init", "--quiet", at=folder)
    return folder


def git(*arguments: str, at: Path) -> str:
    return subprocess.run(
        ["git", *arguments], check=True, stdout=subprocess.PIPE, text=True, cwd=at
    ).stdout


class Shell:
    """A shell into which blocks of commands are typed.

    Args:
        process: A running bash; it ends at the first command that fails.
        folder: Where the blocks and their output are kept.
    """

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process = process
        self._folder = folder

    def run(self, step: Step) -> tuple[bool, str]:
        """Type the commands; return whether they ended well, and their output."""
        block = self._folder / f"{step.line}.sh"
        output, done = block.with_suffix(".log"), block.with_suffix(".done")
        block.write_text(step.commands, encoding="utf-8")
        assert self._process.stdin
        # What goes on in the background keeps the output of the step that started it.
        self._process.stdin.write(f". {block} < /dev/null > {output} 2>&1; > {done}\n")
        self._process.stdin.flush()
        deadline = time.monotonic() + SECONDS_A_STEP
        while (
            not done.exists()
            and self._process.poll() is None
            and time.monotonic() < deadline
        ):
            time.sleep(0.05)
        return done.exists(), output.read_text(encoding="utf-8", errors="replace")


@contextmanager
def open_shell(folder: Path, notes: Path) -> Iterator[Shell]:
    """Open a shell in a folder; end it and all that it started."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(FOREIGN)
    }
    environment |= {
        "NO_PROXY": "localhost,127.0.0.1",
        "no_proxy": "localhost,127.0.0.1",
    }
    process = subprocess.Popen(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail"],
        cwd=folder,
        env=environment,
        stdin=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield Shell(process, notes)
    finally:
        end_group(process)


def end_group(process: subprocess.Popen[str]) -> None:
    """End the shell and what it left in the background, kindly at first."""
    deadline = time.monotonic() + SECONDS_TO_END
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        while time.monotonic() < deadline:
            process.poll()
            os.killpg(process.pid, 0)
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


# The installation is the longest part of it.
@pytest.mark.timeout(1800)
def test_the_tutorial_does_what_it_says(clone: Path, tmp_path: Path) -> None:
    assert len(STEPS) > 10
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", PORT)), f"port {PORT} is taken"
    with open_shell(clone, tmp_path) as shell:
        for step in STEPS:
            ended_well, output = shell.run(step)
            end = "\n".join(output.splitlines()[-LINES_SHOWN:])
            assert ended_well, f"line {step.line}:\n{step.commands}\n{end}"
            if step.shown is not None:
                line = first_difference(step.shown, output)
                assert line is None, f"line {step.line}, not in place: {line}\n{end}"
    # What it started it has ended.
    assert not (clone / ".tutorial").exists()
    assert not (clone / ".env").exists()
