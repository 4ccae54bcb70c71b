"""Text from elsewhere, made safe to show on one line."""

from __future__ import annotations

import re

from tap_purchase_orders.exact_json import CUT_OFF

# Characters that move a terminal's cursor, end a line, or change the text direction.
_UNPRINTABLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)


def one_line(text: str, longest: int = 1000) -> str:
    """Return a text from elsewhere as one line, unprintable characters escaped.

    Args:
        text: Any text.
        longest: How many characters of it are enough.
    """
    shown = _UNPRINTABLE.sub(_spelled_out, text[:longest])
    return shown if len(text) <= longest else shown + CUT_OFF


def _spelled_out(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()
