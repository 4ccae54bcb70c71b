"""Converts single JSON values to the types of their fields, losslessly."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal, InvalidOperation
from typing import Any

from tap_purchase_orders.instants import instant_of_text

_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_BOOLEANS = {"true": True, "false": False}
# What no common warehouse's column of such numbers holds: one such value would end the
# whole load. PostgreSQL's `bigint` and `numeric` hold the most.
_WHOLE = range(-(2**63), 2**63)
_MOST_WHOLE_DIGITS = 131_072
_MOST_FRACTION_DIGITS = 16_383
# A number of more digits is nonsense where it would be spelled out in full.
_MOST_DIGITS = 400


class UnreadableError(ValueError):
    """A value is not one of its field's type, and cannot be made one losslessly."""


def to_text(value: Any) -> str:
    """Return a value as text; numbers keep their digits, blank text stays blank."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal) and len(text := str(value)) <= _MOST_DIGITS:
        return text
    raise UnreadableError


def to_number(value: Any) -> int | Decimal | None:
    """Return a value as an exact number with all its digits; blank text is none."""
    if isinstance(value, bool):
        raise UnreadableError
    if isinstance(value, int | Decimal):
        return _that_fits(value)
    if not isinstance(value, str):
        raise UnreadableError
    text = value.strip()
    if not text:
        return None
    if not _NUMBER.fullmatch(text):
        raise UnreadableError
    try:
        return _that_fits(Decimal(text))
    except InvalidOperation as error:
        # An exponent beyond all bounds.
        raise UnreadableError from error


def to_decimal_text(value: Any, precision: int, scale: int) -> str | None:
    """Return a value as the text of an exact number with all its digits.

    It is spelled without an exponent, which not every warehouse reads; blank text is
    none.

    Args:
        value: The value.
        precision: The most digits that it may have, zeros at its ends apart.
        scale: The most of them that may stand behind the point.
    """
    number = to_number(value)
    if number is None:
        return None
    exact = Decimal(number)
    _, digits, exponent = exact.as_tuple()
    zeros = next((n for n, digit in enumerate(reversed(digits)) if digit), None)
    # Of a zero there is nothing that could be too long.
    if zeros is not None and (
        -int(exponent) - zeros > scale or exact.adjusted() >= precision - scale
    ):
        raise UnreadableError
    return f"{exact:f}"


def to_integer(value: Any) -> int | None:
    """Return a value as a whole number; 5.0 is one, 5.5 is not."""
    number = to_number(value)
    if isinstance(number, Decimal):
        if number.adjusted() > _MOST_DIGITS or number != number.to_integral_value():
            raise UnreadableError
        number = int(number)
    if number is not None and number not in _WHOLE:
        raise UnreadableError
    return number


def _that_fits(number: int | Decimal) -> int | Decimal:
    """Return a number that a warehouse can hold.

    Raises:
        UnreadableError: It has too many digits for any.
    """
    if isinstance(number, int) and number in _WHOLE:
        return number
    value = Decimal(number)
    _, digits, exponent = value.as_tuple()
    # Values such as infinity have no number there, and are not read from JSON.
    has_too_many = isinstance(exponent, int) and exponent < -_MOST_FRACTION_DIGITS
    if has_too_many or len(digits) + max(0, int(exponent)) > _MOST_WHOLE_DIGITS:
        raise UnreadableError
    return number


def to_boolean(value: Any) -> bool | None:
    """Return a value as true or false: those words, or 1 and 0."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and value in {0, 1}:
        return bool(value)
    if isinstance(value, str):
        text = value.strip().lower()
        if not text:
            return None
        if text in _BOOLEANS:
            return _BOOLEANS[text]
    raise UnreadableError


def to_date(value: Any) -> str | None:
    """Return a value as a date, without a time of day; blank text is none."""
    if not isinstance(value, str):
        raise UnreadableError
    text = value.strip()
    if not text:
        return None
    if not _DATE.fullmatch(text):
        raise UnreadableError
    try:
        dt.date.fromisoformat(text)
    except ValueError as error:
        raise UnreadableError from error
    return text


def to_utc_day(value: Any) -> str | None:
    """Return the day in UTC of a date or of a date-time; blank text is none."""
    try:
        return to_date(value)
    except UnreadableError:
        text = to_date_time(value)
        return None if text is None else text[: len("2026-01-31")]


def to_date_time(value: Any) -> str | None:
    """Return a value as a date-time in UTC with all its digits; blank text is none."""
    if not isinstance(value, str):
        raise UnreadableError
    if not value.strip():
        return None
    instant = instant_of_text(value)
    if instant is None:
        raise UnreadableError
    return instant.text
