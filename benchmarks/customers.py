"""What a run costs as the customers grow: `python -m benchmarks.customers`.

Processor time, STATE bytes, memory and requests of a first run, of a quiet one, and of
one that the activity log guides, over a partner of three orders a customer. An hour
later 40 customers have news, and 1 in 200 has an open order.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from benchmarks.cases import IN_FLIGHT
from benchmarks.command import environment_of, run
from benchmarks.lineup import CACHE, tap_catalog, tap_config, tap_line
from benchmarks.markdown import number, table
from benchmarks.simulator.control import Scene
from benchmarks.simulator.process import Simulator, running_simulator

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from benchmarks.contestants.job import Job

_MOST_TIMES_FOR_TENFOLD = 12.0
_LONGEST_SECONDS = 1800.0
_MEGABYTE = 1e6
_STATE = b'{"type":"STATE"'


@dataclass(frozen=True, slots=True)
class _Cost:
    """What one run took; times in seconds, sizes in bytes."""

    run: str
    customers: int
    requests: int
    cpu_seconds: float
    total_bytes: int
    state_lines: int
    state_bytes: int
    peak_bytes: int


class _Counted(threading.Thread):
    """Reads messages from a pipe and throws them away, but for the last STATE.

    Args:
        pipe: The pipe; whoever writes waits for the reader, and the other way round.
    """

    def __init__(self, pipe: Path) -> None:
        super().__init__(daemon=True)
        self._pipe = pipe
        self.total_bytes = self.state_bytes = self.state_lines = 0
        self.last_state = b'{"value":{}}'

    @override
    def run(self) -> None:
        """Read to the end."""
        with self._pipe.open("rb") as lines:
            for line in lines:
                self.total_bytes += len(line)
                if line.startswith(_STATE):
                    self.state_lines += 1
                    self.state_bytes += len(line)
                    self.last_state = line


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table, and return 1 where the costs grow too fast."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.customers", description=__doc__
    )
    parser.add_argument("--customers", type=int, nargs="+", default=[10_000, 100_000])
    options = parser.parse_args(arguments)
    with running_simulator() as (simulator, folder):
        costs = [
            cost
            for customers in options.customers
            for detection in ("full", "activity_log")
            for cost in _costs(simulator, customers, detection, folder)
        ]
    _print(costs)
    return 0 if _is_linear(costs) else 1


def _costs(
    simulator: Simulator, customers: int, detection: str, directory: Path
) -> Iterator[_Cost]:
    """Yield what a first run costs, and one an hour later."""
    job: Job = {
        "upstream": "partner_center",
        "url": simulator.url,
        "lines": "children",
        "numbers": [],
        "in_flight": IN_FLIGHT,
        "directory": str(directory),
    }
    config = tap_config(job)
    config["partner_center"]["change_detection"] = detection
    environment = environment_of(CACHE)
    catalog = tap_catalog(config, job["lines"], directory, environment)
    line = tap_line(config, catalog, directory)
    state_file = directory / "state.json"
    scene = Scene(customers, orders_per_customer=3, open_every=200)
    later = replace(scene, hours_ahead=1, active_customers=40)
    for turn, now in (("first", scene), ("an hour later", later)):
        simulator.set(now)
        pipe = directory / "messages"
        os.mkfifo(pipe)
        counted = _Counted(pipe)
        counted.start()
        cost = run(
            line,
            pipe,
            directory=directory,
            environment=environment,
            longest_seconds=_LONGEST_SECONDS,
        )
        counted.join()
        pipe.unlink()
        state: dict[str, Any] = json.loads(counted.last_state)["value"]
        state_file.write_text(json.dumps(state), encoding="utf-8")
        line = [*line, "--state", str(state_file)]
        yield _Cost(
            f"{turn}, `{detection}`",
            customers,
            simulator.counts().requests,
            cost.cpu_seconds,
            counted.total_bytes,
            counted.state_lines,
            counted.state_bytes,
            cost.peak_bytes,
        )


def _print(costs: Sequence[_Cost]) -> None:
    headings = (
        "run",
        "customers",
        "requests",
        "CPU s",
        "us a customer",
        "STATE lines",
        "STATE MB",
        "all MB",
        "peak MB",
    )
    rows = [
        (
            cost.run,
            f"{cost.customers:,}",
            f"{cost.requests:,}",
            number(cost.cpu_seconds),
            number(1e6 * cost.cpu_seconds / cost.customers),
            f"{cost.state_lines:,}",
            number(cost.state_bytes / _MEGABYTE),
            number(cost.total_bytes / _MEGABYTE),
            number(cost.peak_bytes / _MEGABYTE),
        )
        for cost in costs
    ]
    print(table(headings, rows))


def _is_linear(costs: Sequence[_Cost]) -> bool:
    """Return whether ten times the customers cost no more than twelve times as much."""
    by_run: dict[str, list[_Cost]] = {}
    for cost in costs:
        by_run.setdefault(cost.run, []).append(cost)
    is_linear = True
    for name, runs in by_run.items():
        small, large = runs[0], runs[-1]
        growth = large.customers / small.customers / 10 * _MOST_TIMES_FOR_TENFOLD
        cpu = large.cpu_seconds / small.cpu_seconds
        state = large.state_bytes / max(1, small.state_bytes)
        print(f"{name}: CPU x{cpu:.1f}, STATE bytes x{state:.1f}, limit x{growth:.0f}")
        is_linear &= cpu <= growth and state <= growth
    return is_linear


if __name__ == "__main__":
    sys.exit(main())
