"""Texts in a list of numbers that are no numbers as they stand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# Nobody sees them, and no number has them: byte order marks within a file, zero-width
# blanks and joiners, and marks of the direction of the text.
_INVISIBLE = dict.fromkeys(
    (
        *(0xFEFF, 0x2060),
        *range(0x200B, 0x2010),
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
    )
)
# What programs write for a value that is not there.
_NULLS = frozenset(
    {"null", "(null)", "<null>", "none", "nan", "n/a", "#n/a", "\\n", "#n/a n/a"}
)
_LONGEST_NULL = max(map(len, _NULLS))
# `="0012"` is how a CSV file keeps a spreadsheet from making a number of a text.
_FORMULA = re.compile(r'="([^"]*)"')
_REFUSED = (
    (
        re.compile(r"[-+]?\d+(?:[.,]\d+)?[Ee]\+\d+"),
        "a spreadsheet has rounded it; its digits are lost",
    ),
    (re.compile(r"\d+[.,]0+"), "a program has made a number with a fraction of it"),
    (re.compile(r"#(?:REF|VALUE|NAME|NUM|NULL|DIV/0)[!?]"), "a formula has failed"),
)
# Every odd text has one of these, or cannot be printed.
_SIGNS_OF_ODD = (" ", "+", ".", ",", "=", "#", "\\", "n", "N")
_BETWEEN = "\n"
_CONTROLS = bytes({*range(0x20), 0x7F} - {ord(_BETWEEN)})


class OddTextError(Exception):
    """A text of which nobody can tell which number it is; the message says why."""


def are_plain(texts: Sequence[str], line: str | None = None) -> bool:
    """Return whether texts are numbers as they stand, without blanks around them.

    It takes a fraction of the time of looking at each.

    Args:
        texts: The texts.
        line: The texts with line feeds between them, where somebody has that.
    """
    line = _BETWEEN.join(texts) if line is None else line
    if not all(texts) or line.count(_BETWEEN) != len(texts) - 1:
        return False
    if line.isascii():
        # It takes a sixth of the time of `isprintable`.
        known = line.encode()
        is_printable = len(known.translate(None, _CONTROLS)) == len(known)
    else:
        is_printable = all(map(str.isprintable, texts))
    if not is_printable:
        return False
    has_signs = any(sign in line for sign in _SIGNS_OF_ODD)
    return not (has_signs and any(map(_may_be_odd, texts)))


def number_in(text: str) -> str | None:
    """Return the number that a text stands for, none for one that stands for null.

    Raises:
        OddTextError: That cannot be told.
    """
    if not text.isprintable():
        text = text.translate(_INVISIBLE)
    text = text.strip()
    if not text.isprintable():
        sign = next(sign for sign in text if not sign.isprintable())
        msg = f"it has the character U+{ord(sign):04X} in it, which nobody can see"
        raise OddTextError(msg)
    if formula := _FORMULA.fullmatch(text):
        text = formula[1].strip()
    if len(text) <= _LONGEST_NULL and text.lower() in _NULLS:
        return None
    for pattern, why in _REFUSED:
        if pattern.fullmatch(text):
            raise OddTextError(why)
    return text


def _may_be_odd(text: str) -> bool:
    return text != text.strip() or _MAY_BE_ODD.fullmatch(text) is not None


_MAY_BE_ODD = re.compile(
    "|".join(
        [
            *(re.escape(null) for null in _NULLS),
            *(pattern.pattern for pattern, _ in _REFUSED),
            _FORMULA.pattern,
        ]
    ),
    re.IGNORECASE,
)
