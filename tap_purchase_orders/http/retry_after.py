"""Parses `Retry-After`."""

from __future__ import annotations

import datetime as dt
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def asked_wait_seconds(headers: Mapping[str, str]) -> float:
    """Return how long the header fields of an answer ask us to wait, 0 if they do not.

    Args:
        headers: The header fields, looked up in lower or upper case alike.
    """
    # A date is one of the server's clock, which may differ from ours.
    moment = http_date(headers.get("Date", "")) or dt.datetime.now(dt.UTC)
    return retry_after_seconds(headers.get("Retry-After", ""), moment)


def retry_after_seconds(value: str, moment: dt.datetime) -> float:
    """Return how long a server asks us to wait from a moment on, 0 if unreadable.

    Args:
        value: The header: a number of seconds, or an HTTP date.
        moment: The present by the server's clock.
    """
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value)
    until = http_date(value)
    return 0.0 if until is None else max(0.0, (until - moment).total_seconds())


# Many answers of a second bear the same.
@lru_cache(64)
def http_date(value: str) -> dt.datetime | None:
    """Return the moment of an HTTP date in UTC, none if it cannot be read."""
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    # `-0000` stands for UTC, and gives a moment without a zone.
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
