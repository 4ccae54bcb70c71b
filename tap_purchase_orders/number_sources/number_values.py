"""Converts values of files and databases to purchase-order numbers, exactly."""

from __future__ import annotations

import logging
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tap_purchase_orders.number_sources.odd_numbers import (
    OddTextError,
    are_plain,
    number_in,
)
from tap_purchase_orders.number_sources.source import SECTION

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tap_purchase_orders.errors import SourceError

# A double has every whole number below it; there, it may stand for its neighbours.
DOUBLE_EXACT_UP_TO = 2**53
# Enough for any float; it bounds what an exponent can grow to.
_MOST_DIGITS = 400

logger = logging.getLogger(__name__)


class NumberColumn:
    """The column that holds the numbers; it turns its values into text.

    Args:
        name: What messages call it.
        refusal: Returns the error for a value that is no number, from the words for it.
        is_verbatim: Texts are taken as they stand, whatever they look like.

    Attributes:
        exact_up_to: Up to where the column can tell whole numbers of floating point
            apart.
    """

    def __init__(
        self,
        name: str,
        refusal: Callable[[str], SourceError],
        *,
        is_verbatim: bool = False,
    ) -> None:
        self.exact_up_to = DOUBLE_EXACT_UP_TO
        self._name = name
        self._refusal = refusal
        self._is_verbatim = is_verbatim
        self._nulls = 0
        self._is_numeric = False
        self._cleaned = 0
        self._first_cleaned = 0

    def text(self, value: Any, row: int) -> str | None:
        """Return a value as text, and none for one that is null.

        Text stays as it is. Of a number all digits are kept, without an exponent, and
        without a point where it is whole: 123.0 is `123`.

        Args:
            value: The value.
            row: Which row it stands in, counted from 1.

        Raises:
            SourceError: It is neither text nor a number, or one of floating point that
                is too large to be exact.
        """
        if isinstance(value, str):
            return value
        if value is None:
            self.null()
            return None
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            kind = type(value).__name__
            words = f"holds a value of type {kind}, not text"
            raise self.refused(words, row)
        if math.isnan(value):
            # What a column of numbers has for null where its type has none.
            self.null()
            return None
        if isinstance(value, float) and not abs(value) < self.exact_up_to:
            raise self.inexact(value, row)
        self.warn_of_numbers()
        return _digits(value)

    def numbers(
        self,
        texts: Sequence[str],
        row_of: Callable[[int], int],
        joined: bytes | None = None,
    ) -> list[str]:
        """Return the numbers that texts stand for, without the blanks around them.

        Args:
            texts: Texts of the column.
            row_of: Returns the row of the text in a position.
            joined: The texts one behind the other in UTF-8, where somebody has that.

        Raises:
            SourceError: One of them has to be corrected first.
        """
        if self._is_verbatim:
            return [text.strip() for text in texts]
        if are_plain(texts, joined):
            return list(texts)
        numbers = []
        for position, text in enumerate(texts):
            number = self._number(text, position, row_of)
            if number is not None:
                numbers.append(number)
        return numbers

    def inexact(self, value: float, row: int) -> SourceError:
        """Return the error for a number of floating point that may be another one."""
        words = (
            f"holds {value:.0f} as a number of floating point, which cannot tell it "
            f"from its neighbours; have it as text"
        )
        return self.refused(words, row)

    def refused(self, words: str, row: int) -> SourceError:
        """Return the error for a value, from what is the matter with it."""
        return self._refusal(f"{self._name} in row {row} {words}")

    def null(self, count: int = 1) -> None:
        """Count rows that have no number."""
        self._nulls += count

    def warn_of_numbers(self) -> None:
        """Warn, once, that the column holds numbers."""
        if self._is_numeric:
            return
        self._is_numeric = True
        logger.warning(
            "AppZen: %s holds numbers, not text: leading zeros, if there were any, "
            "were lost before the tap could read them",
            self._name,
        )

    def end(self) -> None:
        """Say what was left out or changed, once all rows are read."""
        if self._nulls:
            logger.warning(
                "AppZen: rows left out since %s is null: %d", self._name, self._nulls
            )
        if self._cleaned:
            logger.warning(
                "AppZen: %s has numbers with invisible characters, or within "
                'formulas such as ="0012", which were taken away: %d, the first in '
                "row %d",
                self._name,
                self._cleaned,
                self._first_cleaned,
            )

    def _number(
        self, text: str, position: int, row_of: Callable[[int], int]
    ) -> str | None:
        try:
            number = number_in(text)
        except OddTextError as error:
            words = (
                f"holds {text.strip()!r}: {error}; correct it, or have "
                f"`{SECTION}.verbatim` as true if it is a number"
            )
            raise self.refused(words, row_of(position)) from error
        if number is None:
            self.null()
        elif number != text.strip():
            self._cleaned += 1
            self._first_cleaned = self._first_cleaned or row_of(position)
        return number


def _digits(value: float | Decimal) -> str:
    if isinstance(value, int):
        return str(value)
    number = value if isinstance(value, Decimal) else Decimal(repr(value))
    if not number.is_finite() or abs(number.adjusted()) > _MOST_DIGITS:
        return str(number)
    is_whole = number == number.to_integral_value()
    return str(int(number)) if is_whole else f"{number:f}"
