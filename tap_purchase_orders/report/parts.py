"""The parts of a section: tables, figures, text."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from plotly.graph_objects import Figure

    from tap_purchase_orders.report.figures import Series

Value: TypeAlias = str | int | Decimal | dt.datetime | dt.date | None
# In a table, so many digits behind the point are filled up with zeros if some row has
# them; digits beyond are shown where they are.
_USUAL_DIGITS = 2
NOTHING = "\N{EN DASH}"
_THOUSAND = 1000
_UNITS = ("", "k", "M", "B", "T")


@dataclass(frozen=True, slots=True)
class BigFigure:
    """A figure for the head of the page.

    Attributes:
        name: What it counts.
        values: One text, or one for each currency, which comes before it.
        note: What else is worth saying.
        target: Id of the section that has more about it.
    """

    name: str
    values: Sequence[tuple[str, str]]
    note: str
    target: str


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence."""

    text: str
    kind: str = field(default="note", init=False)


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture of the table that follows it.

    Attributes:
        name: Unique in the page; a part of ids.
        title: Heading of the chart.
        words: What it shows, for who cannot see it.
        figure: Its data and layout.
        series: Those that the legend names.
    """

    name: str
    title: str
    words: str
    figure: Figure
    series: Sequence[Series]
    kind: str = field(default="chart", init=False)


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `is_id` is for what a person copies, such as the id of an order."""

    title: str
    is_number: bool = False
    is_id: bool = False
    is_long: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as the page shows it.

    Attributes:
        text: What stands in it.
        css_class: Names of its classes.
        moment: The moment for machines, where it is one.
        missing: By how many signs it is shorter, behind the decimal point, than the
            longest of its column.
    """

    text: str
    css_class: str
    moment: str = ""
    missing: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """Rows and columns.

    Attributes:
        name: Unique in the page; its id.
        title: Its caption.
        columns: The columns.
        rows: For each row a value for each column.
        has_rest: Whether the last row sums up all that is not shown.
        is_folded: Whether it is shown only when somebody wants it.
    """

    name: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Value]]
    has_rest: bool = False
    is_folded: bool = False
    kind: str = field(default="table", init=False)

    def cells(self) -> list[list[Cell]]:
        """Return the rows as the page shows them."""
        by_column = [
            _cells(column, [row[place] for row in self.rows])
            for place, column in enumerate(self.columns)
        ]
        return [list(row) for row in zip(*by_column, strict=True)]


Part: TypeAlias = Note | Chart | Table


def _cells(column: Column, values: Sequence[Value]) -> list[Cell]:
    longest = max(map(_digits, values), default=0)
    usual = min(longest, _USUAL_DIGITS)
    return [_cell(column, value, usual, longest) for value in values]


def _cell(column: Column, value: Value, usual: int, longest: int) -> Cell:
    css_class = " ".join(
        name
        for name, holds in (
            ("number", column.is_number),
            ("id", column.is_id),
            ("long", column.is_long),
            ("none", value is None),
            ("moment", isinstance(value, dt.date)),
        )
        if holds
    )
    if isinstance(value, dt.datetime):
        return Cell(moment_text(value), css_class, value.isoformat())
    if isinstance(value, dt.date):
        return Cell(value.isoformat(), css_class, value.isoformat())
    if isinstance(value, int | Decimal):
        digits = max(_digits(value), usual)
        # Where no digit follows, there is no point either.
        missing = longest - digits + (1 if longest and not digits else 0)
        return Cell(number_text(value, usual), css_class, missing=missing)
    return Cell(NOTHING if value is None else value, css_class)


def moment_text(moment: dt.datetime) -> str:
    """Return a moment, to the minute, in UTC."""
    return f"{moment.astimezone(dt.UTC):%Y-%m-%d %H:%M}"


def number_text(number: int | Decimal, digits: int = 0) -> str:
    """Return a number with all its digits, at least so many of them decimals."""
    if isinstance(number, int):
        return f"{number:,}"
    return f"{number:,.{max(_digits(number), digits)}f}"


def rounded_text(number: Decimal) -> str:
    """Return a number with at most two decimals."""
    return f"{number:,.{min(_digits(number), _USUAL_DIGITS)}f}"


def short_text(number: Decimal) -> str:
    """Return about how large a number is, such as `12.3M`."""
    size = float(number)
    for unit in _UNITS:
        if abs(size) < _THOUSAND:
            return f"{size:.3g}{unit}"
        size /= _THOUSAND
    return f"{float(number):.2g}"


def _digits(value: Value) -> int:
    """Return how many digits a value has behind the decimal point."""
    if not isinstance(value, Decimal):
        return 0
    return len(f"{value:f}".partition(".")[2])
