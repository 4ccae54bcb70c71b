"""Decides which numbers can be written as received, and which are spelled anew."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Raw

from tap_purchase_orders.exact_json import ENCODER
from tap_purchase_orders.records.values import (
    UnreadableError,
    to_decimal_text,
    to_number,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tap_purchase_orders.config import DecimalType

# Of numbers without an exponent, and null.
_SIGNS_OF_NUMBERS = b"-0123456789.,nul"
_EXPONENTS = b"eE+"
# Begins what the other reading may spell with an exponent: it must not matter which of
# the two has read a number.
_ZEROS = b"0.000000"
_SMALL = re.compile(rb"0\.000000\d")
# Longer than that are only numbers that somebody should look at.
_LONGEST = 4000

_KEPT_NUMBERS = 4096


class Decimals:
    """Numbers as text that fits a type; safe on any thread.

    Args:
        decimal_type: The type.
    """

    def __init__(self, decimal_type: DecimalType) -> None:
        self._type = decimal_type
        # The same numbers come again and again.
        self._text = lru_cache(_KEPT_NUMBERS)(self._text_of)

    def check(self, sent: Iterable[Raw]) -> None:
        """Return if numbers, as they were sent, fit the type.

        Raises:
            UnreadableError: One does not.
        """
        for number in map(bytes, sent):
            self._text(number)

    def text(self, sent: Raw) -> Raw:
        """Return the JSON text of a number that fits, and null as it is."""
        return self._text(bytes(sent))

    def _text_of(self, sent: bytes) -> Raw:
        if sent == b"null":
            return Raw(sent)
        size = self._type.precision, self._type.scale
        return Raw(
            b'"%b"' % str(to_decimal_text(Decimal(sent.decode()), *size)).encode()
        )


def are_plain(sent: Sequence[Raw]) -> bool:
    """Return whether texts are numbers that both readings spell as they were sent."""
    together = b",%b," % ENCODER.encode(sent)[1:-1]
    others = together.translate(None, _SIGNS_OF_NUMBERS)
    # So many are looked at more closely only if one of them may be very long.
    is_short = len(together) <= _LONGEST or max(map(len, sent)) <= _LONGEST
    # Few are below zero: a single sign is found in no time.
    is_minus_zero = b"-" in together and b",-0," in together
    is_small = _ZEROS in together and _SMALL.search(together)
    if is_short and not is_minus_zero and not is_small:
        if not others:
            return True
        if not others.strip(_EXPONENTS):
            return all(map(_is_plain, _tokens_with(_EXPONENTS, together)))
    return all(map(_is_plain, {*together.split(b",")}))


def _tokens_with(signs: bytes, text: bytes) -> Iterator[bytes]:
    """Yield the parts between commas that have one of some signs."""
    for sign in filter(text.__contains__, signs):
        at = text.find(sign)
        while at >= 0:
            end = text.index(b",", at)
            yield text[text.rindex(b",", 0, at) + 1 : end]
            at = text.find(sign, end)


@lru_cache(_KEPT_NUMBERS)
def _is_plain(number: bytes) -> bool:
    if number in {b"", b"null"}:
        return True
    if number == b"-0":
        return False
    try:
        value = to_number(Decimal(number.decode()))
    except (InvalidOperation, UnreadableError):
        return False
    return str(value).encode() == number
