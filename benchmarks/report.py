"""The result: for people, and for programs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from decimal import Decimal
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.machine import about, about_text
from demo.tables import Cell, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks.command import Cost

_HEADINGS = (
    "in flight",
    "seconds",
    "fastest",
    "slowest",
    "asking",
    "start and end",
    "requests",
    "most at once",
    "CPU seconds",
    "peak MB",
)


@dataclass(frozen=True, slots=True)
class Measurement:
    """A run, as the machine and the server saw it.

    Attributes:
        cost: What it took.
        asking_seconds: From the first request to the last answer.
        requests: How many requests the server counted.
        most_in_flight: The most that the server was answering at once.
        by_status: Requests by resource and status.
    """

    cost: Cost
    asking_seconds: float
    requests: int
    most_in_flight: int
    by_status: dict[str, dict[str, int]]


@dataclass(frozen=True, slots=True)
class Result:
    """The runs against one upstream.

    Attributes:
        title: The upstream, and what was asked for.
        messages: How many messages each run wrote, all of them the same.
        runs: The runs, by the number of requests in flight: fewest first.
    """

    title: str
    messages: int
    runs: dict[int, list[Measurement]]

    @property
    def ratio(self) -> float:
        """How many times faster several in flight are asked for."""
        slow, fast = (
            median(run.asking_seconds for run in runs) for runs in self.runs.values()
        )
        return slow / fast

    @property
    def whole_ratio(self) -> float:
        """How many times faster several in flight are, start-up and all."""
        slow, fast = (
            median(run.cost.wall_seconds for run in runs) for runs in self.runs.values()
        )
        return slow / fast


def as_text(results: Iterable[Result], keys: int, latency_ms: int) -> str:
    """Return a heading and a table for each upstream."""
    lines = [
        f"{keys} keys of each upstream, {latency_ms} ms an answer; medians",
        about_text(about()),
    ]
    for result in results:
        lines += [
            "",
            f"{result.title}; {result.messages:,} messages, the same in every run",
            "",
            table(_HEADINGS, _rows(result)),
        ]
    return "\n".join(lines)


def as_json(results: Iterable[Result], keys: int, latency_ms: int) -> str:
    """Return every run, and what follows from them."""
    document = about() | {
        "keys": keys,
        "latency_ms": latency_ms,
        "results": [
            asdict(result) | {"ratio": result.ratio, "whole_ratio": result.whole_ratio}
            for result in results
        ],
    }
    return json.dumps(document, indent=2)


def _rows(result: Result) -> list[list[Cell]]:
    rows = [_row(in_flight, runs) for in_flight, runs in result.runs.items()]
    ratios: list[Cell] = [_rounded(result.whole_ratio), "", "", _rounded(result.ratio)]
    blanks: list[Cell] = [""] * (len(_HEADINGS) - len(ratios) - 1)
    return [*rows, ["times faster", *ratios, *blanks]]


def _row(in_flight: int, runs: Sequence[Measurement]) -> list[Cell]:
    walls = [run.cost.wall_seconds for run in runs]
    seconds = (
        median(walls),
        min(walls),
        max(walls),
        median(run.asking_seconds for run in runs),
        median(run.cost.wall_seconds - run.asking_seconds for run in runs),
    )
    return [
        str(in_flight),
        *map(_rounded, seconds),
        runs[0].requests,
        max(run.most_in_flight for run in runs),
        _rounded(median(run.cost.cpu_seconds for run in runs)),
        round(median(run.cost.peak_bytes for run in runs) / 1_000_000),
    ]


def _rounded(value: float) -> Decimal:
    return Decimal(f"{value:.2f}")
