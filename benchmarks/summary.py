"""The results as Markdown, and as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from benchmarks.cases import FIRST_VOLUME, QUICK, SLOPE_VOLUMES
from benchmarks.figures import MICROSECONDS, Figures, Promise
from benchmarks.lineup import CONTESTANTS
from benchmarks.machine import about_text
from benchmarks.markdown import number, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks.cases import Case, Sizes
    from benchmarks.figures import Cell, Form
    from benchmarks.runs import Run


def as_json(
    facts: dict[str, Any],
    sizes: Sizes,
    runs: Sequence[Run],
    promises: Sequence[Promise],
) -> str:
    """Return every run, and what follows from them."""
    document = facts | {
        "sizes": asdict(sizes),
        "promises": [
            asdict(promise) | {"verdict": promise.verdict} for promise in promises
        ],
        "runs": [asdict(run) for run in runs],
    }
    return json.dumps(document, indent=1)


def as_markdown(
    facts: dict[str, Any], sizes: Sizes, runs: Sequence[Run], cases: Iterable[Case]
) -> str:
    """Return tables of what was promised and of every case.

    Args:
        facts: When and where it was measured.
        sizes: How much there was at the first volume.
        runs: All runs.
        cases: The cases that were measured.
    """
    figures = Figures(runs, sizes)
    heading = about_text(facts)
    heading += f"; medians of {max(run.turn for run in runs)} interleaved runs"
    heading += f"{', over TLS' if facts['is_secure'] else ''}."
    if sizes.customers == QUICK.customers:
        heading += " So few records only show that everything works."
    parts = ["# Benchmarks", heading]
    if promises := list(figures.promises()):
        parts += ["## What is promised", _promised(promises)]
    for case in cases:
        of_case = _slow_table if case.latency_ms else _table
        parts += [f"## {case.title}", _about(case, figures), of_case(case, figures)]
    return "\n\n".join(parts) + "\n"


def promised(document: dict[str, Any]) -> str:
    """Return the table of what was promised, and when and where it was measured.

    Args:
        document: Results as `as_json` wrote them.
    """
    names = {field.name for field in fields(Promise)}
    promises = [
        Promise(**{name: value for name, value in each.items() if name in names})
        for each in document["promises"]
    ]
    return f"{_promised(promises)}\n\n{about_text(document)}."


def _promised(promises: Iterable[Promise]) -> str:
    rows = [
        [
            promise.title,
            *(
                _in_form(value, promise.form)
                for value in (promise.value, promise.least, promise.aim)
            ),
            promise.verdict,
        ]
        for promise in promises
    ]
    return table(["", "measured", "at least", "aim", "reached"], rows)


def _in_form(value: float, form: Form) -> str:
    if form == "share":
        return f"1/{number(1 / value)}"
    return number(value, " x" if form == "ratio" else "")


def _about(case: Case, figures: Figures) -> str:
    volumes = " and ".join(f"{figures.headers(case, each):,}" for each in case.volumes)
    text = f"`{case.name}`: {volumes} {case.unit}."
    if case.latency_ms:
        seconds = number(figures.ideal_seconds(case))
        text += f" The answers alone take {seconds} s, all in flight that may be."
    return text


def _table(case: Case, figures: Figures) -> str:
    cells = _cells(case, figures)
    last = SLOPE_VOLUMES[-1]
    stock, limit = (_cpu(cells.get(name)) for name in ("stock", "limit"))
    headings = [
        "",
        "us CPU each",
        "fastest",
        "slowest",
        "stock = 1",
        "limit = 1",
        f"{case.unit} a second of a core",
        "start, s CPU",
        "s to first request",
        f"s, x{last}",
        "peak MB, x1",
        f"peak MB, x{last}",
        "requests",
    ]
    rows = []
    for contestant in CONTESTANTS:
        if (cell := cells.get(contestant.name)) is None:
            continue
        cpu = _cpu(cell)
        rows.append(
            [
                contestant.title,
                number(cpu),
                number(cell.fastest_us),
                number(cell.slowest_us),
                number(cpu and stock and stock / cpu, " x"),
                number(cpu and limit and cpu / limit, " x"),
                number(cpu and MICROSECONDS / cpu),
                number(cell.start_cpu_seconds),
                number(cell.first_request_seconds),
                number(cell.wall_seconds),
                number(cell.peak_megabytes.get(FIRST_VOLUME)),
                number(cell.peak_megabytes[last]),
                f"{cell.requests:,}",
            ]
        )
    return table(headings, rows)


def _slow_table(case: Case, figures: Figures) -> str:
    headings = [
        "",
        "s",
        "s asking",
        "of the ideal",
        "asking",
        "most in flight",
        "ms an answer",
        "CPU s",
    ]
    ideal = figures.ideal_seconds(case)
    cells = _cells(case, figures)
    rows = [
        [
            contestant.title,
            number(cell.wall_seconds),
            number(cell.asking_seconds),
            number(cell.wall_seconds / ideal, " x"),
            number(cell.asking_seconds / ideal, " x"),
            str(cell.most_in_flight),
            number(cell.latency_ms),
            number(cell.cpu_seconds),
        ]
        for contestant in CONTESTANTS
        if (cell := cells.get(contestant.name)) is not None
    ]
    return table(headings, rows)


def _cells(case: Case, figures: Figures) -> dict[str, Cell]:
    cells = {name: figures.cell(case, name) for name in case.contestants}
    return {name: cell for name, cell in cells.items() if cell is not None}


def _cpu(cell: Cell | None) -> float | None:
    return None if cell is None else cell.cpu_us
