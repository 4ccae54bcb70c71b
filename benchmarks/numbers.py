"""What ten million purchase order numbers cost: `python -m benchmarks.numbers`.

First comes how long a list takes to read, as a multiple of what the library behind it
takes (`benchmarks.number_files`). Then a file of each format is read by runs with a
budget of 100 requests: a first one, one that goes on behind it, and one that goes on in
the middle of the file. When the first request comes, is told by the server that answers
it.
"""

from __future__ import annotations

import argparse
import gzip
import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from benchmarks.command import MEMORY_UNIT_BYTES, TAP, Cost, environment_of, run
from benchmarks.machine import about, about_text
from benchmarks.simulator.control import Scene
from benchmarks.simulator.process import Simulator, running_simulator
from demo.tables import table
from tap_purchase_orders.concurrency.cancellation import CancelToken
from tap_purchase_orders.extraction.source_reader import SourceReader
from tap_purchase_orders.incremental.resume import ListPosition
from tap_purchase_orders.incremental.state import State
from tap_purchase_orders.number_sources.seen_set import SeenSet
from tap_purchase_orders.settings.load import load_settings
from tap_purchase_orders.settings.schema import settings_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from demo.tables import Cell
    from tap_purchase_orders.clients.appzen import AppZen

_BUDGET = 100
_LONGEST_SECONDS = 600.0
_MEGABYTE = 1_000_000
_ROWS_PER_GROUP = 1_000_000
# What the first run and the one behind it have to keep to.
_MOST_SECONDS = 5.0
_MOST_BYTES = 200 * _MEGABYTE
_COLUMN = "purchase_order_number"


def numbers(count: int) -> Iterator[str]:
    """Yield so many numbers, each another one, in no order."""
    step = 7_919_999
    return (f"PO-{position * step % count:09d}" for position in range(count))


def write_csv(path: Path, count: int) -> None:
    """Write the numbers as CSV."""
    with path.open("w") as file:
        file.writelines(_csv_lines(count))


def write_packed_csv(path: Path, count: int) -> None:
    """Write the numbers as CSV, packed with gzip."""
    with gzip.open(path, "wt", 1) as file:
        file.writelines(_csv_lines(count))


def _csv_lines(count: int) -> Iterator[str]:
    yield f"{_COLUMN}\n"
    for number in numbers(count):
        yield f"{number}\n"


def write_json_lines(path: Path, count: int) -> None:
    """Write the numbers as JSON lines."""
    with path.open("w") as file:
        file.writelines(f'{{"{_COLUMN}":"{number}"}}\n' for number in numbers(count))


def write_parquet(path: Path, count: int) -> None:
    """Write the numbers as Parquet, in row groups of a million."""
    import pyarrow as pa  # noqa: PLC0415  # see `elsewhere`
    from pyarrow.parquet import ParquetWriter  # noqa: PLC0415

    schema = pa.schema([(_COLUMN, pa.string())])
    rest = numbers(count)
    with ParquetWriter(path, schema) as writer:
        while rows := list(islice(rest, _ROWS_PER_GROUP)):
            writer.write_table(pa.table({_COLUMN: rows}, schema))


WRITERS: dict[str, Callable[[Path, int], None]] = {
    "csv": write_csv,
    "csv.gz": write_packed_csv,
    "jsonl": write_json_lines,
    "parquet": write_parquet,
}


@dataclass(frozen=True, slots=True)
class Measured:
    """One run.

    Attributes:
        suffix: The format.
        file_bytes: How large the file is.
        position: Behind how many numbers the run went on.
        first_request_seconds: From the start of the process to its first request.
        cost: What the run took.
    """

    suffix: str
    file_bytes: int
    position: int
    first_request_seconds: float
    cost: Cost

    @property
    def keeps_to_the_limits(self) -> bool:
        """Whether it was fast and small enough; far into a list it may be slower."""
        is_fast = self.first_request_seconds <= _MOST_SECONDS
        is_near = self.position <= _BUDGET
        return (is_fast or not is_near) and self.cost.peak_bytes <= _MOST_BYTES


class Bench:
    """Runs of the tap over one file after the other.

    Args:
        directory: An empty directory.
        simulator: Answers, whatever the number.
        count: How many numbers there are.
    """

    def __init__(self, directory: Path, simulator: Simulator, count: int) -> None:
        self._directory = directory
        self._simulator = simulator
        self._count = count

    def measure(self, suffix: str) -> Iterator[Measured]:
        """Yield a first run, the one behind it, and one from the middle of a file."""
        path = self._directory / f"numbers.{suffix}"
        elsewhere(self._count, "--write", suffix, str(path))
        config = self._config(path)
        # The interpreter's bytecode is made, and the file is in the system's cache.
        self._run(suffix, path, config, {})
        first, state = self._run(suffix, path, config, {})
        yield first
        yield self._run(suffix, path, config, state)[0]
        yield self._run(suffix, path, config, halfway(config, self._count))[0]
        path.unlink()

    def _config(self, path: Path) -> dict[str, Any]:
        names = ("api_key", "customer_id", "customer_key")
        return {
            "appzen": {
                "api_url": self._simulator.url,
                "auth": {"method": "api_key", **dict.fromkeys(names, "benchmark")},
                "purchase_order_numbers": {"source": "file", "path": str(path)},
                "max_requests_per_run": _BUDGET,
                "max_requests_per_second": 1000,
            }
        }

    def _run(
        self, suffix: str, path: Path, config: Any, state: Any
    ) -> tuple[Measured, dict[str, Any]]:
        (self._directory / "config.json").write_text(json.dumps(config))
        (self._directory / "state.json").write_text(json.dumps(state))
        output = self._directory / "messages.jsonl"
        self._simulator.set(Scene())
        cost = run(
            [TAP, "--config", "config.json", "--state", "state.json"],
            output,
            directory=self._directory,
            environment=environment_of(self._directory),
            longest_seconds=_LONGEST_SECONDS,
        )
        counts = self._simulator.counts()
        if counts.requests != _BUDGET:
            msg = f"{counts.requests} requests came, not {_BUDGET}"
            raise RuntimeError(msg)
        resume = state.get("bookmarks", {}).get("purchase_orders", {}).get("resume")
        measured = Measured(
            suffix,
            path.stat().st_size,
            resume[0] if resume else 0,
            counts.first_at - cost.began_at,
            cost,
        )
        last = output.read_bytes().splitlines()[-1]
        return measured, json.loads(last)["value"]


