"""`python -m tests.soak`: many histories, and what came of them."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from demo.processes import end_on
from tap_purchase_orders.sandbox.process import SandboxError

from .figures import RESULTS, figures_of, written
from .findings import Finding
from .history import Outcome, run_history
from .loaders import running_loaders
from .plan import CLASSES, Plan, plan_of
from .shrink import shrunk
from .tables import running_server

if TYPE_CHECKING:
    from collections.abc import Collection


def main() -> int:
    """Run histories; return the exit status: 1 if anything is wrong."""
    arguments = _parser().parse_args()
    classes = set(arguments.only or CLASSES) - set(arguments.without or ())
    seeds = list(range(arguments.first, arguments.first + arguments.seeds))
    if arguments.seed is not None:
        seeds = [arguments.seed]
    # On the way out everything that was started is ended.
    end_on(signal.SIGTERM, signal.SIGHUP)
    began = time.monotonic()
    with (
        running_server() as server,
        running_loaders() as loaders,
        ThreadPoolExecutor(arguments.workers) as pool,
    ):

        def run(plan: Plan) -> Outcome:
            try:
                outcome = run_history(plan, server, loaders)
            except (OSError, RuntimeError, SandboxError, psycopg.Error) as error:
                outcome = Outcome(plan)
                finding = Finding("history broken off", found=repr(error))
                outcome.findings.found.append(finding)
            return outcome

        def outcome_of(seed: int) -> Outcome:
            outcome = run(plan_of(seed, classes))
            _say(outcome)
            return outcome

        outcomes = []
        # In the order of the seeds: what is there when it is cut short has no gaps.
        for outcome in pool.map(outcome_of, seeds):
            outcomes.append(outcome)
            if arguments.results is not None:
                seconds = round(time.monotonic() - began)
                figures = figures_of(outcomes, seconds, _left_out(classes))
                arguments.results.write_text(written(figures), encoding="utf-8")
        bad = [outcome for outcome in outcomes if not outcome.is_good]
        if bad and arguments.shrink:
            print(shrunk(bad[0], run).account(), flush=True)
    seconds = round(time.monotonic() - began)
    print(f"{len(outcomes)} histories in {seconds} s, {len(bad)} of them wrong")
    if bad:
        print("wrong:", *(outcome.plan.seed for outcome in bad))
    return 1 if bad else 0


def _say(outcome: Outcome) -> None:
    if outcome.is_good:
        print(f"seed {outcome.plan.seed}: right", flush=True)
    else:
        print(outcome.account(), flush=True)


def _left_out(classes: Collection[str]) -> list[str]:
    return [name for name in CLASSES if name not in classes]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many histories")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--seed", type=int, help="this history alone")
    parser.add_argument("--workers", type=int, default=2, help="how many at a time")
    _add_classes(parser, "--only", "what histories may have in them, of all of these")
    _add_classes(parser, "--without", "what they may not have")
    parser.add_argument(
        "--shrink", action="store_true", help="make the first wrong history shorter"
    )
    parser.add_argument(
        "--results",
        type=Path,
        nargs="?",
        const=RESULTS,
        help="write the figures into a file, from which docs/reliability.md is made",
    )
    return parser


def _add_classes(parser: argparse.ArgumentParser, name: str, text: str) -> None:
    parser.add_argument(
        name, metavar="CLASS", choices=CLASSES, nargs="+", help=f"{text}: %(choices)s"
    )


if __name__ == "__main__":
    sys.exit(main())
