"""From the upstream to rows in PostgreSQL: what all of it costs, with each loader.

`make bench` runs it. Every contestant reads orders with 3 line items and purchase
orders with 10 lines, and loads them into an empty schema. Its cost is the processor
time of all its processes and of the server.
"""

from __future__ import annotations

import argparse
import json
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from benchmarks.cases import ORDERS_WITH_LINES, PURCHASE_ORDERS_WITH_LINES, Sizes
from benchmarks.command import TAP, RunFailedError, environment_of, wait
from benchmarks.lineup import CACHE, DEFAULT_PEERS, ROOT, tap_catalog, tap_config
from benchmarks.loaded import DLT, SINGER, Truth, check_same_tables, truth
from benchmarks.machine import about, about_text
from benchmarks.markdown import number, table
from benchmarks.server_cost import Server
from benchmarks.simulator.control import Scene
from benchmarks.simulator.process import Simulator
from benchmarks.work import WorkDiffersError
from demo.warehouse import Warehouse, running_warehouse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.cases import Case
    from benchmarks.contestants.job import Job

_CASES = (ORDERS_WITH_LINES, PURCHASE_ORDERS_WITH_LINES)
_IN_FLIGHT = 16
_LONGEST_SECONDS = 1800.0
_LOG_LINES = 12
_LOADERS = ROOT / ".meltano" / "loaders"
_PEERS = str(DEFAULT_PEERS / "bin" / "python")


@dataclass(frozen=True, slots=True)
class Contestant:
    """A way to load both upstreams.

    Attributes:
        name: Its name, and that of its schema.
        title: What it is called in tables.
        reader: Module of the reader, or the program of a build of the tap.
        loader: The program of the loader; none: the reader loads by itself.
        validates: Whether the loader checks every record.
    """

    name: str
    title: str
    reader: str
    loader: Path | None
    validates: bool = True


