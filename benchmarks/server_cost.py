"""What a PostgreSQL server on this machine takes, by the kernel's own accounts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from demo.warehouse import Warehouse

_PROC = Path("/proc")
# Positions in /proc/PID/stat behind the name, which may hold anything (proc(5)).
_PARENT = 1
_OWN, _OF_ENDED_CHILDREN = slice(11, 13), slice(11, 15)


class Server:
    """The processes of a server.

    Args:
        warehouse: The server.
    """

    def __init__(self, warehouse: Warehouse) -> None:
        with warehouse.connected() as connection:
            (backend,) = connection.execute("SELECT pg_backend_pid()").fetchone() or ()
            self._postmaster = int(_stat(backend)[_PARENT])

    def cpu_seconds(self) -> float:
        """Return the processor time of all its processes so far, ended ones too."""
        ticks = _ticks(_stat(self._postmaster)[_OF_ENDED_CHILDREN])
        for entry in _PROC.iterdir():
            if entry.name.isdigit():
                try:
                    stat = _stat(int(entry.name))
                except (FileNotFoundError, ProcessLookupError):
                    continue
                if int(stat[_PARENT]) == self._postmaster:
                    ticks += _ticks(stat[_OWN])
        return ticks / os.sysconf("SC_CLK_TCK")


def _stat(process: int) -> list[str]:
    text = (_PROC / str(process) / "stat").read_text(encoding="ascii", errors="replace")
    return text.rpartition(")")[2].split()


def _ticks(fields: list[str]) -> int:
    return sum(map(int, fields))
