"""Reads purchase-order numbers from databases, by a query."""
