"""Counts the keys that are done, for one upstream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_purchase_orders.extraction.batch import Batch
    from tap_purchase_orders.http.rate_limit import Pace


class Progress(Struct):
    """The progress of one upstream.

    Attributes:
        name: The upstream.
        keys: What is counted, in the plural.
        total: How many there are, none while that is not known.
        expected: About how many there are, by what earlier runs found.
        done: How many are done with.
        refused: How many of these the upstream refused.
        pace: Returns what the rate limit does to the run.
    """

    name: str
    keys: str
    pace: Callable[[], Pace]
    total: int | None = None
    done: int = 0
    refused: int = 0
    expected: int | None = None

    @property
    def is_all_refused(self) -> bool:
        """Whether keys were requested, and the upstream refused every one."""
        return 0 < self.done == self.refused

    def count(self, batch: Batch) -> None:
        """Count the batch of one more key, if it is that of a key."""
        if batch.key_was_refused is not None:
            self.done += 1
            self.refused += batch.key_was_refused

    def line(self, elapsed_seconds: float) -> str:
        """Return the progress in words.

        Args:
            elapsed_seconds: Time since the reading began.
        """
        pace = self.pace()
        rate = self.done / elapsed_seconds if elapsed_seconds > 0 else 0.0
        if pace.waited_seconds:
            # The first requests need not wait: what follows is not as quick.
            rate = min(rate, pace.most_per_second)
        about = "" if self.total is not None else "about "
        total = self._likely_total
        of_total = f" of {about}{total:,}" if total is not None else ""
        parts = [f"{self.name}: {self.done:,}{of_total} {self.keys}", f"{rate:.1f}/s"]
        waited = f"{pace.waited_seconds:.0f} s"
        if pace.is_waiting:
            parts.append(f"waiting for the rate limit ({waited} so far)")
        elif pace.waited_seconds >= 1:
            parts.append(f"{waited} of waiting for the rate limit")
        if total is not None and rate > 0:
            parts.append(f"{about}{_duration((total - self.done) / rate)} left")
        return ", ".join(parts)

    @property
    def _likely_total(self) -> int | None:
        """The total, or what it may be if that is not known."""
        if self.total is not None:
            return self.total
        is_likely = self.expected is not None and self.expected > self.done
        return self.expected if is_likely else None


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
