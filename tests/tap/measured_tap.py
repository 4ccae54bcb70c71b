"""The tap's command with other bounds, and how much memory it took at most.

Usage: measured_tap.py BOUNDS PEAK ARGUMENT...

BOUNDS is a JSON object of constants, `module:NAME`, and their values; PEAK is a file
that takes the peak of the memory, in bytes; the rest is for the tap.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.tap.tap import Run


def run_measured(
    config: Any, *arguments: str, bounds: Mapping[str, float] | None = None, **more: Any
) -> tuple[Run, int]:
    """Return how a run of the tap went, and how many bytes of memory it took at most.

    Args:
        config: The settings.
        arguments: More arguments of the command line.
        bounds: Constants, `module:NAME` within the package, and their values.
        more: What else `run_tap` takes.
    """
    from tests.tap.tap import run_tap  # noqa: PLC0415  # the command itself does not need it

    with tempfile.TemporaryDirectory(prefix="peak-") as folder:
        peak = Path(folder) / "peak"
        command = [sys.executable, __file__, json.dumps(bounds or {}), str(peak)]
        run = run_tap(config, *arguments, command=command, **more)
        return run, int(peak.read_text())


def main() -> None:
    """Run the tap."""
    from tap_purchase_orders.tap import TapPurchaseOrders  # noqa: PLC0415  # as above

    bounds, peak, *arguments = sys.argv[1:]
    for place, value in json.loads(bounds).items():
        module_name, _, name = place.partition(":")
        module = importlib.import_module(f"tap_purchase_orders.{module_name}")
        # A constant of another name would bound nothing.
        getattr(module, name)
        setattr(module, name, value)
    try:
        TapPurchaseOrders.cli(arguments)
    finally:
        Path(peak).write_text(str(peak_bytes()))


def peak_bytes() -> int:
    """Return how much memory this process held at most."""
    status = Path("/proc/self/status")
    if status.exists():
        # What `getrusage` tells on Linux is, at first, that of the parent process.
        fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(fields["VmHWM"].split()[0]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


if __name__ == "__main__":
    main()
