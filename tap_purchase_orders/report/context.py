"""The context of one report: its moment and its upstreams."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

_OLD = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ReportContext:
    """When the report is written, and how new the warehouse is.

    Attributes:
        as_of: The moment that ages are counted to.
        is_now: Whether that is the moment at which the report is written.
        newest_row: When the newest row was read from its upstream; None without rows.
    """

    as_of: dt.datetime
    is_now: bool
    newest_row: dt.datetime | None

    @property
    def days_behind(self) -> int | None:
        """Whole days between the newest row and `as_of`, if they are worth a word."""
        if self.newest_row is None or self.as_of - self.newest_row < _OLD:
            return None
        return (self.as_of - self.newest_row).days
