"""The contestants against each other: `python -m benchmarks`, behind `make bench`."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from benchmarks.cases import CASES, QUICK, QUICK_CASES, QUIET, Sizes
from benchmarks.command import RunFailedError
from benchmarks.figures import Figures
from benchmarks.lineup import CONTESTANTS, DEFAULT_PEERS, peers_in
from benchmarks.machine import about
from benchmarks.runs import Bench, Run
from benchmarks.simulator.process import SimulatorError, simulator_apart
from benchmarks.summary import as_json, as_markdown
from benchmarks.work import WorkDiffersError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.cases import Case
    from benchmarks.lineup import Contestant, Peers

_RESULTS = Path(__file__).parent / "results"
_TURNS = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the tables, and return 1 where the work was not the same."""
    options = _parser().parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    sizes = (QUICK if options.quick else Sizes()).times(options.scale)
    turns = 1 if options.quick else options.turns
    names = options.cases or (QUICK_CASES if options.quick else _case_names())
    cases = [case for case in CASES if case.name in names]
    peers = peers_in(options.peers)
    try:
        contestants = _present(peers, options.contestants)
        facts = about() | {"is_secure": options.tls}
        _check_versions(facts, peers)
        with simulator_apart() as (simulator, folder):
            bench = Bench(simulator, peers, sizes, folder, is_secure=options.tls)
            runs = []
            for case in cases:
                runs += _case_runs(bench, case, contestants, turns)
            if QUIET in names and contestants[0].module is None:
                _say(f"{QUIET}: the tap twice")
                runs += bench.quiet(contestants[0], turn=1)
    except (RunFailedError, SimulatorError, WorkDiffersError) as error:
        print(f"The benchmark failed: {error}", file=sys.stderr)
        return 1
    promises = list(Figures(runs, sizes).promises())
    markdown = as_markdown(facts, sizes, runs, cases)
    print(markdown)
    if options.results is not None and not options.quick:
        options.results.mkdir(parents=True, exist_ok=True)
        stem = options.results / facts["date"]
        document = as_json(facts, sizes, runs, promises)
        stem.with_suffix(".md").write_text(markdown, encoding="utf-8")
        stem.with_suffix(".json").write_text(document, encoding="utf-8")
    missed = [promise for promise in promises if promise.verdict == "NO"]
    return 1 if options.enforce and missed else 0


def _case_runs(
    bench: Bench, case: Case, everybody: Sequence[Contestant], turns: int
) -> list[Run]:
    """Return all runs of a case, the contestants in turns."""
    contestants = [each for each in everybody if each.name in case.contestants]
    _say(f"{case.name}: whether all do the same work")
    runs = [bench.check(case, contestant) for contestant in contestants]
    for turn in range(1, turns + 1):
        _say(f"{case.name}: turn {turn} of {turns}")
        # Whatever slows the machine down for a while is to slow down all of them.
        begin = turn % len(contestants)
        in_turn = contestants[begin:] + contestants[:begin]
        runs += [
            bench.measure(case, contestant, volume, turn)
            for volume in case.volumes
            for contestant in in_turn
        ]
    return runs


def _present(peers: Peers, names: Sequence[str] | None) -> list[Contestant]:
    """Return the contestants that are there; say which ones are not."""
    wanted = [each for each in CONTESTANTS if not names or each.name in names]
    for contestant in wanted:
        if not peers.has(contestant):
            missing = ", ".join(sorted(peers.missing.intersection(contestant.needs)))
            _say(f"{contestant.title} is left out; not installed: {missing}")
    return [each for each in wanted if peers.has(each)]


def _check_versions(facts: dict[str, Any], peers: Peers) -> None:
    """Add the versions of the others; all taps must be made with the same SDK."""
    ours, theirs = facts["versions"]["singer-sdk"], peers.versions.get("singer-sdk")
    if theirs is not None and theirs != ours:
        msg = f"the stock tap has singer-sdk {theirs}, the tap {ours}"
        raise WorkDiffersError(msg)
    facts["versions"] |= peers.versions


def _case_names() -> list[str]:
    return [*(case.name for case in CASES), QUIET]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--quick",
        action="store_true",
        help="all contestants once, over next to nothing: whether it all works",
    )
    parser.add_argument(
        "--cases", nargs="+", choices=_case_names(), metavar="CASE", help=_list_cases()
    )
    parser.add_argument(
        "--contestants",
        nargs="+",
        choices=[each.name for each in CONTESTANTS],
        help="only these",
    )
    parser.add_argument(
        "--turns", type=int, default=_TURNS, help="runs of each; default %(default)s"
    )
    parser.add_argument(
        "--scale", type=int, default=1, help="so many times as many records"
    )
    parser.add_argument("--tls", action="store_true", help="over TLS")
    parser.add_argument(
        "--peers",
        type=Path,
        default=DEFAULT_PEERS,
        metavar="DIRECTORY",
        help="the environment of the other contestants; default .venv-bench",
    )
    parser.add_argument(
        "--results",
        type=Path,
        default=_RESULTS,
        metavar="DIRECTORY",
        help="where the results go; default benchmarks/results",
    )
    parser.add_argument(
        "--enforce",
        action="store_true",
        help="exit with 1 where a promised figure is not reached",
    )
    return parser


def _list_cases() -> str:
    return "only these: " + ", ".join(_case_names())


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _end(number: int, _frame: object) -> NoReturn:
    # What was started is ended on the way out.
    sys.exit(128 + number)