_TARGET = _LOADERS / "target-postgres" / "venv" / "bin" / "target-postgres"
_TARGET_JSON = (
    _LOADERS / "target-postgres-json" / "venv" / "bin" / "target-postgres-json"
)
_BEFORE = ROOT / ".venv-before" / "bin" / "tap-purchase-orders"
CONTESTANTS = (
    Contestant("before", "the build before, target-postgres", str(_BEFORE), _TARGET),
    Contestant("tap", "this build, target-postgres", TAP, _TARGET, validates=False),
    Contestant(
        "tap_json",
        "this build, target-postgres-json",
        TAP,
        _TARGET_JSON,
        validates=False,
    ),
    Contestant("stock", "stock singer-sdk tap, target-postgres", "stock", _TARGET),
    Contestant("dlt", "dlt rest_api, every digit", "dlt_postgres", None),
)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run took, in seconds.

    Attributes:
        reader: Processor time of what reads.
        loader: That of the loader.
        server: That of PostgreSQL.
        wall: From the start to the end.
    """

    reader: float
    loader: float
    server: float
    wall: float

    @property
    def cpu(self) -> float:
        """Processor time of all processes."""
        return self.reader + self.loader + self.server


class Bench:
    """Makes runs, one at a time.

    Args:
        simulator: Answers.
        warehouse: Takes the rows.
        sizes: How much there is.
        directory: Where files go.
    """

    def __init__(
        self, simulator: Simulator, warehouse: Warehouse, sizes: Sizes, directory: Path
    ) -> None:
        self._simulator = simulator
        self._warehouse = warehouse
        self._server = Server(warehouse)
        self._sizes = sizes
        self._directory = directory
        self._environment = environment_of(
            CACHE,
            PGTZ="UTC",
            BENCHMARK_DATABASE=_address(warehouse),
            EXTRACT__WORKERS="16",
            EXTRACT__MAX_PARALLEL_ITEMS="32",
            RUNTIME__DLTHUB_TELEMETRY="false",
        )

    def truth(self) -> Truth:
        """Return what every contestant has to load."""
        self._simulator.set(Scene(self._sizes.customers))
        numbers = PURCHASE_ORDERS_WITH_LINES.numbers(self._sizes, 1)
        return truth(self._simulator.url, self._sizes.customers, numbers)

    def run(self, contestant: Contestant) -> Cost:
        """Return what a contestant takes to load everything into an empty schema.

        Raises:
            RunFailedError: It failed or did not end in time.
        """
        with self._warehouse.connected() as connection:
            for name in (contestant.name, f"{contestant.name}_staging"):
                connection.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE".encode())
        costs = [self._run_case(contestant, case) for case in _CASES]
        return Cost(
            *(
                sum(getattr(cost, name) for cost in costs)
                for name in ("reader", "loader", "server", "wall")
            )
        )

    def _run_case(self, contestant: Contestant, case: Case) -> Cost:
        self._simulator.set(Scene(self._sizes.customers))
        with tempfile.TemporaryDirectory(dir=self._directory) as name:
            folder = Path(name)
            job: Job = {
                "upstream": case.upstream,
                "url": self._simulator.url,
                "lines": "children",
                "numbers": case.numbers(self._sizes, 1),
                "in_flight": _IN_FLIGHT,
                "directory": name,
            }
            lines = [self._reader_line(contestant, job, folder)]
            if contestant.loader is not None:
                lines.append(self._loader_line(contestant, folder))
            return self._timed(lines, contestant, folder)

    def _reader_line(self, contestant: Contestant, job: Job, folder: Path) -> list[str]:
        if contestant.reader.startswith("/"):
            config = tap_config(job)
            catalog = tap_catalog(config, "children", folder, self._environment)
            files = {"config": config, "catalog": catalog}
            for name, content in files.items():
                (folder / f"{name}.json").write_text(json.dumps(content))
            options = [f"--{each}={folder / each}.json" for each in files]
            return [contestant.reader, *options]
        (folder / "job.json").write_text(json.dumps(job))
        module = f"benchmarks.contestants.{contestant.reader}"
        option = ["--config"] if contestant.loader else []
        return [_PEERS, "-m", module, *option, str(folder / "job.json")]

    def _loader_line(self, contestant: Contestant, folder: Path) -> list[str]:
        settings = self._warehouse.loader_settings
        config: dict[str, Any] = {
            **settings,
            "port": int(settings["port"]),
            "default_target_schema": contestant.name,
            "validate_records": contestant.validates,
        }
        path = folder / "loader.json"
        path.write_text(json.dumps(config))
        return [str(contestant.loader), "--config", str(path)]

    def _timed(
        self, lines: list[list[str]], contestant: Contestant, folder: Path
    ) -> Cost:
        environment = self._environment | {"BENCHMARK_SCHEMA": contestant.name}
        if lines[0][0] == _PEERS:
            # Not for builds of the tap: that before would import this one.
            environment["PYTHONPATH"] = str(ROOT)
        server_before = self._server.cpu_seconds()
        with ExitStack() as stack:
            logs = [
                stack.enter_context((folder / f"log-{n}.txt").open("wb"))
                for n, _ in enumerate(lines)
            ]
            stages: list[subprocess.Popen[bytes]] = []
            for line, log in zip(lines, logs, strict=True):
                is_last = len(stages) == len(lines) - 1
                before = stages[-1].stdout if stages else subprocess.DEVNULL
                stages.append(
                    subprocess.Popen(  # noqa: S603  # a program of the benchmark
                        line,
                        stdin=before,
                        stdout=subprocess.DEVNULL if is_last else subprocess.PIPE,
                        stderr=log,
                        cwd=folder,
                        env=environment,
                    )
                )
            began = time.monotonic()
            for stage in stages[:-1]:
                # Else the reader would not hear that the loader has gone.
                if stage.stdout is not None:
                    stage.stdout.close()
            usages = [wait(stage, _LONGEST_SECONDS) for stage in stages]
            wall = time.monotonic() - began
        for place, (stage, line) in enumerate(zip(stages, lines, strict=True)):
            if stage.returncode:
                log_lines = (folder / f"log-{place}.txt").read_text().splitlines()
                msg = f"`{Path(line[0]).name}` of {contestant.title} failed:"
                raise RunFailedError("\n".join([msg, *log_lines[-_LOG_LINES:]]))
        server = self._server.cpu_seconds() - server_before
        spent = [usage.ru_utime + usage.ru_stime for usage in usages]
        return Cost(spent[0], sum(spent[1:]), server, wall)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table, and return 1 where rows differ."""
    options = _parser().parse_args(arguments)
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, _end)
    sizes = Sizes(
        customers=options.orders // 25, purchase_orders=options.purchase_orders
    )
    names = options.contestants or [each.name for each in CONTESTANTS]
    contestants = [
        each for each in CONTESTANTS if each.name in names and _is_there(each)
    ]
    costs: dict[str, list[Cost]] = {each.name: [] for each in contestants}
    try:
        with (
            tempfile.TemporaryDirectory(prefix="purchase-orders-benchmark-") as name,
            running_warehouse() as warehouse,
            Simulator(Path(name)) as simulator,
        ):
            bench = Bench(simulator, warehouse, sizes, Path(name))
            sent = bench.truth()
            for turn in range(options.turns + 1):
                begin = turn % len(contestants)
                for each in contestants[begin:] + contestants[:begin]:
                    _say(f"turn {turn} of {options.turns}: {each.title}")
                    cost = bench.run(each)
                    _say(f"  {cost.cpu:.1f} s of processor time: {cost}")
                    selects = SINGER if each.loader else DLT
                    sent.check(each.title, warehouse, each.name, selects)
                    # The first turn fills caches, of bytecode above all.
                    if turn or not options.turns:
                        costs[each.name].append(cost)
                for each in contestants[1:]:
                    if {each.reader, contestants[0].reader} <= {TAP, str(_BEFORE)}:
                        check_same_tables(
                            each.title, warehouse, each.name, contestants[0].name
                        )
    except (RunFailedError, WorkDiffersError) as error:
        print(f"The benchmark failed: {error}", file=sys.stderr)
        return 1
    print(f"# From the upstream to rows in PostgreSQL\n\n{about_text(about())}")
    print(
        f"\n{sizes.customers * 25:,} orders with 3 line items, "
        f"{sizes.purchase_orders:,} purchase orders with 10 lines; medians of "
        f"{options.turns} interleaved runs. Every row, number and instant was compared "
        f"with what was sent.\n"
    )
    print(_table(contestants, costs))
    return 0


