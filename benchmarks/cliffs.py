"""What a step aside of the default selection costs: `python -m benchmarks.cliffs`.

Arrays inside, deselected members, fields that no schema knows, stream maps, flattening
and `FULL_TABLE`, with bodies like the sandbox's and with those of another maker, each
in turns with what it is compared with: libcurl and orjson alone, or the stock tap.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.cases import SLOPE_VOLUMES, Case, Sizes
from benchmarks.command import RunFailedError
from benchmarks.figures import Promise
from benchmarks.lineup import CONTESTANTS, DEFAULT_PEERS, peers_in
from benchmarks.machine import about, about_text
from benchmarks.markdown import number, table
from benchmarks.runs import Bench
from benchmarks.simulator.process import SimulatorError, simulator_apart
from benchmarks.turns import CHANCE, by_turns
from benchmarks.work import WorkDiffersError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.turns import Measured

# Turns are taken until the spread of the ratio is below a tenth, or so many are done.
_MOST_TURNS = 15
_LEAST_TURNS = 5
_SPREAD = 0.1
# What takes many times as long is told from the tap by fewer turns over less.
_TURNS_OF_OTHERS = 3
_OTHERS_PART = 4
# Far apart: the start of a run is the same at both, and its noise, too.
_VOLUMES = (2, 26)
_TITLE = "# What a step aside of the default selection costs"
_COLUMNS = (
    *("", "tap, us each", "other", "us each", "ratio", "from", "to", "turns"),
    *("least", "aim", "reached"),
)
_CONTESTANTS = {contestant.name: contestant for contestant in CONTESTANTS}


@dataclass(frozen=True, slots=True)
class Step:
    """A step aside.

    Attributes:
        case: The work.
        other: What it is compared with.
        least: The most that the tap's processor time may be of the other's.
        aim: What it is to be.
    """

    case: Case
    other: str
    least: float
    aim: float


def _both(name: str, title: str, lines: Any = "children", **changes: Any) -> list[Case]:
    """Return a case of each upstream."""
    return [
        Case(f"orders-{name}", f"orders, {title}", "partner_center", lines, **changes),
        Case(f"purchase-orders-{name}", f"POs, {title}", "appzen", lines, **changes),
    ]


def _maps(orders: dict[str, Any], purchase_orders: dict[str, Any]) -> dict[str, Any]:
    return {"stream_maps": {"orders": orders, "purchase_orders": purchase_orders}}


# Of members that every record has: the stock tap knows no others by name.
_DROPPED = _maps({"links": None}, {"entity_name": None})
_RENAMED = _maps(
    {"cycle": "billingCycle", "billingCycle": None},
    {"supplier": "supplier_id", "supplier_id": None},
)
_MASKED = _maps(
    {"billingCycle": "md5(str(billingCycle))"}, {"entity_id": "md5(str(entity_id))"}
)
_COMPUTED = _maps(
    {"label": "str(billingCycle) + '/' + str(referenceCustomerId)"},
    {"label": "str(entity_id) + '/' + str(supplier_id)"},
)
_FLAT = {"flattening_enabled": True, "flattening_max_depth": 2}
_NESTED = (
    *(("links", "self"), ("attributes",)),
    *(("total_amount", "currency"), ("exchange_rate", "conversion_rate")),
)
_UNKNOWN = "partnerExtension"


def steps() -> Iterator[Step]:
    """Yield all steps, with what is promised of each."""
    default = _both("lines", "lines as rows")
    inside = _both("inside", "lines inside", "inside")
    nested = _both("nested", "nested members deselected", deselected=_NESTED)
    full = _both("full-table", "FULL_TABLE of the headers", is_full_table=True)
    for orders, purchase_orders in (default,):
        yield Step(orders, "limit", 2.2, 1.5)
        yield Step(purchase_orders, "limit", 2.5, 1.7)
    for case in (*inside, *nested, *full):
        yield Step(case, "limit", 3.0, 2.0)
    for case in _both(
        "unknown", "a field that no schema knows", maker="other", unknown=_UNKNOWN
    ):
        yield Step(case, "limit", 3.0, 2.0)
    for size, maker in (("16 KB", "other"), ("200 KB", "other-large")):
        orders, purchase_orders = (
            _of_another_maker(case, maker, size) for case in default
        )
        yield Step(orders, "limit", 2.2, 1.5)
        yield Step(purchase_orders, "limit", 2.5, 1.7)
        for case in inside:
            yield Step(_of_another_maker(case, maker, size), "limit", 3.0, 2.0)
    for name, title, settings in (
        ("dropped", "a column dropped", _DROPPED),
        ("renamed", "a column renamed", _RENAMED),
        ("masked", "a column masked", _MASKED),
        ("computed", "a column computed", _COMPUTED),
        ("flattened", "flattened", _FLAT),
    ):
        for case in _both(name, title, settings=settings):
            yield Step(case, "stock", 0.5, 0.25)


def _of_another_maker(case: Case, maker: Any, size: str) -> Case:
    return replace(
        case,
        name=f"{case.name}-{maker}",
        title=f"{case.title}, another maker's bodies of {size}",
        maker=maker,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table, and return 1 where a promise is not kept."""
    known = list(steps())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.cliffs", description=__doc__
    )
    parser.add_argument(
        "--turns", type=int, default=_MOST_TURNS, help="the most; default %(default)s"
    )
    parser.add_argument("--cases", nargs="+", choices=[s.case.name for s in known])
    parser.add_argument("--customers", type=int, default=160)
    parser.add_argument("--purchase-orders", type=int, default=400)
    parser.add_argument("--peers", type=Path, default=DEFAULT_PEERS)
    parser.add_argument(
        "--results", type=Path, metavar="DIRECTORY", help="where the table goes, too"
    )
    options = parser.parse_args(arguments)
    chosen = [s for s in known if s.case.name in (options.cases or [s.case.name])]
    peers = peers_in(options.peers)
    rows = []
    promises = []
    try:
        peers.check(_CONTESTANTS[step.other] for step in chosen)
        with simulator_apart() as (simulator, folder):
            for step in chosen:
                print(f"{step.case.name} ...", file=sys.stderr)
                sizes = _sizes(step, options.customers, options.purchase_orders)
                bench = Bench(simulator, peers, sizes, folder, is_secure=False)
                measured = _measured(bench, step, sizes, options.turns)
                promise = _promise(step, measured)
                promises.append(promise)
                rows.append(_row(step, measured, promise))
    except (RunFailedError, SimulatorError, WorkDiffersError) as error:
        print(f"The benchmark failed: {error}", file=sys.stderr)
        return 1
    facts = about()
    result = (
        f"{table(_COLUMNS, rows)}\n\n"
        f"{about_text(facts)}; medians of interleaved turns, each on one processor. "
        f"The ratio lies between `from` and `to` with a chance of {CHANCE:.0%}.\n"
    )
    print(result, end="")
    if options.results is not None:
        options.results.mkdir(parents=True, exist_ok=True)
        file = options.results / f"{facts['date']}-cliffs.md"
        file.write_text(f"{_TITLE}\n\n{result}", encoding="utf-8")
    return int(any(promise.verdict == "NO" for promise in promises))


