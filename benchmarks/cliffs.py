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
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.cases import SLOPE_VOLUMES, Case, Sizes
from benchmarks.command import RunFailedError
from benchmarks.figures import MICROSECONDS, Promise
from benchmarks.lineup import CONTESTANTS, DEFAULT_PEERS, peers_in
from benchmarks.machine import about, about_text
from benchmarks.markdown import number, table
from benchmarks.runs import Bench
from benchmarks.simulator.process import SimulatorError, running_simulator
from benchmarks.work import WorkDiffersError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_TURNS = 9
# What takes many times as long is told from the tap by fewer turns over less.
_TURNS_OF_OTHERS = 3
_OTHERS_PART = 4
_TITLE = "# What a step aside of the default selection costs"
_COLUMNS = (
    *("", "tap, us each", "other", "us each", "ratio", "lowest", "highest"),
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
    parser.add_argument("--turns", type=int, default=_TURNS)
    parser.add_argument("--cases", nargs="+", choices=[s.case.name for s in known])
    parser.add_argument("--customers", type=int, default=160)
    parser.add_argument("--purchase-orders", type=int, default=400)
    parser.add_argument("--peers", type=Path, default=DEFAULT_PEERS)
    parser.add_argument(
        "--results", type=Path, metavar="DIRECTORY", help="where the table goes, too"
    )
    options = parser.parse_args(arguments)
    sizes = Sizes(options.customers, purchase_orders=options.purchase_orders)
    few = Sizes(
        options.customers // _OTHERS_PART,
        purchase_orders=options.purchase_orders // _OTHERS_PART,
    )
    chosen = [s for s in known if s.case.name in (options.cases or [s.case.name])]
    peers = peers_in(options.peers)
    rows = []
    promises = []
    try:
        peers.check(_CONTESTANTS[step.other] for step in chosen)
        with running_simulator() as (simulator, folder):
            for step in chosen:
                print(f"{step.case.name} ...", file=sys.stderr)
                is_quick = step.other == "limit"
                of_step = sizes if is_quick else few
                bench = Bench(simulator, peers, of_step, folder, is_secure=False)
                turns = options.turns if is_quick else _TURNS_OF_OTHERS
                costs = _costs(bench, step, of_step, min(turns, options.turns))
                promise = _promise(step, costs)
                promises.append(promise)
                rows.append(_row(step, costs, promise))
    except (RunFailedError, SimulatorError, WorkDiffersError) as error:
        print(f"The benchmark failed: {error}", file=sys.stderr)
        return 1
    facts = about()
    result = (
        f"{table(_COLUMNS, rows)}\n\n"
        f"{about_text(facts)}; medians of {options.turns} interleaved turns, "
        f"{min(_TURNS_OF_OTHERS, options.turns)} beside other than `limit`.\n"
    )
    print(result, end="")
    if options.results is not None:
        options.results.mkdir(parents=True, exist_ok=True)
        file = options.results / f"{facts['date']}-cliffs.md"
        file.write_text(f"{_TITLE}\n\n{result}", encoding="utf-8")
    return int(any(promise.verdict == "NO" for promise in promises))


def _costs(
    bench: Bench, step: Step, sizes: Sizes, turns: int
) -> list[tuple[float, float]]:
    """Return microseconds of the tap and of the other for each header.

    Returns:
        The slope between the medians of two volumes, then that of each turn. The turns
        differ more: one that is disturbed has a wrong slope, but moves no median.
    """
    pair = [_CONTESTANTS["tap"], _CONTESTANTS[step.other]]
    for contestant in pair:
        bench.check(step.case, contestant)
    small, large = (step.case.headers(sizes, volume) for volume in SLOPE_VOLUMES)
    # By contestant and volume, the seconds of each turn.
    seconds: dict[tuple[str, int], list[float]] = {}
    for turn in range(1, turns + 1):
        for volume, contestant in product(SLOPE_VOLUMES, pair):
            run = bench.measure(step.case, contestant, volume, turn)
            kind = contestant.name, volume
            seconds.setdefault(kind, []).append(run.cpu_seconds)
    for of_turns in seconds.values():
        of_turns.insert(0, median(of_turns))
    tap, other = (
        [
            MICROSECONDS * (many - few) / (large - small)
            for few, many in zip(
                *(seconds[each.name, volume] for volume in SLOPE_VOLUMES), strict=True
            )
        ]
        for each in pair
    )
    return [*zip(tap, other, strict=True)]


def _promise(step: Step, costs: Sequence[tuple[float, float]]) -> Promise:
    tap, other = costs[0]
    return Promise(step.case.title, tap / other, "ratio", step.least, step.aim)


def _row(
    step: Step, costs: Sequence[tuple[float, float]], promise: Promise
) -> list[str]:
    tap, other = costs[0]
    ratios = sorted(ours / theirs for ours, theirs in costs[1:])
    return [
        step.case.title,
        number(tap),
        f"`{step.other}`",
        number(other),
        *map(number, (promise.value, ratios[0], ratios[-1], step.least, step.aim)),
        promise.verdict,
    ]


if __name__ == "__main__":
    sys.exit(main())
