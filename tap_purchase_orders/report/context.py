"""The context of one report: its moment, and what the user has asked for."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_OLD = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ReportContext:
    """When the report is written, how new the warehouse is, and what is wanted.

    Attributes:
        as_of: The moment that ages are counted to.
        is_now: Whether that is the moment at which the report is written.
        newest_row: When the newest row was read from its upstream; None without rows.
        since: The moment from which on changes are listed.
        purchase_orders: Numbers of purchase orders that must be on the page.
        supplier_names: Names of suppliers, by their ids.
    """

    as_of: dt.datetime
    is_now: bool
    newest_row: dt.datetime | None
    since: dt.datetime
    purchase_orders: Sequence[str] = ()
    supplier_names: Mapping[str, str] = field(default_factory=dict)

    @property
    def days_behind(self) -> int | None:
        """Whole days between the newest row and `as_of`, if they are worth a word."""
        if self.newest_row is None or self.as_of - self.newest_row < _OLD:
            return None
        return (self.as_of - self.newest_row).days

    def supplier(self, supplier_id: str | None) -> str:
        """Return how a supplier is called on the page: its name and its id."""
        if not supplier_id:
            return "no supplier"
        name = self.supplier_names.get(supplier_id)
        return f"{name} ({supplier_id})" if name else supplier_id
