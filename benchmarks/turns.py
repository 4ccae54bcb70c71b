"""What a record costs by turns of two contestants, and how sure that is."""

from __future__ import annotations

import random
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.figures import MICROSECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence

# The ratio lies between `lowest` and `highest` with this chance, by so many samples.
CHANCE = 0.9
_SAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Measured:
    """What a header costs the tap and the other.

    Attributes:
        tap_us: Microseconds of processor time of the tap.
        other_us: Those of the other.
        lowest: The ratio of the two lies between this
        highest: and this, with the chance `CHANCE`.
        turns: How many turns were taken.
    """

    tap_us: float
    other_us: float
    lowest: float
    highest: float
    turns: int

    @property
    def ratio(self) -> float:
        """How many times the processor time of the other the tap takes."""
        return self.tap_us / self.other_us

    @property
    def spread(self) -> float:
        """How far the ratio may be off, as a part of it."""
        return (self.highest - self.lowest) / self.ratio


def by_turns(turns: Sequence[tuple[float, ...]], headers: int) -> Measured:
    """Return what a header costs by the medians of turns.

    One turn that is disturbed moves no median. How far these may be off is told by
    drawing the same number of turns from them, again and again.

    Args:
        turns: Of each, the seconds of the tap and of the other at the small volume,
            then those at the large one.
        headers: How many more headers there are at the large one.
    """

    def costs(some: Sequence[tuple[float, ...]]) -> tuple[float, float]:
        small_tap, small_other, large_tap, large_other = map(
            median, zip(*some, strict=True)
        )
        return (large_tap - small_tap) / headers, (large_other - small_other) / headers

    # Which turns are drawn is no secret, and the same each time.
    draw = random.Random(0)  # noqa: S311
    samples = (costs(draw.choices(turns, k=len(turns))) for _ in range(_SAMPLES))
    ratios = sorted(tap / other for tap, other in samples)
    outside = int(_SAMPLES * (1 - CHANCE) / 2)
    tap, other = costs(turns)
    return Measured(
        MICROSECONDS * tap,
        MICROSECONDS * other,
        ratios[outside],
        ratios[-1 - outside],
        len(turns),
    )
