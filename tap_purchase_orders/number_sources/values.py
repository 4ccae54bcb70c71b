"""Converts values of files and databases to purchase-order numbers, exactly."""

from __future__ import annotations

import logging
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_purchase_orders.errors import SourceError

# Enough for any float; it bounds what an exponent can grow to.
_MOST_DIGITS = 400

logger = logging.getLogger(__name__)


class NumberColumn:
    """The column that holds the numbers; it turns its values into text.

    Args:
        name: What messages call it.
        refusal: Returns the error for a value that is no number, from the words for it.
    """

    def __init__(self, name: str, refusal: Callable[[str], SourceError]) -> None:
        self._name = name
        self._refusal = refusal
        self._nulls = 0
        self._is_numeric = False

    def text(self, value: Any, row: int) -> str | None:
        """Return a value as text, and none for one that is null.

        Text stays as it is. Of a number all digits are kept, without an exponent, and
        without a point where it is whole: 123.0 is `123`.

        Args:
            value: The value.
            row: Which row it stands in, counted from 1.

        Raises:
            SourceError: It is neither text nor a number.
        """
        if isinstance(value, str):
            return value
        if value is None:
            self.null()
            return None
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            kind = type(value).__name__
            msg = f"{self._name} holds a value of type {kind} in row {row}, not text"
            raise self._refusal(msg)
        if math.isnan(value):
            # What a column of numbers has for null where its type has none.
            self.null()
            return None
        self.warn_of_numbers()
        return _digits(value)

    def null(self) -> None:
        """Count a row that has no number."""
        self._nulls += 1

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
        """Say what was left out, once all rows are read."""
        if self._nulls:
            logger.warning(
                "AppZen: rows left out since %s is null: %d", self._name, self._nulls
            )


def _digits(value: float | Decimal) -> str:
    if isinstance(value, int):
        return str(value)
    number = value if isinstance(value, Decimal) else Decimal(repr(value))
    if not number.is_finite() or abs(number.adjusted()) > _MOST_DIGITS:
        return str(number)
    is_whole = number == number.to_integral_value()
    return str(int(number)) if is_whole else f"{number:f}"