def _table(contestants: Sequence[Contestant], costs: dict[str, list[Cost]]) -> str:
    medians = {
        name: Cost(
            *(
                statistics.median(getattr(cost, part) for cost in found)
                for part in ("reader", "loader", "server", "wall")
            )
        )
        for name, found in costs.items()
    }
    headings = ("", "CPU s", "reader", "loader", "server", "s", "before = 1", "dlt = 1")
    before, dlt = (
        medians[name].cpu if name in medians else None for name in ("before", "dlt")
    )
    return table(
        headings,
        [
            [
                each.title,
                *(
                    number(getattr(medians[each.name], part))
                    for part in ("cpu", "reader", "loader", "server", "wall")
                ),
                number(before and medians[each.name].cpu / before),
                number(dlt and medians[each.name].cpu / dlt),
            ]
            for each in contestants
        ],
    )


def _is_there(contestant: Contestant) -> bool:
    programs = [contestant.loader or Path(_PEERS)]
    reader = contestant.reader
    programs.append(Path(reader if reader.startswith("/") else _PEERS))
    missing = [str(program) for program in programs if not program.exists()]
    if missing:
        _say(f"{contestant.title} is left out; not there: {', '.join(missing)}")
    return not missing


def _address(warehouse: Warehouse) -> str:
    settings = warehouse.loader_settings
    return (
        f"postgresql://{settings['user']}:{settings['password']}@{settings['host']}:"
        f"{settings['port']}/{settings['database']}?sslmode=disable"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.pipeline", description=__doc__
    )
    parser.add_argument("--orders", type=int, default=20_000)
    parser.add_argument("--purchase-orders", type=int, default=2_000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument(
        "--contestants", nargs="+", choices=[each.name for each in CONTESTANTS]
    )
    return parser


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _end(signal_number: int, _frame: object) -> NoReturn:
    # What was started is ended on the way out.
    sys.exit(128 + signal_number)


if __name__ == "__main__":
    sys.exit(main())
