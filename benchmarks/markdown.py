"""Tables in Markdown, and the numbers in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_HUNDRED = 100
_TEN = 10


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table whose first column holds names and all others numbers."""
    rules = ["---"] + ["---:"] * (len(headings) - 1)
    lines = ["| " + " | ".join(row) + " |" for row in (headings, rules, *rows)]
    return "\n".join(lines)


def number(value: float | None, unit: str = "") -> str:
    """Return a number with the three digits that mean something, empty for none."""
    if value is None:
        return ""
    size = abs(value)
    digits = 0 if size >= _HUNDRED else 1 if size >= _TEN else 2 if size >= 1 else 3
    return f"{value:,.{digits}f}{unit}"
