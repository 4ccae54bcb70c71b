"""Parses `Retry-After`."""

from __future__ import annotations

import datetime as dt
import re
from email.utils import parsedate_tz
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_HOUR_SECONDS = 3600
_NUMBER = r"\d+(?:\.\d+)?\s*s?"
_NUMBERS = re.compile(rf"{_NUMBER}(?:\s*,\s*{_NUMBER})*", re.ASCII | re.IGNORECASE)
# What no server would have us wait in seconds: September 2001 as a Unix time.
_FIRST_UNIX_TIME = 1e9
_FIRST_UNIX_TIME_IN_MILLISECONDS = 1e12
_LONGEST_UNTIL_SECONDS = 366 * 24 * _HOUR_SECONDS
_ZONE = re.compile(r"\d[ \t]+([A-Za-z]+)[ \t]*$")
# Names that mean one offset only, by RFC 9110, by RFC 5322 and on servers in Europe.
_ZONE_HOURS = {
    **dict.fromkeys(("GMT", "UTC", "UT", "Z", "WET"), 0.0),
    **dict.fromkeys(("CET", "MET", "WEST"), 1.0),
    **dict.fromkeys(("CEST", "MEST", "EET"), 2.0),
    **dict.fromkeys(("EEST", "MSK"), 3.0),
    "EDT": -4.0,
    "EST": -5.0,
    "CDT": -5.0,
    "CST": -6.0,
    "MDT": -6.0,
    "MST": -7.0,
    "PDT": -7.0,
    "PST": -8.0,
    "JST": 9.0,
}


def asked_wait_seconds(headers: Mapping[str, str]) -> float:
    """Return how long the header fields of a response ask us to wait, 0 if they do not.

    Args:
        headers: The header fields, looked up in lower or upper case alike.
    """
    # A date is one of the server's clock, which may differ from ours.
    moment = http_date(headers.get("Date", "")) or dt.datetime.now(dt.UTC)
    return retry_after_seconds(headers.get("Retry-After", ""), moment)


def retry_after_seconds(value: str, moment: dt.datetime) -> float:
    """Return how long a server asks us to wait from a moment on, 0 if unreadable.

    Args:
        value: The header: a number of seconds, or an HTTP date. What servers send
            beside the standard is read where it can mean only one thing: fractions, a
            unit behind the number, the header twice, a Unix time, an ISO 8601 date.
        moment: The present by the server's clock.
    """
    value = value.strip()
    if _NUMBERS.fullmatch(value):
        # A header sent twice arrives as one list; the longest wait is safe.
        return max(_seconds(part, moment) for part in value.split(","))
    until = http_date(value) or _iso_date(value)
    return 0.0 if until is None else max(0.0, (until - moment).total_seconds())


def _seconds(text: str, moment: dt.datetime) -> float:
    number = float(text.strip().rstrip("sS "))
    if number < _FIRST_UNIX_TIME:
        return number
    if number >= _FIRST_UNIX_TIME_IN_MILLISECONDS:
        number /= 1000
    wait = number - moment.timestamp()
    # Else it is a very long time, and no moment.
    return max(0.0, wait) if wait < _LONGEST_UNTIL_SECONDS else number


# Many responses have the same date.
@lru_cache(64)
def http_date(value: str) -> dt.datetime | None:
    """Return the moment of an HTTP date in UTC, none if it cannot be read.

    All three forms of RFC 9110 are read (*Date/Time Formats*), and zones beside GMT
    that they should not have. A date in an unknown zone is not read.
    """
    parts = parsedate_tz(value)
    if parts is None:
        return None
    offset = parts[9]
    if (zone := _ZONE.search(value)) is not None:
        name = zone[1].upper()
        if name not in _ZONE_HOURS:
            return None
        offset = round(_ZONE_HOURS[name] * _HOUR_SECONDS)
    try:
        # One without a zone, such as that of `asctime`, is in UTC.
        zoned = dt.datetime(*parts[:6], tzinfo=dt.UTC)
        return zoned - dt.timedelta(seconds=offset or 0)
    except (ValueError, OverflowError):
        return None


def _iso_date(value: str) -> dt.datetime | None:
    try:
        moment = dt.datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
