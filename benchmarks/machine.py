"""When and where a benchmark ran."""

from __future__ import annotations

import datetime as dt
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

_PACKAGES = ("tap-purchase-orders", "singer-sdk", "requests")
_CPU_FILE = Path("/proc/cpuinfo")
FIRST, LAST = 0, -1
_PROCESSORS = os.sched_getaffinity(0) if sys.platform == "linux" else set()


def about() -> dict[str, Any]:
    """Return date, machine, cores and versions."""
    return {
        "date": f"{dt.datetime.now(dt.UTC):%Y-%m-%d}",
        "machine": f"{platform.system()} {platform.machine()}{_model()}",
        "cores": os.cpu_count(),
        "versions": {"Python": platform.python_version()}
        | {name: version(name) for name in _PACKAGES},
    }


def about_text(facts: dict[str, Any]) -> str:
    """Return the facts in one line."""
    versions = ", ".join(f"{name} {text}" for name, text in facts["versions"].items())
    return f"{facts['date']}; {facts['machine']}, {facts['cores']} cores; {versions}"


def keep_to(place: int) -> None:
    """Have this process, and what it starts from now on, run on one processor.

    So neither the upstream nor a move to another processor changes what a run costs.
    Where there is one processor, or the system has no such call, nothing is done.

    Args:
        place: Which of the processors: `FIRST` or `LAST`.
    """
    if sys.platform == "linux":
        os.sched_setaffinity(0, {sorted(_PROCESSORS)[place]})


def _model() -> str:
    """Return the name of the processor, where the system tells."""
    if not _CPU_FILE.exists():
        return ""
    for line in _CPU_FILE.read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return f" ({value.strip()})"
    return ""
