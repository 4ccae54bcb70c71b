"""Section: commitments to suppliers."""

from __future__ import annotations

from decimal import Decimal
from statistics import median_high
from typing import TYPE_CHECKING

from tap_purchase_orders.report.currencies import Money
from tap_purchase_orders.report.figures import (
    AMOUNTS,
    MARK,
    SHARES,
    Series,
    stacked_bars,
)
from tap_purchase_orders.report.missing import missing_notes
from tap_purchase_orders.report.parts import (
    BigFigure,
    Chart,
    Column,
    Note,
    Table,
    short_text,
)
from tap_purchase_orders.report.sections.amounts import (
    PARTS,
    amount_columns,
    amounts,
    currency_text,
)
from tap_purchase_orders.report.sections.section import Content, Section

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_purchase_orders.report.context import ReportContext
    from tap_purchase_orders.report.parts import Part
    from tap_purchase_orders.report.warehouse import Row, Warehouse

_SUPPLIERS_SHOWN = 20
# Each of them has a chart.
_CURRENCIES_SHOWN = 6
_CURRENCIES_LISTED = 50
_CURRENCIES_IN_HEAD = 5
# When the largest supplier is so many times the middle one, amounts would only show
# the largest: the chart has shares instead.
_LOPSIDED = 40
_0 = Decimal(0)
_DEFINITIONS = ("line_commitments", "supplier_commitments")


def _read(warehouse: Warehouse, context: ReportContext) -> Content:
    notes = missing_notes(warehouse, "appzen")
    totals = warehouse.rows("commitments_by_currency", _DEFINITIONS)
    if not totals:
        return Content(
            [*notes, Note("No line of a purchase order has been loaded yet.")]
        )
    shown = [row["currency"] for row in totals[:_CURRENCIES_SHOWN]]
    suppliers = warehouse.rows(
        "commitments_by_supplier",
        _DEFINITIONS,
        most=_SUPPLIERS_SHOWN,
        currencies=[currency for currency in shown if currency is not None],
        without_currency=None in shown,
    )
    parts: list[Part] = [*notes, *_totals(totals)]
    for number, currency in enumerate(shown, start=1):
        rows = [row for row in suppliers if row["currency"] == currency]
        parts += _by_supplier(context, number, currency, rows)
    if others := len(totals) - len(shown):
        text = (
            f"{others:,} more currencies, with the fewest lines, are only in the first "
            f"table of this section."
        )
        parts.append(Note(text))
    return Content(parts, [_left(totals)])


def _left(totals: list[Row]) -> BigFigure:
    values = [
        (
            currency_text(row["currency"]),
            Money(row["left_to_invoice"], row["currency"]).text,
        )
        for row in totals[:_CURRENCIES_IN_HEAD]
    ]
    more = len(totals) - len(values)
    return BigFigure(
        name="Left to invoice",
        values=values,
        note=f"and {more:,} more currencies" if more else "of open lines",
        target="commitments",
    )


def _totals(totals: list[Row]) -> Iterator[Part]:
    listed = totals[:_CURRENCIES_LISTED]
    yield Table(
        name="commitments-by-currency",
        title="All suppliers, by currency",
        columns=[
            Column("Currency"),
            *amount_columns(),
            Column("Suppliers", is_number=True),
            Column("Purchase orders", is_number=True),
            Column("Lines", is_number=True),
        ],
        rows=[
            (
                currency_text(row["currency"]),
                *amounts(row),
                row["suppliers"],
                row["purchase_orders"],
                row["lines"],
            )
            for row in listed
        ],
    )
    if more := len(totals) - len(listed):
        yield Note(f"{more:,} more currencies, with the fewest lines, are left out.")


def _by_supplier(
    context: ReportContext, number: int, currency: str | None, rows: list[Row]
) -> Iterator[Part]:
    code = currency_text(currency)
    placed = [row for row in rows if row["place"] is not None]
    rest = [row for row in rows if row["place"] is None]
    yield _chart(context, number, code, placed, _whose(len(placed), rest))
    yield Table(
        name=f"commitments-{number}",
        title=f"Figures: {code}",
        columns=[
            Column("Supplier", is_id=True),
            *amount_columns(code),
            Column("Purchase orders", is_number=True),
        ],
        rows=[
            (
                _supplier(context, row),
                *amounts(row),
                row["purchase_orders"],
            )
            for row in (*placed, *rest)
        ],
        has_rest=bool(rest),
        is_folded=True,
    )


def _chart(
    context: ReportContext, number: int, code: str, rows: list[Row], whose: str
) -> Chart:
    largest = max(row["ordered"] for row in rows)
    is_lopsided = largest > _LOPSIDED * median_high(row["ordered"] for row in rows)

    def drawn(name: str) -> list[Decimal]:
        if not is_lopsided:
            return [row[name] for row in rows]
        return [
            row[name] / row["ordered"] * 100 if row["ordered"] else _0 for row in rows
        ]

    labels = [
        f"{_supplier(context, row)} · {short_text(row['ordered'])}"
        if is_lopsided
        else _supplier(context, row)
        for row in rows
    ]
    parts = [Series(*PARTS[name], drawn(name)) for name in PARTS]
    received = Series("Received", MARK, drawn("received"))
    what = "shares of what was ordered" if is_lopsided else "amounts"
    return Chart(
        name=f"commitments-chart-{number}",
        title=f"{code}: {what}, {whose}",
        words=f"Bars: what was ordered from each supplier in {code}, and its parts.",
        figure=stacked_bars(
            labels, parts, SHARES if is_lopsided else AMOUNTS, received
        ),
        series=[*parts, received],
    )


def _whose(shown: int, rest: list[Row]) -> str:
    if not rest:
        return "all suppliers" if shown > 1 else "one supplier"
    return f"top {shown:,} of {shown + rest[0]['suppliers']:,} suppliers"


def _supplier(context: ReportContext, row: Row) -> str:
    if row["place"] is None:
        return f"{row['suppliers']:,} other suppliers"
    return context.supplier(row["supplier_id"])


SECTION = Section(
    name="commitments",
    title="Commitments by supplier",
    short_title="Commitments",
    lead=(
        "Lines of purchase orders in AppZen. What was ordered is what was invoiced, "
        "what is left to invoice on open lines, what was released because the line or "
        "its purchase order was closed or cancelled, and what AppZen does not say. "
        "Currencies are never added up. The charts show the suppliers of whom most was "
        "ordered, the figures below them have one row for all others."
    ),
    tables=("purchase_orders", "purchase_order_lines"),
    without_tables="They are loaded when `appzen` is set up.",
    read=_read,
)
