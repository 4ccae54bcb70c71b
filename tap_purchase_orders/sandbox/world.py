"""The seed and the size of the sandbox's world."""

from __future__ import annotations

from dataclasses import dataclass

from tap_purchase_orders.sandbox.seeded_random import Draws, guid_of, index_of


@dataclass(frozen=True, slots=True)
class World:
    """Everything the sandbox shows is a function of this and of its clock.

    Nothing is kept: a customer, an order, a purchase order is worked out when it is
    asked for, so a world of any size starts at once.

    Attributes:
        seed: Worlds of different seeds have nothing in common.
        epoch: The instant around which things happen: uploads are waiting then, and
            orders are made up for one year after it.
        customers: How many customers the partner has.
        without_relationship: How many of the last of them have no reseller
            relationship, so that their orders are refused.
        orders_per_customer: How many orders a customer has on average at the epoch.
        lines_per_order: How many line items an order has on average.
        purchase_orders: How many purchase orders AppZen knows.
        lines_per_purchase_order: How many lines a purchase order has on average.
        invoices: How many invoices AppZen knows.
        odd_rate: The share of records with oddities that the documents show.
    """

    seed: int
    epoch: int
    customers: int
    without_relationship: int
    orders_per_customer: int
    lines_per_order: int
    purchase_orders: int
    lines_per_purchase_order: int
    invoices: int
    odd_rate: float

    def draws(self, *path: int | str) -> Draws:
        """Return the draws for one thing of this world."""
        return Draws(self.seed, *path)

    def is_odd(self, *path: int | str) -> bool:
        """Return whether one thing of this world has oddities."""
        return bool(self.odd_rate) and self.draws("odd", *path).chance(self.odd_rate)

    def customer_id(self, index: int) -> str:
        """Return the identifier of a customer, counted from 0."""
        return guid_of(self.seed, "customer", index)

    def customer_index(self, customer_id: str) -> int | None:
        """Return which customer an identifier names, or None if there is none."""
        index = index_of(self.seed, "customer", customer_id)
        return index if index is not None and index < self.customers else None

    def has_relationship(self, customer: int) -> bool:
        """Return whether the partner is a reseller of a customer."""
        return customer < self.customers - self.without_relationship
