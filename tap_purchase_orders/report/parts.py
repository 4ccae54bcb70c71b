"""The parts of a section: tables, figures, text."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

from tap_purchase_orders.report.currencies import Money

if TYPE_CHECKING:
    from collections.abc import Sequence

    from plotly.graph_objects import Figure

    from tap_purchase_orders.report.figures import Series

Value: TypeAlias = str | int | Decimal | Money | dt.datetime | dt.date | None
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
    """A sentence; `is_warning` if the figures beside it lack something."""

    text: str
    is_warning: bool = False
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
    """A column.

    Attributes:
        title: Its heading.
        is_number: Whether it is aligned at the decimal point.
        is_id: Whether it holds what a person copies, such as the id of an order.
        is_long: Whether it holds long texts.
        is_filter: Whether the reader can choose one of its values.
    """

    title: str
    is_number: bool = False
    is_id: bool = False
    is_long: bool = False
    is_filter: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as the page shows it.

    Attributes:
        text: What stands in it, of a number what stands before the decimal point.
        css_class: Names of its classes.
        moment: The moment for machines, where it is one.
        fraction: Of a number, the decimal point and what follows it.
        value: The number for machines, with all its digits.
        hint: What the reader sees on hover.
    """

    text: str
    css_class: str
    moment: str = ""
    fraction: str = ""
    value: str = ""
    hint: str = ""


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
        return [
            [
                _cell(column, value)
                for column, value in zip(self.columns, row, strict=True)
            ]
            for row in self.rows
        ]

    def fractions(self) -> list[int]:
        """Return the length of the longest fraction of each column, with its point."""
        rows = self.cells()
        return [
            max((len(row[place].fraction) for row in rows), default=0)
            for place, _ in enumerate(self.columns)
        ]


Part: TypeAlias = Note | Chart | Table


def _cell(column: Column, value: Value) -> Cell:
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
    if isinstance(value, Money):
        whole, point, digits = value.text.partition(".")
        hint = f"{value.exact} {value.currency or ''}".rstrip()
        return Cell(whole, css_class, "", point + digits, value.exact, hint)
    if isinstance(value, int | Decimal):
        whole, point, digits = number_text(value).partition(".")
        exact = number_text(value).replace(",", "")
        return Cell(whole, css_class, "", point + digits, exact)
    return Cell(NOTHING if value is None else value, css_class)


def moment_text(moment: dt.datetime) -> str:
    """Return a moment, to the minute, in UTC."""
    return f"{moment.astimezone(dt.UTC):%Y-%m-%d %H:%M}"


def number_text(number: int | Decimal) -> str:
    """Return a number with all its digits."""
    return f"{number:,}" if isinstance(number, int) else f"{number:,f}"


def short_text(number: Decimal) -> str:
    """Return about how large a number is, such as `12.3M`."""
    size = float(number)
    for unit in _UNITS:
        if abs(size) < _THOUSAND:
            return f"{size:.3g}{unit}"
        size /= _THOUSAND
    return f"{float(number):.2g}"
