"""When and where a benchmark ran."""

from __future__ import annotations

import datetime as dt
import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

_PACKAGES = ("tap-purchase-orders", "singer-sdk", "requests")
_CPU_FILE = Path("/proc/cpuinfo")


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


def _model() -> str:
    """Return the name of the processor, where the system tells."""
    if not _CPU_FILE.exists():
        return ""
    for line in _CPU_FILE.read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return f" ({value.strip()})"
    return ""
