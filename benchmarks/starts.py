"""What a start costs: `python -m benchmarks.starts`.

One customer with one order, in turns with the stock tap of the same streams: with
`--config` and `--catalog`, and by `meltano run`, which starts a tap twice; once with
byte code, as an installed package has it, and once without any.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Protocol

import yaml

from benchmarks.cases import ORDERS_WITH_LINES, Sizes
from benchmarks.command import TAP, RunFailedError, environment_of, run
from benchmarks.figures import Promise
from benchmarks.lineup import (
    CACHE,
    CONTESTANTS,
    DEFAULT_PEERS,
    ROOT,
    Contestant,
    Peers,
    peers_in,
    tap_config,
)
from benchmarks.machine import about, about_text
from benchmarks.markdown import number, table
from benchmarks.runs import Bench
from benchmarks.simulator.process import Simulator, SimulatorError, running_simulator
from benchmarks.work import WorkDiffersError, check_requests

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.contestants.job import Job

_TURNS = 9
_SLOW_TURNS = 3
_ONE = Sizes(customers=1, orders_per_customer=1)
_LEAST, _AIM = 1.0, 0.7
_PAIR = [each for each in CONTESTANTS if each.name in {"tap", "stock"}]
_MELTANO = ROOT / ".venv-meltano" / "bin" / "meltano"
_LONGEST_SECONDS = 120.0
_NOTHING = "#!/bin/sh\nexec cat >/dev/null\n"


class _Starts(Protocol):
    """A way to start both taps."""

    def cpu_seconds(self, contestant: Contestant, turn: int) -> float:
        """Return the processor time of a run of one of them."""


class _ByItself:
    """The taps by their own command lines."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def cpu_seconds(self, contestant: Contestant, turn: int) -> float:
        return self._bench.measure(ORDERS_WITH_LINES, contestant, 1, turn).cpu_seconds


class _ByMeltano:
    """The taps as extractors of a Meltano project, with a loader that keeps nothing.

    Args:
        simulator: Answers both.
        python: The interpreter of the stock tap.
        directory: Where the project is made.
        variables: Those of the taps, not of Meltano.
    """

    def __init__(
        self,
        simulator: Simulator,
        python: Path,
        directory: Path,
        variables: Mapping[str, str],
    ) -> None:
        self._simulator = simulator
        self._directory = directory
        self._environment = environment_of(CACHE)
        # Meltano has the byte code of its installation.
        del self._environment["PYTHONPYCACHEPREFIX"]
        job: Job = {
            "upstream": "partner_center",
            "url": simulator.url,
            "lines": "children",
            "numbers": [],
            "in_flight": 1,
            "directory": str(directory),
        }
        own = {"PYTHONPYCACHEPREFIX": str(CACHE / "bytecode"), **variables}
        stock = f"{shlex.quote(str(python))} -m benchmarks.contestants.stock"
        lines = {
            "tap": self._program("tap", shlex.quote(TAP), own),
            "stock": self._program("stock", stock, own | {"PYTHONPATH": str(ROOT)}),
        }
        configs: dict[str, Any] = {"tap": tap_config(job), "stock": {**job}}
        extractors = [
            {
                "name": name,
                "namespace": name,
                "executable": str(path),
                "capabilities": ["catalog", "discover", "state"],
                "config": configs[name],
                "select": ["orders.*", "order_line_items.*", "!orders.lineItems"],
            }
            for name, path in lines.items()
        ]
        nothing = directory / "nothing"
        nothing.write_text(_NOTHING, encoding="utf-8")
        nothing.chmod(0o755)
        loader = {
            "name": "nothing",
            "namespace": "nothing",
            "executable": str(nothing),
        }
        project = {
            "default_environment": "dev",
            "environments": [{"name": "dev"}],
            "send_anonymous_usage_stats": False,
            "plugins": {"extractors": extractors, "loaders": [loader]},
        }
        (directory / "meltano.yml").write_text(yaml.safe_dump(project))

    def _program(self, name: str, line: str, variables: Mapping[str, str]) -> Path:
        """Write a program that runs a line with variables of its own."""
        exports = [
            f"export {each}={shlex.quote(text)}" for each, text in variables.items()
        ]
        path = self._directory / name
        path.write_text("\n".join(["#!/bin/sh", *exports, f'exec {line} "$@"', ""]))
        path.chmod(0o755)
        return path

    def cpu_seconds(self, contestant: Contestant, turn: int) -> float:
        scene = ORDERS_WITH_LINES.scene(_ONE, 1)
        self._simulator.set(scene)
        line = [str(_MELTANO), "run", "--no-install", contestant.name, "nothing"]
        done = run(
            [*line, f"--state-id-suffix={turn}"],
            self._directory / "output",
            directory=self._directory,
            environment=self._environment,
            longest_seconds=_LONGEST_SECONDS,
        )
        expected = ORDERS_WITH_LINES.requests(_ONE, 1)
        check_requests(contestant.title, self._simulator.counts(), expected)
        return done.cpu_seconds


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table, and return 1 where a promise is not kept."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.starts", description=__doc__
    )
    parser.add_argument("--turns", type=int, default=_TURNS)
    parser.add_argument("--peers", type=Path, default=DEFAULT_PEERS)
    options = parser.parse_args(arguments)
    peers = peers_in(options.peers)
    rows = []
    promises = []
    try:
        peers.check(_PAIR)
        with running_simulator() as (simulator, folder):
            none = {
                "PYTHONDONTWRITEBYTECODE": "1",
                "PYTHONPYCACHEPREFIX": str(folder / "none"),
            }
            for title, variables, turns in (
                ("with byte code", {}, options.turns),
                ("without byte code", none, _SLOW_TURNS),
            ):
                ways = _ways(simulator, peers, folder, variables)
                for way, starts in ways.items():
                    tap, stock = (
                        median(each) for each in _costs(starts, turns).values()
                    )
                    name = f"{way}, {title}"
                    promise = Promise(name, tap / stock, "ratio", _LEAST, _AIM)
                    promises.append(promise)
                    figures = tap, stock, promise.value, _LEAST, _AIM
                    rows.append([name, *map(number, figures), promise.verdict])
    except (RunFailedError, SimulatorError, WorkDiffersError) as error:
        print(f"The benchmark failed: {error}", file=sys.stderr)
        return 1
    headings = ["", "tap, s CPU", "stock, s CPU", "ratio", "least", "aim", "reached"]
    print(table(headings, rows))
    print(f"\n{about_text(about())}; medians of interleaved turns.")
    return int(any(promise.verdict == "NO" for promise in promises))


def _ways(
    simulator: Simulator, peers: Peers, folder: Path, variables: Mapping[str, str]
) -> dict[str, _Starts]:
    bench = Bench(simulator, peers, _ONE, folder, is_secure=False, variables=variables)
    ways: dict[str, _Starts] = {"by itself": _ByItself(bench)}
    if _MELTANO.is_file():
        project = folder / f"project-{len(variables)}"
        project.mkdir()
        ways["by `meltano run`"] = _ByMeltano(
            simulator, peers.python, project, variables
        )
    return ways


def _costs(starts: _Starts, turns: int) -> dict[str, list[float]]:
    """Return processor time of each contestant, turn by turn."""
    costs: dict[str, list[float]] = {each.name: [] for each in _PAIR}
    # The first turn makes byte code, where that is wanted.
    for turn in range(turns + 1):
        for contestant in _PAIR:
            cpu_seconds = starts.cpu_seconds(contestant, turn)
            if turn:
                costs[contestant.name].append(cpu_seconds)
    return costs


if __name__ == "__main__":
    sys.exit(main())
