"""What a request costs with each HTTP client: `python -m benchmarks.transports`.

One body of 20 KB after another over connections that are kept open, with and without
TLS, by one thread and by several; processor time of the client's process only.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.command import environment_of
from benchmarks.contestants.clients import CLIENTS
from benchmarks.lineup import CACHE, DEFAULT_PEERS, ROOT, peers_in
from benchmarks.machine import about, about_text
from benchmarks.markdown import number, table
from benchmarks.simulator.control import Scene
from benchmarks.simulator.process import Simulator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.contestants.clients import Task
    from benchmarks.lineup import Peers

_LONGEST_SECONDS = 300.0
_MICROSECONDS = 1e6

# A client, whether it spoke TLS, and how many threads asked.
_Way = tuple[str, bool, int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the tables."""
    options = _parser().parse_args(arguments)
    peers = peers_in(options.peers)
    if not peers.python.exists():
        print(f"{options.peers} is not there; `make bench` makes it", file=sys.stderr)
        return 1
    names = [
        name for name, (module, _) in CLIENTS.items() if module not in peers.missing
    ]
    ways: list[_Way] = [
        (name, is_secure, threads)
        for is_secure in (False, True)
        for threads in (1, options.threads)
        for name in names
    ]
    costs: dict[_Way, list[dict[str, float]]] = {way: [] for way in ways}
    with (
        tempfile.TemporaryDirectory(prefix="purchase-orders-benchmark-") as directory,
        Simulator(Path(directory)) as simulator,
    ):
        simulator.set(Scene())
        for turn in range(options.turns):
            for way in ways if turn % 2 == 0 else reversed(ways):
                costs[way].append(_cost(way, simulator, peers, options.requests))
    facts = about()
    facts["versions"] |= peers.versions
    print(f"{about_text(facts)}; medians of {options.turns} interleaved runs\n")
    for title, unit in (
        ("us CPU a request", "cpu_seconds"),
        ("us a request", "wall_seconds"),
    ):
        columns = [
            (secure, n) for secure in (False, True) for n in (1, options.threads)
        ]
        headings = [
            f"{'TLS' if secure else 'plain'}, {n} threads" for secure, n in columns
        ]
        rows = [
            [name, *(number(_middle(costs[name, *column], unit)) for column in columns)]
            for name in names
        ]
        print(table([title, *headings], rows), end="\n\n")
    return 0


def _cost(
    way: _Way, simulator: Simulator, peers: Peers, requests: int
) -> dict[str, float]:
    name, is_secure, threads = way
    task: Task = {
        "client": name,
        "url": simulator.secure_url if is_secure else simulator.url,
        "authority": str(simulator.authority_file),
        "threads": threads,
        "requests": requests,
    }
    done = subprocess.run(  # noqa: S603  # our own program
        [peers.python, "-m", "benchmarks.contestants.clients", json.dumps(task)],
        capture_output=True,
        check=True,
        cwd=ROOT,
        # A session takes the variable before what it was told.
        env=environment_of(CACHE, REQUESTS_CA_BUNDLE=task["authority"]),
        timeout=_LONGEST_SECONDS,
    )
    cost: dict[str, float] = json.loads(done.stdout)
    return cost


def _middle(costs: Sequence[dict[str, float]], unit: str) -> float:
    """Return the median cost of a request in microseconds."""
    return median(cost[unit] / cost["requests"] for cost in costs) * _MICROSECONDS


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.transports", description=__doc__
    )
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--peers", type=Path, default=DEFAULT_PEERS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
