"""Plain text tables: columns aligned, amounts at their decimal points."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias
from unicodedata import east_asian_width

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Cell: TypeAlias = str | int | Decimal | None


def table(headings: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """Return a table with its headings, indented by two blanks.

    Numbers stand right, all else left. Every digit of a decimal is shown.
    """
    columns = [
        list(_column(heading, [row[place] for row in rows]))
        for place, heading in enumerate(headings)
    ]
    lines = zip(*columns, strict=True)
    return "\n".join(f"  {'  '.join(line)}".rstrip() for line in lines)


def _column(heading: str, cells: Sequence[Cell]) -> Iterator[str]:
    """Yield the heading, a rule and the cells, all of one width."""
    digits = max(map(_fraction_digits, cells), default=0)
    texts = [_text(cell, digits) for cell in cells]
    width = max(map(_width, [heading, *texts]))
    is_number = any(isinstance(cell, int | Decimal) for cell in cells)
    for text in (heading, "-" * width, *texts):
        blanks = " " * (width - _width(text))
        yield blanks + text if is_number else text + blanks


def _text(cell: Cell, digits: int) -> str:
    if cell is None:
        return "-"
    if isinstance(cell, str):
        return cell
    missing = digits - _fraction_digits(cell)
    # The blank for the point, where a whole number stands among fractions.
    point = 1 if digits and not _fraction_digits(cell) else 0
    return f"{cell:,f}" + " " * (missing + point) if digits else f"{cell:,}"


def _fraction_digits(cell: Cell) -> int:
    if not isinstance(cell, Decimal):
        return 0
    return len(f"{cell:f}".partition(".")[2])


def _width(text: str) -> int:
    """Return how many places a text takes: Chinese characters take two."""
    return sum(2 if east_asian_width(sign) in "FW" else 1 for sign in text)
