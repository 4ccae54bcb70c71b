"""How runs end that have nothing to say: `python -m benchmarks.exits`.

Many quiet runs, several at once, against the simulator: each goes on from the state of
one that has read everything, writes nothing but that state, and leaves. What is counted
is how they left. A run that crashes behind its last message has failed all the same:
whoever started it does not load what it wrote.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.command import environment_of
from benchmarks.markdown import table
from benchmarks.simulator.control import Scene
from benchmarks.simulator.process import running_simulator

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_LONGEST_SECONDS = 600.0
_MODULE = (sys.executable, "-m", "tap_purchase_orders")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print how the runs ended, and return 1 if one did not end well."""
    options = _parser().parse_args(arguments)
    command = options.command.split() if options.command else _MODULE
    with running_simulator() as (simulator, folder):
        simulator.set(Scene(customers=options.customers, orders_per_customer=2))
        config = folder / "config.json"
        auth = {"method": "bearer_token", "token": "a-token-0123456789"}
        section = {
            "api_url": simulator.url,
            "auth": auth,
            "max_requests_per_minute": 1_000_000,
        }
        config.write_text(json.dumps({"partner_center": section}))
        whole = [*command, "--config", str(config)]
        first = _run(whole, folder)
        if first.returncode:
            sys.stderr.write(first.stderr)
            return 1
        state = folder / "state.json"
        state.write_text(first.stdout.splitlines()[-1])
        quiet = partial(_run, [*whole, "--state", str(state)], folder)
        with ThreadPoolExecutor(options.at_once) as pool:
            ended = list(pool.map(lambda _: quiet(), range(options.runs)))
    statuses = Counter(run.returncode for run in ended)
    unsaid = sum('"STATE"' not in run.stdout for run in ended)
    rows = [[str(status), str(count)] for status, count in sorted(statuses.items())]
    print(f"Python {sys.version.split()[0]}, {options.at_once} at once\n")
    print(table(["exit status", "runs"], rows))
    print(f"\nwithout a STATE: {unsaid}")
    return int(bool(unsaid or statuses.keys() - {0}))


def _run(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  # our own program, or one that was named
        command,
        capture_output=True,
        check=False,
        cwd=folder,
        env=environment_of(folder),
        text=True,
        timeout=_LONGEST_SECONDS,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.exits",
        description="Counts how quiet runs end.",
    )
    for name, default, text in (
        ("--runs", 3000, "how many runs"),
        ("--at-once", 8, "how many at once"),
        ("--customers", 40, "customers in each"),
    ):
        parser.add_argument(
            name, type=int, default=default, metavar="N", help=f"{text}; %(default)s"
        )
    parser.add_argument(
        "--command", help="another tap to run, such as that of an older environment"
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