def halfway(config: dict[str, Any], count: int) -> dict[str, Any]:
    """Return the state of a run that was interrupted in the middle of its list."""
    settings = load_settings(config, settings_schema())
    section = settings.appzen
    if section is None:
        raise ValueError
    nobody = cast("AppZen", None)
    source = SourceReader(
        section.purchase_order_numbers, nobody, workers=1, cancel_token=CancelToken()
    )
    place = ListPosition(source.identity)
    for number in islice(numbers(count), count // 2):
        place.go_on(number)
    state = State({})
    state.checkpoint_resume_point(place.point())
    return state.value()


def seen_here(count: int) -> dict[str, float]:
    """Return what a set of so many numbers costs this process."""
    costs = {}
    for name in ("put", "add"):
        began = time.process_time()
        with SeenSet() as seen:
            take = getattr(seen, name)
            for number in numbers(count):
                take(number)
            costs[name] = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {**costs, "peak_bytes": peak * MEMORY_UNIT_BYTES}


def is_read_fast_enough(count: int) -> bool:
    """Print how long lists take to read; return whether that is within the limits.

    It has a process of its own, as `elsewhere` says.
    """
    line = [sys.executable, "-m", "benchmarks.number_files", "--numbers", str(count)]
    return subprocess.run(line, check=False).returncode == 0  # noqa: S603  # ours


def elsewhere(count: int, *arguments: str) -> bytes:
    """Return what this program prints in a process of its own.

    The most memory that a process has held counts for those that it starts, too: so the
    one that starts the measured runs has to be small.
    """
    line = [sys.executable, "-m", "benchmarks.numbers", "--numbers", str(count)]
    done = subprocess.run(  # noqa: S603  # this very program
        [*line, *arguments],
        stdout=subprocess.PIPE,
        check=True,
        timeout=_LONGEST_SECONDS,
    )
    return done.stdout


def main() -> int:
    """Measure, print tables, and return 1 where a limit is not kept to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--numbers", type=int, default=10_000_000)
    parser.add_argument("--formats", nargs="+", choices=WRITERS, default=list(WRITERS))
    parser.add_argument("--ratios", action="store_true", help="measure no runs")
    parser.add_argument("--seen", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--write", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    count = arguments.numbers
    if arguments.seen:
        print(json.dumps(seen_here(count)))
        return 0
    if arguments.write:
        suffix, path = arguments.write
        WRITERS[suffix](Path(path), count)
        return 0
    print(f"{count:,} numbers; {about_text(about())}\n", flush=True)
    is_fast = is_read_fast_enough(count)
    if arguments.ratios:
        return int(not is_fast)
    with running_simulator() as (simulator, folder):
        bench = Bench(folder, simulator, count)
        runs = [each for suffix in arguments.formats for each in bench.measure(suffix)]
    seen = json.loads(elsewhere(count, "--seen"))
    print(f"\nRuns with a budget of {_BUDGET} requests\n")
    _print(runs)
    _print_seen(seen, count)
    return int(not (is_fast and all(each.keeps_to_the_limits for each in runs)))


def _print(runs: list[Measured]) -> None:
    headings = (
        "format",
        "file MB",
        "behind number",
        "first request s",
        "CPU s",
        "peak MB",
    )
    rows: list[tuple[Cell, ...]] = [
        (
            each.suffix,
            round(each.file_bytes / _MEGABYTE),
            each.position,
            Decimal(f"{each.first_request_seconds:.2f}"),
            Decimal(f"{each.cost.cpu_seconds:.2f}"),
            round(each.cost.peak_bytes / _MEGABYTE),
        )
        for each in runs
    ]
    print(table(headings, rows))


def _print_seen(cost: dict[str, float], count: int) -> None:
    print(f"\nTo know which of {count:,} numbers have come up (CPU seconds):")
    print(f"  to ask of each whether it is new    {cost['add']:.1f}")
    print(f"  to take in those of an earlier run  {cost['put']:.1f}")
    print(f"  most memory of the process, MB      {cost['peak_bytes'] / _MEGABYTE:.0f}")


if __name__ == "__main__":
    sys.exit(main())
