"""The directory that Meltano writes into during one run.

Two runs of a tap in one system directory write over each other's catalog. And Meltano
writes the plugins' settings there, secrets included, so nobody else may read it, and it
does not stay.
"""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX = "run-"
_ALIVE = "alive"
# What Meltano makes for itself; all else in the project's directory are plugins.
_PLUGINS = ("extractors", "loaders", "mappers", "utilities")


@contextmanager
def run_directory(parent: Path, plugins: Path) -> Iterator[Path]:
    """Yield a new system directory with the project's plugins; remove it afterwards.

    What a killed run has left behind on this machine is removed first.

    Args:
        parent: Where the directories of all runs are.
        plugins: The system directory into which the plugins are installed.
    """
    for leftover in parent.glob(f"{_PREFIX}*"):
        _remove_if_abandoned(leftover)
    directory = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
    with (directory / _ALIVE).open("wb") as alive:
        fcntl.flock(alive, fcntl.LOCK_EX)
        try:
            for kind in _PLUGINS:
                if (plugins / kind).is_dir():
                    (directory / kind).symlink_to((plugins / kind).resolve())
            yield directory
        finally:
            shutil.rmtree(directory, ignore_errors=True)


def _remove_if_abandoned(directory: Path) -> None:
    try:
        with (directory / _ALIVE).open("rb") as alive:
            fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        # In use, or not quite made yet, or just removed by another run.
        return
    shutil.rmtree(directory, ignore_errors=True)
