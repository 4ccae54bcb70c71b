"""Tables that list the rows of a query."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, TypeAlias

from tap_purchase_orders.report.parts import Column, Table
from tap_purchase_orders.report.sections.amounts import currency_text, money

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_purchase_orders.report.parts import Value
    from tap_purchase_orders.report.warehouse import Row

# A column, and what it shows of a row.
Cell: TypeAlias = "tuple[Column, Callable[[Row], Value]]"

CURRENCY: Cell = (
    Column("Currency", is_filter=True),
    lambda row: currency_text(row["currency"]),
)


def cell(title: str, name: str, **column: bool) -> Cell:
    """Return a column that shows a value of the row as it is.

    Args:
        title: Its heading.
        name: The name of the value.
        column: What else is to be said of the column.
    """
    return Column(title, **column), itemgetter(name)


def amount(title: str, name: str) -> Cell:
    """Return a column that shows an amount in the currency of the row."""
    return Column(title, is_number=True), lambda row: money(row[name], row["currency"])


def listing(name: str, title: str, cells: list[Cell], rows: list[Row]) -> Table:
    """Return the table of some rows."""
    return Table(
        name=name,
        title=title,
        columns=[column for column, _ in cells],
        rows=[tuple(value(row) for _, value in cells) for row in rows],
    )


def cut_title(title: str, rows: list[Row], which: str) -> str:
    """Return a title that says, where there are more rows, which of how many these are.

    Args:
        title: What they are.
        rows: Those that are shown; each says how many there are in all.
        which: Which they are, such as `the newest`.
    """
    total = rows[0]["total"]
    if total == len(rows):
        return title
    return f"{title}: {which} {len(rows):,} of {total:,}"
