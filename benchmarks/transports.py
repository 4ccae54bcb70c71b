"""What a request costs with each HTTP client: `python -m benchmarks.transports`.

One body of 20 KB after another over connections that are kept open, with and without
TLS, one at a time and several at once; processor time of the client's process only. It
is printed in Markdown: once in microseconds, once as a share of what `requests` takes.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from importlib.metadata import version
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.command import environment_of
from benchmarks.contestants.clients import CLIENTS
from benchmarks.lineup import CACHE, ROOT
from benchmarks.machine import about, about_text
from benchmarks.markdown import number, table
from benchmarks.simulator.control import Scene
from benchmarks.simulator.process import Simulator, running_simulator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.contestants.clients import Task

_LONGEST_SECONDS = 300.0
_MICROSECONDS = 1e6
# What the others are compared with, turn by turn.
_FIRST = next(iter(CLIENTS))
_PACKAGES = ("urllib3", "pycurl")

# Whether it is TLS that is spoken, and how many threads ask.
_Way = tuple[bool, int]
# By client and way: what each turn took, in seconds a request.
_Costs = dict[tuple[str, _Way], list[float]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the tables."""
    options = _parser().parse_args(arguments)
    ways = [(tls, threads) for tls in (False, True) for threads in (1, options.threads)]
    runs = [(name, way) for name in CLIENTS for way in ways]
    cpu: _Costs = {run: [] for run in runs}
    wall: _Costs = {run: [] for run in runs}
    with running_simulator() as (simulator, _):
        simulator.set(Scene())
        for turn in range(options.turns):
            for name, way in runs if turn % 2 == 0 else reversed(runs):
                cost = _cost(name, way, simulator, options.requests)
                cpu[name, way].append(cost["cpu_seconds"] / cost["requests"])
                wall[name, way].append(cost["wall_seconds"] / cost["requests"])
    facts = about()
    facts["versions"] |= {package: version(package) for package in _PACKAGES}
    print(f"{about_text(facts)}; medians of {options.turns} interleaved runs\n")
    headings = [f"{'TLS' if tls else 'plain'}, {_at_once(n)}" for tls, n in ways]
    for title, costs, of in (
        ("CPU, us a request", cpu, _microseconds),
        (f"CPU, `{_FIRST}` = 1", cpu, _share),
        ("time, us a request", wall, _microseconds),
    ):
        rows = [[name, *(of(costs, name, way) for way in ways)] for name in CLIENTS]
        print(table([title, *headings], rows), end="\n\n")
    return 0


def _cost(
    name: str, way: _Way, simulator: Simulator, requests: int
) -> dict[str, float]:
    is_secure, threads = way
    task: Task = {
        "client": name,
        "url": simulator.secure_url if is_secure else simulator.url,
        "authority": str(simulator.authority_file),
        "threads": threads,
        "requests": requests,
    }
    done = subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-m", "benchmarks.contestants.clients", json.dumps(task)],
        capture_output=True,
        check=True,
        cwd=ROOT,
        # A session takes the variable before what it was told.
        env=environment_of(CACHE, REQUESTS_CA_BUNDLE=task["authority"]),
        timeout=_LONGEST_SECONDS,
    )
    cost: dict[str, float] = json.loads(done.stdout)
    return cost


def _microseconds(costs: _Costs, name: str, way: _Way) -> str:
    return number(median(costs[name, way]) * _MICROSECONDS)


def _share(costs: _Costs, name: str, way: _Way) -> str:
    """Return the median of the ratios within each turn: the machine may be busy."""
    pairs = zip(costs[name, way], costs[_FIRST, way], strict=True)
    return number(median(ours / first for ours, first in pairs))


def _at_once(count: int) -> str:
    return "1 at a time" if count == 1 else f"{count} at once"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.transports", description=__doc__
    )
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--turns", type=int, default=5)
    return parser


if __name__ == "__main__":
    sys.exit(main())