def _sizes(step: Step, customers: int, purchase_orders: int) -> Sizes:
    """Return how much there is at the first volume: fewer where each takes longer."""
    is_long = step.other != "limit" or step.case.maker == "other-large"
    part = _OTHERS_PART if is_long else 1
    return Sizes(customers // part, purchase_orders=purchase_orders // part)


def _measured(bench: Bench, step: Step, sizes: Sizes, most_turns: int) -> Measured:
    """Return what a header costs by turns of the tap and the other."""
    pair = [_CONTESTANTS["tap"], _CONTESTANTS[step.other]]
    for contestant in pair:
        bench.check(step.case, contestant)
    is_quick = step.other == "limit"
    volumes = _VOLUMES if is_quick else SLOPE_VOLUMES
    least_turns = _LEAST_TURNS if is_quick else _TURNS_OF_OTHERS
    small, large = (step.case.headers(sizes, volume) for volume in volumes)
    # Of each turn, the seconds of both at the small and at the large volume.
    turns: list[tuple[float, ...]] = []
    while True:
        runs = [
            bench.measure(step.case, contestant, volume, len(turns) + 1)
            for volume, contestant in product(volumes, pair)
        ]
        turns.append(tuple(run.cpu_seconds for run in runs))
        if len(turns) < min(least_turns, most_turns):
            continue
        measured = by_turns(turns, large - small)
        if len(turns) >= most_turns or not is_quick or measured.spread < _SPREAD:
            return measured


def _promise(step: Step, measured: Measured) -> Promise:
    return Promise(step.case.title, measured.ratio, "ratio", step.least, step.aim)


def _row(step: Step, measured: Measured, promise: Promise) -> list[str]:
    return [
        step.case.title,
        number(measured.tap_us),
        f"`{step.other}`",
        number(measured.other_us),
        *map(number, (measured.ratio, measured.lowest, measured.highest)),
        str(measured.turns),
        *map(number, (step.least, step.aim)),
        promise.verdict,
    ]


if __name__ == "__main__":
    sys.exit(main())
