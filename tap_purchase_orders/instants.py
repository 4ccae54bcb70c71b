"""Parses and compares dates and date-times at full precision."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

_DATE_TIME = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})"
    # Later Pythons take hour 24 for the next day.
    r"(?:[Tt ](?P<time>(?:[01]\d|2[0-3]):\d{2}(?::\d{2})?)(?:[.,](?P<fraction>\d+))?"
    r"(?P<zone>[Zz]|[+-]\d{2}:?\d{2})?)?",
    re.ASCII,
)
_DAY_SECONDS = 86_400
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_LAST_SECOND = int((dt.datetime(9999, 12, 31, tzinfo=dt.UTC) - _EPOCH).total_seconds())
_FIRST_SECOND = int((dt.datetime(1, 1, 1, tzinfo=dt.UTC) - _EPOCH).total_seconds())


@dataclass(frozen=True, slots=True, order=True)
class Instant:
    """A moment at full precision, compared as a moment however it was written.

    Attributes:
        second: Whole seconds since 1970-01-01T00:00:00Z.
        fraction: Digits behind the decimal point, without trailing zeros, so that
            comparing the text compares the values.
        text: RFC 3339 in UTC with `Z`, with all the digits that were given.
    """

    second: int
    fraction: str
    text: str = field(compare=False)

    @property
    def moment(self) -> dt.datetime:
        """The moment in UTC, without digits beyond the microsecond."""
        microseconds = int(self.fraction[:6].ljust(6, "0"))
        return _EPOCH + dt.timedelta(seconds=self.second, microseconds=microseconds)

    def earlier(self, seconds: int) -> Instant:
        """Return the moment this many seconds before, within the years 1 to 9999."""
        return self.later(-seconds)

    def later(self, seconds: int) -> Instant:
        """Return the moment this many seconds after, within the years 1 to 9999."""
        second = min(max(self.second + seconds, _FIRST_SECOND), _LAST_SECOND)
        return Instant(second, self.fraction, _text(second, self.fraction))


def parse_instant(text: str) -> Instant:
    """Return the moment that a text names; without a zone it is UTC.

    Partner Center gives creation dates in UTC with 0 to 7 fractional digits, and on
    older orders with an offset (*Order resources*, and the samples of the order
    pages); term ends may come without a zone.

    Raises:
        ValueError: The text is not a date-time.
    """
    match = _DATE_TIME.fullmatch(text.strip())
    if match is None:
        msg = "not a date-time"
        raise ValueError(msg)
    date, time, fraction, zone = match.groups()
    if time is None:
        time = "00:00:00"
    elif len(time) < len("00:00:00"):
        if fraction is not None:
            msg = "not a date-time"
            raise ValueError(msg)
        time = f"{time}:00"
    # A leap second has no place on the scale of seconds that UTC is counted in here.
    since = dt.datetime.fromisoformat(f"{date}T{time}+00:00") - _EPOCH
    second = since.days * _DAY_SECONDS + since.seconds
    digits = fraction or ""
    if zone is not None and zone not in "Zz" and (offset := _offset_seconds(zone)):
        second -= offset
        return Instant(second, digits.rstrip("0"), _text(second, digits))
    # It is in UTC already: what was given needs no calendar.
    end = f".{digits}Z" if digits else "Z"
    return Instant(second, digits.rstrip("0"), f"{date}T{time}{end}")


# The same dates come again and again, and each is needed more than once.
@lru_cache(4096)
def instant_of_text(text: str) -> Instant | None:
    """Return the moment that a text names, none if it does not name one."""
    try:
        return parse_instant(text)
    except ValueError:
        return None


def instant_or_none(value: Any) -> Instant | None:
    """Return the moment of any JSON value, none if it does not name one."""
    return instant_of_text(value) if isinstance(value, str) else None


def instant_of(moment: dt.datetime) -> Instant:
    """Return the instant of a zoned datetime, to the microsecond."""
    since = moment - _EPOCH
    digits = f"{since.microseconds:06}"
    second = since.days * _DAY_SECONDS + since.seconds
    text = f"{moment.astimezone(dt.UTC).isoformat()[:19]}.{digits}Z"
    return Instant(second, digits.rstrip("0"), text)


def instant_at(second: int) -> Instant:
    """Return the instant of a whole second since 1970, within the years 1 to 9999."""
    return Instant(0, "", "").later(second)


def _offset_seconds(zone: str) -> int:
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    if hours > 23 or minutes > 59:  # noqa: PLR2004  # a clock's
        msg = "not an offset from UTC"
        raise ValueError(msg)
    seconds = hours * 3600 + minutes * 60
    return -seconds if zone[0] == "-" else seconds


def _text(second: int, digits: str) -> str:
    try:
        moment = _EPOCH + dt.timedelta(seconds=second)
    except OverflowError as error:
        msg = "outside the years 1 to 9999 in UTC"
        raise ValueError(msg) from error
    fraction = f".{digits}" if digits else ""
    return f"{moment.isoformat()[:19]}{fraction}Z"
