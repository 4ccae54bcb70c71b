"""Whether two runs wrote the same messages in the same order."""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# What differs from run to run: when an answer came, and the names of the exchange.
# Text within a value cannot match: its quotes are escaped.
_OF_ONE_RUN = re.compile(
    rb'"(time_extracted|observedAt|observed_at|correlation_id)":"[^"]*"'
)
_SHOWN_BYTES = 150


class MessagesDifferError(Exception):
    """Two runs did not write the same."""


def check_same(expected: Path, actual: Path) -> int:
    """Return how many messages two runs wrote, both the same.

    They are compared byte by byte and line by line, but for the values that belong to
    one run.

    Raises:
        MessagesDifferError: They are not the same, or there are none.
    """
    count = 0
    with expected.open("rb") as expected_lines, actual.open("rb") as actual_lines:
        pairs = zip_longest(expected_lines, actual_lines, fillvalue=b"")
        for count, (one, other) in enumerate(pairs, start=1):
            if _of_any_run(one) != _of_any_run(other):
                msg = _difference(count, _of_any_run(one), _of_any_run(other))
                raise MessagesDifferError(msg)
    if not count:
        msg = "there are no messages"
        raise MessagesDifferError(msg)
    return count


def _of_any_run(line: bytes) -> bytes:
    return _OF_ONE_RUN.sub(rb'"\1":""', line)


def _difference(count: int, one: bytes, other: bytes) -> str:
    """Return in words where a message begins to differ."""
    pairs = enumerate(zip(one, other, strict=False))
    place = next((place for place, (a, b) in pairs if a != b), 0)
    shown = slice(max(0, place - _SHOWN_BYTES), place + _SHOWN_BYTES)
    texts = [line[shown].decode("utf-8", "replace").rstrip() for line in (one, other)]
    return "\n  ".join(
        [f"message {count} is not the same:", *(text or "(none)" for text in texts)]
    )
