"""Counts the keys that are done, for one upstream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_purchase_orders.extraction.batch import Batch


class Progress(Struct):
    """The progress of one upstream.

    Attributes:
        name: The upstream.
        keys: What is counted, in the plural.
        total: How many there are, none while that is not known.
        done: How many are done with.
        refused: How many of these the upstream refused.
        waited_seconds: Returns how long requests have waited for the rate limit.
    """

    name: str
    keys: str
    waited_seconds: Callable[[], float]
    total: int | None = None
    done: int = 0
    refused: int = 0

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
        rate = self.done / elapsed_seconds if elapsed_seconds > 0 else 0.0
        of_total = f" of {self.total:,}" if self.total is not None else ""
        parts = [f"{self.name}: {self.done:,}{of_total} {self.keys}", f"{rate:.1f}/s"]
        if (waited := self.waited_seconds()) >= 1:
            parts.append(f"{waited:.0f} s of waiting for the rate limit")
        if self.total is not None and rate > 0:
            parts.append(f"{_duration((self.total - self.done) / rate)} left")
        return ", ".join(parts)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
