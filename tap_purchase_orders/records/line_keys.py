"""Keys of purchase-order lines: never null, and unique within a purchase order."""

from __future__ import annotations

import re
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from typing import TYPE_CHECKING, Any

from tap_purchase_orders.exact_json import ENCODER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from msgspec import Raw, UnsetType

# Beyond this a number is spelled with its exponent instead of all its zeros.
_MOST_DIGITS = 100
# Longer texts are no numbers, and too long for an index of PostgreSQL (2,704 bytes).
_LONGEST_TEXT = 500
# As most lines have.
_WHOLE_NUMBERS = re.compile(r"[1-9][0-9]{0,17}(?:,[1-9][0-9]{0,17})*")


class LineKeys:
    """Gives the lines of one purchase order their keys, in their order."""

    def __init__(self) -> None:
        self._used: set[str] = set()
        self._repeats: dict[str, int] = {}

    def key(self, number: Any, line_id: str | None, position: int) -> tuple[str, bool]:
        """Return the key of a line, and whether the line is irregular.

        AppZen's receipts and invoices name a line by its number (Swagger 2.0.3), but
        nothing says that numbers are there, or unique: so a line without one is known
        by its id, else by its position, and one that repeats a key gets a suffix.

        Args:
            number: `line_number` as it was sent: a number, text, or anything else.
            line_id: `po_line_id` as text.
            position: The line's place in its purchase order, counted from 1.
        """
        key, is_irregular = _natural_key(number, line_id, position)
        unique, repeat = key, self._repeats.get(key, 1)
        while unique in self._used:
            repeat += 1
            unique = f"{key}#{repeat}"
        self._used.add(unique)
        self._repeats[key] = repeat
        return unique, is_irregular or unique != key


def keys_of_whole_numbers(numbers: Sequence[Raw | UnsetType | None]) -> list[str]:
    """Return the keys of lines that `LineKeys` would give them; none if it must.

    Args:
        numbers: Their numbers as they were sent.
    """
    if not all(numbers):
        return []
    text = ENCODER.encode(numbers)[1:-1].decode()
    keys = text.split(",")
    are_usable = len(set(keys)) == len(numbers) and _WHOLE_NUMBERS.fullmatch(text)
    return keys if are_usable else []


def _natural_key(number: Any, line_id: str | None, position: int) -> tuple[str, bool]:
    if isinstance(number, str) and _is_usable(number):
        return number, False
    if isinstance(number, int | Decimal) and not isinstance(number, bool):
        return canonical_number(number), False
    if line_id is not None and _is_usable(line_id):
        return f"id:{line_id}", True
    return f"row:{position}", True


def _is_usable(text: str) -> bool:
    return bool(text.strip()) and len(text) <= _LONGEST_TEXT


def canonical_number(number: int | Decimal) -> str:
    """Return the one text of a number: 1 and 1.0 are `1`, 6.10 is `6.1`."""
    value = Decimal(number)
    if not value:
        return "0"
    digits = len(value.as_tuple().digits)
    value = value.normalize(Context(prec=digits, Emax=MAX_EMAX, Emin=MIN_EMIN))
    spelling = "f" if abs(value.adjusted()) <= _MOST_DIGITS else "E"
    return f"{value:{spelling}}"
