"""Texts in a list of numbers that are no numbers: nulls, errors, rounded digits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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
# An odd text that can be printed has a blank at an end, is a null, or has one of the
# other signs.
_SIGNS_OF_NULL = (b"n", b"N")
_SIGNS_OF_ODD = (b"+", b".", b",", b"=", b"#")
_CONTROLS = bytes({*range(0x20), 0x7F})


class OddTextError(Exception):
    """A text of which nobody can tell which number it is; the message says why."""


def are_plain(texts: Sequence[str], joined: bytes | None = None) -> bool:
    """Return whether texts are numbers as they stand, without blanks around them.

    It takes a fraction of the time of looking at each.

    Args:
        texts: The texts.
        joined: The texts one behind the other in UTF-8, where somebody has that.
    """
    if not all(texts):
        return False
    if joined is None:
        joined = "".join(texts).encode("utf-8", "surrogatepass")
    if joined.isascii():
        # It takes a sixth of the time of `isprintable`.
        is_printable = len(joined.translate(None, _CONTROLS)) == len(joined)
    else:
        is_printable = all(map(str.isprintable, texts))
    return is_printable and not (
        (b" " in joined and any(map(_has_blanks_around, texts)))
        or (_has_any(joined, _SIGNS_OF_NULL) and any(map(_is_null, texts)))
        or (_has_any(joined, _SIGNS_OF_ODD) and any(map(_MAY_BE_ODD.fullmatch, texts)))
    )


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
    if _is_null(text):
        return None
    for pattern, why in _REFUSED:
        if pattern.fullmatch(text):
            raise OddTextError(why)
    return text


def _has_any(joined: bytes, signs: Iterable[bytes]) -> bool:
    return any(sign in joined for sign in signs)


def _has_blanks_around(text: str) -> bool:
    # All that can be printed is no blank but this one.
    return text[0] == " " or text[-1] == " "


def _is_null(text: str) -> bool:
    return len(text) <= _LONGEST_NULL and text.lower() in _NULLS


_MAY_BE_ODD = re.compile(
    "|".join([*(pattern.pattern for pattern, _ in _REFUSED), _FORMULA.pattern])
)
