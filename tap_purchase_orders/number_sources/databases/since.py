"""The value of `:since`: from when on a query looks for changes."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Literal

from tap_purchase_orders.number_sources.databases.sql_query import (
    words,
    words_beside_since,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_purchase_orders.number_sources.source import SourceContext

Kind = Literal["datetime", "date", "text"]
Value = dt.datetime | dt.date | str

# How late a transaction may commit, and how far the clock of the database may be behind
# that of the tap. Invoices are looked for in the same way.
OVERLAP_SECONDS = 900
# Where there is neither an earlier run nor a `start_date`: before any purchase order.
_BEGINNING = dt.datetime(1900, 1, 1, tzinfo=dt.UTC)
_EARLIEST = dt.datetime.min.replace(tzinfo=dt.UTC)
# A day begins as much later than in UTC where it begins last.
_LATEST_DAY = dt.timedelta(hours=12)
# What makes a day of a moment within a query.
_DAY_WORDS = {"date", "date_trunc", "to_date", "trunc", "truncdate"}


def since_value(
    section: Mapping[str, Any], context: SourceContext, kind: Kind
) -> Value:
    """Return the value of `:since`.

    It is earlier than the start of the last finished run: changes that were committed
    late are found all the same. It is a whole second, for columns that have only these.

    Args:
        section: The settings of the source.
        context: The run that it is for.
        kind: What the query takes.
    """
    since = _BEGINNING
    if context.since is not None:
        since = context.since.astimezone(dt.UTC)
        seconds = section.get("since_overlap_seconds", OVERLAP_SECONDS)
        since = _earlier(since, dt.timedelta(seconds=seconds))
    since = since.replace(microsecond=0)
    if kind == "date":
        return _earlier(since, _LATEST_DAY).date()
    if kind == "datetime":
        return since
    # As a text, a second without a fraction is before the same one with it: so it is
    # that of the second before, whose spellings are all before those of this one.
    since = _earlier(since, dt.timedelta(seconds=1))
    return since.isoformat(timespec="microseconds").replace("+00:00", "Z")


def compares_days(
    query: str, dialect: str, columns: Iterable[tuple[str, str, str]]
) -> bool:
    """Return whether a query compares `:since` with days, as far as that shows.

    Args:
        query: The query.
        dialect: What SQLAlchemy calls the database.
        columns: What columns the database has: table, column and type of each.
    """
    beside, named = words_beside_since(query, dialect), words(query)
    return bool(beside & _DAY_WORDS) or any(
        kind.lower() == "date" and column.lower() in beside and table.lower() in named
        for table, column, kind in columns
    )


def _earlier(moment: dt.datetime, time: dt.timedelta) -> dt.datetime:
    return moment - min(time, moment - _EARLIEST)
