"""A fresh clone, and a shell in it into which the documents' commands are typed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PROJECT = Path(__file__).resolve().parents[2]
# What a user's shell does not have: settings of this project, and those of make.
FOREIGN = (
    "AIRFLOW",
    "MAKE",
    "MELTANO_",
    "MFLAGS",
    "PG",
    "PURCHASE_ORDERS_",
    "PYTHON",
    "TAP_",
    "TARGET_",
    "VIRTUAL_ENV",
)
SECONDS_A_BLOCK = 2400
SECONDS_TO_END = 20


def clone(folder: Path) -> None:
    """Make a clone with all that Git would take, committed or not, or renew it."""
    listed = _git("ls-files", "-coz", "--exclude-standard", at=PROJECT)
    for name in filter(None, listed.split("\0")):
        source, copy = PROJECT / name, folder / name
        # A file that was deleted and not yet committed is listed, too. One that is
        # there already stays as old as it is, or make would install anew.
        if source.is_file() and not (
            copy.is_file() and copy.read_bytes() == source.read_bytes()
        ):
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, copy)
    _git("init", "--quiet", at=folder)
    _git("add", "--all", at=folder)
    author = ("-c", "user.name=Reader", "-c", "user.email=reader@example.com")
    _git(*author, "commit", "--quiet", "--allow-empty", "-m", "A clone", at=folder)


def not_ignored(folder: Path) -> list[str]:
    """Return what is new or changed in a clone, and not ignored by Git."""
    said = _git("status", "--porcelain", "-z", at=folder)
    return [line[3:] for line in said.split("\0") if line]


def _git(*arguments: str, at: Path) -> str:
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
        self._count = 0

    def run(self, commands: str) -> tuple[bool, str]:
        """Type commands; return whether they ended well, and their output."""
        self._count += 1
        block = self._folder / f"{self._count}.sh"
        output, done = block.with_suffix(".log"), block.with_suffix(".done")
        block.write_text(commands, encoding="utf-8")
        output.touch()
        assert self._process.stdin
        # What goes on in the background keeps the output of the block that started it.
        with suppress(BrokenPipeError):
            self._process.stdin.write(
                f". '{block}' < /dev/null > '{output}' 2>&1; > '{done}'\n"
            )
            self._process.stdin.flush()
        deadline = time.monotonic() + SECONDS_A_BLOCK
        while (
            not done.exists()
            and self._process.poll() is None
            and time.monotonic() < deadline
        ):
            time.sleep(0.05)
        return done.exists(), output.read_text(encoding="utf-8", errors="replace")


@contextmanager
def open_shell(
    folder: Path, notes: Path, variables: Mapping[str, str] | None = None
) -> Iterator[Shell]:
    """Open a shell in a folder; end it and all that it started.

    Args:
        folder: Where the shell is.
        notes: Where the blocks and their output are kept.
        variables: What it has beside the variables of this process.
    """
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(FOREIGN)
    }
    environment |= {
        "NO_PROXY": "localhost,127.0.0.1",
        "no_proxy": "localhost,127.0.0.1",
        **(variables or {}),
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
        _end_group(process)


def _end_group(process: subprocess.Popen[str]) -> None:
    """End the shell and what it left in the background, kindly at first."""
    deadline = time.monotonic() + SECONDS_TO_END
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        while time.monotonic() < deadline:
            process.poll()
            os.killpg(process.pid, 0)
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(BrokenPipeError):
        process.communicate()
