"""What the runs say: medians, slopes, and how they compare with what is promised."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Literal

from benchmarks.cases import (
    FIRST_VOLUME,
    IN_FLIGHT,
    ORDERS_WITH_LINES,
    PURCHASE_ORDERS_WITH_LINES,
    QUIET,
    SLOPE_VOLUMES,
    SLOW_ORDERS,
    SLOW_PURCHASE_ORDERS,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.cases import Case, Sizes
    from benchmarks.runs import Run

MICROSECONDS = 1e6
_MEGABYTE = 1e6

Form = Literal["share", "ratio", "plain"]


@dataclass(frozen=True, slots=True)
class Cell:
    """What one contestant's runs of one case say.

    Attributes:
        cpu_us: Processor time of one order or purchase order, in microseconds: the
            slope between two volumes; none where there is but one, and where so few
            records are lost in the noise.
        fastest_us: The least of all turns.
        slowest_us: The most of all turns.
        start_cpu_seconds: Processor time of a run without any records.
        first_request_seconds: From the start of the process to the first request.
        wall_seconds: The whole run, at the largest volume.
        asking_seconds: From the first request to the last answer, there.
        peak_megabytes: By volume, the most memory that one process held.
        cpu_seconds: Processor time of the whole run, there.
        requests: How many requests there were, there.
        most_in_flight: How many of them were being answered at once.
        latency_ms: How long an answer took on average.
    """

    cpu_us: float | None
    fastest_us: float | None
    slowest_us: float | None
    start_cpu_seconds: float | None
    first_request_seconds: float
    wall_seconds: float
    asking_seconds: float
    peak_megabytes: dict[int, float]
    cpu_seconds: float
    requests: int
    most_in_flight: int
    latency_ms: float


@dataclass(frozen=True, slots=True)
class Promise:
    """A figure that is promised.

    Attributes:
        title: What it is.
        value: What it came to.
        form: Whether it is a part of something, a multiple or a plain number.
        least: What it must come to.
        aim: What it is to come to.
        more_is_better: Whether larger values are better.
    """

    title: str
    value: float
    form: Form
    least: float
    aim: float
    more_is_better: bool = False

    @property
    def verdict(self) -> str:
        """Whether the aim is reached, or else the least."""
        if self._reaches(self.aim):
            return "aim"
        return "yes" if self._reaches(self.least) else "NO"

    def _reaches(self, limit: float) -> bool:
        return self.value >= limit if self.more_is_better else self.value <= limit


class Figures:
    """Works out figures from runs.

    Args:
        runs: All runs.
        sizes: How much there was at the first volume.
    """

    def __init__(self, runs: Sequence[Run], sizes: Sizes) -> None:
        self._runs = runs
        self._sizes = sizes

    def cell(self, case: Case, contestant: str) -> Cell | None:
        """Return what a contestant's runs of a case say, none if there are none."""
        runs = [
            run
            for run in self._runs
            if run.case == case.name and run.contestant == contestant
        ]
        measured = [run for run in runs if run.turn]
        if not measured:
            return None
        slopes = list(self._slopes(case, measured))
        largest = [run for run in measured if run.volume == case.volumes[-1]]
        slope = median(each for each, _ in slopes) if slopes else None
        return Cell(
            cpu_us=slope if slope and slope > 0 else None,
            fastest_us=min(each for each, _ in slopes) if slopes else None,
            slowest_us=max(each for each, _ in slopes) if slopes else None,
            start_cpu_seconds=median(each for _, each in slopes) if slopes else None,
            first_request_seconds=_median(measured, lambda r: r.first_request_seconds),
            wall_seconds=_median(largest, lambda run: run.wall_seconds),
            asking_seconds=_median(largest, lambda run: run.asking_seconds),
            peak_megabytes={
                volume: median(
                    run.peak_bytes / _MEGABYTE for run in runs if run.volume == volume
                )
                for volume in sorted({run.volume for run in runs})
            },
            cpu_seconds=_median(largest, lambda run: run.cpu_seconds),
            requests=largest[0].requests,
            most_in_flight=max(run.most_in_flight for run in largest),
            latency_ms=_median(largest, lambda run: run.latency_ms),
        )

    def _slopes(self, case: Case, runs: Sequence[Run]) -> Iterator[tuple[float, float]]:
        """Yield, by turn, microseconds a record and seconds without any."""
        if case.volumes != SLOPE_VOLUMES:
            return
        small, large = (self.headers(case, volume) for volume in SLOPE_VOLUMES)
        for turn in sorted({run.turn for run in runs}):
            seconds = {run.volume: run.cpu_seconds for run in runs if run.turn == turn}
            few, many = (seconds[volume] for volume in SLOPE_VOLUMES)
            slope = (many - few) / (large - small)
            yield slope * MICROSECONDS, few - slope * small

    def headers(self, case: Case, volume: int) -> int:
        """Return how many orders or purchase orders there were."""
        return case.headers(self._sizes, volume)

    def ideal_seconds(self, case: Case) -> float:
        """Return how long the answers take with all requests in flight all the time."""
        requests = case.requests(self._sizes, case.volumes[-1])
        return requests / IN_FLIGHT * case.latency_ms / 1000

    def quiet_requests(self) -> int | None:
        """Return how many requests a run without news made, none if there was none."""
        runs = [run for run in self._runs if run.case == QUIET]
        return runs[-1].requests if runs else None

    def promises(self) -> Iterator[Promise]:
        """Yield the promised figures, as far as their cases were measured."""
        for case, least, aim in (
            (ORDERS_WITH_LINES, 1 / 8, 1 / 12),
            (PURCHASE_ORDERS_WITH_LINES, 1 / 7, 1 / 12),
        ):
            yield from self._compared(case, "stock", "share", least, aim)
        for case in (ORDERS_WITH_LINES, PURCHASE_ORDERS_WITH_LINES):
            yield from self._compared(case, "limit", "ratio", 2.5, 1.5)
        ours = self.cell(PURCHASE_ORDERS_WITH_LINES, "tap")
        if ours and ours.cpu_us:
            title = f"{PURCHASE_ORDERS_WITH_LINES.title} a second of one core"
            value = MICROSECONDS / ours.cpu_us
            yield Promise(title, value, "plain", 1000, 2000, more_is_better=True)
        for case in (SLOW_ORDERS, SLOW_PURCHASE_ORDERS):
            if cell := self.cell(case, "tap"):
                value = cell.wall_seconds / self.ideal_seconds(case)
                title = f"{case.title}, {IN_FLIGHT} in flight: wall against the ideal"
                yield Promise(title, value, "ratio", 1.3, 1.1)
        for case in (ORDERS_WITH_LINES, PURCHASE_ORDERS_WITH_LINES):
            yield from self._of_whole_runs(case)
        if (requests := self.quiet_requests()) is not None:
            title = f"requests for {self._sizes.quiet_customers:,} customers, no news"
            yield Promise(title, requests, "plain", 60, 30)

    def _compared(
        self, case: Case, other: str, form: Form, least: float, aim: float
    ) -> Iterator[Promise]:
        ours, theirs = self.cell(case, "tap"), self.cell(case, other)
        if ours and theirs and ours.cpu_us and theirs.cpu_us:
            title = f"{case.title}: CPU against `{other}`"
            yield Promise(title, ours.cpu_us / theirs.cpu_us, form, least, aim)

    def _of_whole_runs(self, case: Case) -> Iterator[Promise]:
        ours, stock = self.cell(case, "tap"), self.cell(case, "stock")
        if ours is None:
            return
        peaks = ours.peak_megabytes
        value = peaks[case.volumes[-1]] / peaks[FIRST_VOLUME]
        title = f"{case.title}: peak memory at x{case.volumes[-1]} against x1"
        yield Promise(title, value, "ratio", 1.1, 1.03)
        if stock is not None:
            value = ours.first_request_seconds / stock.first_request_seconds
            title = f"{case.title}: start-up to first request against `stock`"
            yield Promise(title, value, "ratio", 1.0, 0.7)


def _median(runs: Sequence[Run], of: Callable[[Run], float]) -> float:
    return median(map(of, runs))
