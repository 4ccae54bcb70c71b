"""Instants, and the forms in which the two APIs write them.

An instant is a whole number of ticks of 100 nanoseconds since 1970 in UTC: the
precision with which Partner Center writes its dates.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

TICKS_PER_SECOND = 10_000_000
MINUTE = 60 * TICKS_PER_SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_TICKS_PER_MILLISECOND = TICKS_PER_SECOND // 1000
# Only the look of old orders depends on it; so the months do, not the exact days.
_SUMMER_TIME_MONTHS = range(4, 11)


def ticks_of(moment: datetime) -> int:
    """Return the instant of a date-time that has a zone."""
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    seconds = since.days * 86400 + since.seconds
    return seconds * TICKS_PER_SECOND + since.microseconds * 10


def parse_instant(text: str) -> int:
    """Return the instant of an ISO 8601 date or date-time; without a zone it is UTC.

    Raises:
        ValueError: The text is neither.
    """
    moment = datetime.fromisoformat(text)
    return ticks_of(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def moment_of(ticks: int) -> datetime:
    """Return the instant as a date-time in UTC, cut to whole seconds."""
    return datetime.fromtimestamp(ticks // TICKS_PER_SECOND, UTC)


def date_text(ticks: int) -> str:
    """Return the day: `2020-11-01`."""
    return f"{moment_of(ticks):%Y-%m-%d}"


def utc_text(ticks: int) -> str:
    """Return `2022-03-08T17:38:57.5217119Z`, zeros at the end of the fraction dropped.

    The form of modern orders, with none to seven digits of fraction.
    """
    fraction = f"{ticks % TICKS_PER_SECOND:07d}".rstrip("0")
    return f"{moment_of(ticks):%Y-%m-%dT%H:%M:%S}{fraction and '.' + fraction}Z"


def offset_text(ticks: int) -> str:
    """Return `2018-03-06T17:37:05.253-08:00`, as orders of the older kind have it.

    Partner Center, *Get all of a customer's orders*: local time of the west coast of
    the United States, two or three digits of fraction.
    """
    summer = moment_of(ticks).month in _SUMMER_TIME_MONTHS
    hours = 7 if summer else 8
    local = moment_of(ticks) - timedelta(hours=hours)
    return f"{local:%Y-%m-%dT%H:%M:%S}.{_milliseconds(ticks)}-{hours:02d}:00"


def zero_offset_text(ticks: int) -> str:
    """Return `2020-03-25T22:24:34.59+00:00`, as later orders of the older kind."""
    moment = moment_of(ticks)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{_milliseconds(ticks)}+00:00"


def error_text(ticks: int) -> str:
    """Return `2023-01-15T16:12:45.977+0000`, the time stamp of AppZen's errors."""
    return f"{_to_milliseconds(ticks)}+0000"


def millisecond_text(ticks: int) -> str:
    """Return `2021-06-16T18:53:38.603Z`, the form of AppZen's processing times."""
    return f"{_to_milliseconds(ticks)}Z"


def whole_milliseconds(ticks: int) -> int:
    """Return the instant without what is finer than a millisecond."""
    return ticks - ticks % _TICKS_PER_MILLISECOND


def _to_milliseconds(ticks: int) -> str:
    milliseconds = ticks % TICKS_PER_SECOND // _TICKS_PER_MILLISECOND
    return f"{moment_of(ticks):%Y-%m-%dT%H:%M:%S}.{milliseconds:03d}"


def _milliseconds(ticks: int) -> str:
    digits = f"{ticks % TICKS_PER_SECOND // _TICKS_PER_MILLISECOND:03d}"
    return digits.removesuffix("0")
