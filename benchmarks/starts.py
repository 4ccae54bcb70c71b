"""What a start costs: `python -m benchmarks.starts`.

One customer with one order, with `--config` and `--catalog`, in turns with the stock
tap of the same streams; once with byte code, as an installed package has it, and once
without any.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.cases import ORDERS_WITH_LINES, Sizes
from benchmarks.command import RunFailedError
from benchmarks.figures import Promise
from benchmarks.lineup import CONTESTANTS, DEFAULT_PEERS, peers_in
from benchmarks.machine import about, about_text
from benchmarks.markdown import number, table
from benchmarks.runs import Bench
from benchmarks.simulator.process import SimulatorError, running_simulator

if TYPE_CHECKING:
    from collections.abc import Sequence

_TURNS = 9
_ONE = Sizes(customers=1, orders_per_customer=1)
_LEAST, _AIM = 1.0, 0.7


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table, and return 1 where a promise is not kept."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.starts", description=__doc__
    )
    parser.add_argument("--turns", type=int, default=_TURNS)
    parser.add_argument("--peers", type=Path, default=DEFAULT_PEERS)
    options = parser.parse_args(arguments)
    rows = []
    promises = []
    try:
        with running_simulator() as (simulator, folder):
            for title, variables in (
                ("with byte code", {}),
                (
                    "without byte code",
                    {
                        "PYTHONDONTWRITEBYTECODE": "1",
                        "PYTHONPYCACHEPREFIX": str(folder / "none"),
                    },
                ),
            ):
                bench = Bench(
                    simulator,
                    peers_in(options.peers),
                    _ONE,
                    folder,
                    is_secure=False,
                    variables=variables,
                )
                costs = _costs(bench, options.turns if not variables else 3)
                tap, stock = (median(each) for each in costs.values())
                promise = Promise(title, tap / stock, "ratio", _LEAST, _AIM)
                promises.append(promise)
                rows.append(
                    [
                        title,
                        *map(number, (tap, stock, promise.value, _LEAST, _AIM)),
                        promise.verdict,
                    ]
                )
    except (RunFailedError, SimulatorError) as error:
        print(f"The benchmark failed: {error}", file=sys.stderr)
        return 1
    headings = ["", "tap, s CPU", "stock, s CPU", "ratio", "least", "aim", "reached"]
    print(table(headings, rows))
    print(f"\n{about_text(about())}; medians of interleaved turns.")
    return int(any(promise.verdict == "NO" for promise in promises))


def _costs(bench: Bench, turns: int) -> dict[str, list[float]]:
    """Return processor time of each contestant, turn by turn."""
    pair = [each for each in CONTESTANTS if each.name in {"tap", "stock"}]
    costs: dict[str, list[float]] = {each.name: [] for each in pair}
    # The first turn makes byte code, where that is wanted.
    for turn in range(turns + 1):
        for contestant in pair:
            run = bench.measure(ORDERS_WITH_LINES, contestant, 1, turn)
            if turn:
                costs[contestant.name].append(run.cpu_seconds)
    return costs


if __name__ == "__main__":
    sys.exit(main())
