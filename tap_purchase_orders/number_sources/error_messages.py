"""Error messages for sources that cannot be read; each names the setting."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus, unquote

from tap_purchase_orders.errors import SourceError
from tap_purchase_orders.number_sources.source import SECTION
from tap_purchase_orders.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

_MASK = "***"
_LONGEST_WORDS = 300


def source_error(problem: str, key: str) -> SourceError:
    """Return the error that says what is the matter with a key of the section."""
    return SourceError(f"AppZen: `{SECTION}.{key}`: {one_line(problem)}")


def in_words(error: BaseException, hidden: Iterable[str] = ()) -> str:
    """Return the first line of what a library says, without what may not be shown.

    Args:
        error: Any error.
        hidden: Texts that may not be shown, in any of the ways in which a URL has them.
    """
    hidden = tuple(hidden)
    if isinstance(error, OSError) and error.strerror and error.errno:
        return error.strerror
    if isinstance(error, FileNotFoundError):
        # Storages put no more than the path into it, and fsspec makes one of whatever
        # happens to a request.
        cause = error.__cause__
        return in_words(cause, hidden) if cause else "there is no such file"
    if isinstance(error, EOFError):
        return "it is cut off"
    text = str(error).strip()
    for secret in hidden:
        spellings = {
            secret,
            unquote(secret),
            quote(secret, safe=""),
            quote_plus(secret),
        }
        for spelling in sorted(filter(None, spellings), key=len, reverse=True):
            text = text.replace(spelling, _MASK)
    lines = text.splitlines() or [type(error).__name__]
    # A heading alone says nothing.
    end = 2 if lines[0].endswith(":") else 1
    return one_line(" ".join(line.strip() for line in lines[:end]), _LONGEST_WORDS)
