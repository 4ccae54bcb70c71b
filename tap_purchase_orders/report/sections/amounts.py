"""The amounts of commitments: their columns and their cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_purchase_orders.report.currencies import Money
from tap_purchase_orders.report.figures import BLUE, GREY, ORANGE, SKY
from tap_purchase_orders.report.parts import Column

if TYPE_CHECKING:
    from decimal import Decimal

    from tap_purchase_orders.report.warehouse import Row

# The parts of what is ordered, by the columns of the queries.
PARTS = {
    "invoiced": ("Invoiced", BLUE),
    "left_to_invoice": ("Left to invoice", ORANGE),
    "released": ("Released", GREY),
    "not_known": ("Not known", SKY),
}
_AMOUNTS = {
    "ordered": "Ordered",
    "received": "Received",
    **{name: title for name, (title, _) in PARTS.items()},
}


def amount_columns(currency: str | None = None) -> list[Column]:
    """Return the columns of all amounts, with the currency if it is one for all."""
    unit = f", {currency}" if currency else ""
    return [Column(f"{title}{unit}", is_number=True) for title in _AMOUNTS.values()]


def amounts(row: Row) -> list[Money | None]:
    """Return the cells of all amounts of a row, in its currency."""
    return [money(row[name], row["currency"]) for name in _AMOUNTS]


def money(amount: Decimal | None, currency: str | None) -> Money | None:
    """Return an amount, None if it is not known."""
    return None if amount is None else Money(amount, currency)


def currency_text(currency: str | None) -> str:
    """Return the code of a currency, or that there is none."""
    return currency or "no currency"
