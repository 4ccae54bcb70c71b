"""Parses a query for its parameters, and refuses one that writes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SINCE = "since"

# A colon within these is only a colon: texts, quoted names, and comments.
_QUOTED = r"""
    (?<!\w)[eE]'(?:[^'\\]|\\.|'')*'
    | '(?:[^']|'')*'
    | "(?:[^"]|"")*"
    | `[^`]*`
    | (?<![\w$])\$(?P<tag>\w*)\$.*?\$(?P=tag)\$
"""
_COMMENT = r"--[^\n]*|/\*.*?\*/"
# As SQLAlchemy sees them: `a::text`, `12:30` and `\:since` are none.
_PARAMETER = re.compile(r"(?<![:\w\\]):(\w+)(?![:\w])")
_TOKEN = re.compile(
    f"(?P<comment>{_COMMENT})|(?P<quoted>{_QUOTED})|{_PARAMETER.pattern}",
    re.DOTALL | re.VERBOSE,
)
_FIRST_WORD = re.compile(rf"(?:\s|\(|{_COMMENT})*(\w*)", re.DOTALL)
# What a query that reads never begins with. The database has the last word.
_WRITING = {
    *("alter", "create", "delete", "drop", "grant", "insert", "merge", "replace"),
    *("revoke", "truncate", "update"),
}


def parameters(query: str) -> set[str]:
    """Return the names of a query's parameters: `since` for `:since`."""
    return set(_parameters(query))


def writes(query: str) -> str | None:
    """Return the word that shows that a query is to change something, if one does."""
    first = _FIRST_WORD.match(query)
    word = first[1] if first else ""
    return word.upper() if word.lower() in _WRITING else None


def sqlalchemy_text(query: str) -> str:
    """Return the query as `sqlalchemy.text` takes it, with no parameter but its own.

    SQLAlchemy looks for parameters in texts and comments too; there the colon is
    escaped, which takes the escape away again when the query is sent.
    """
    return _TOKEN.sub(_escaped, query)


def _parameters(query: str) -> Iterator[str]:
    for token in _TOKEN.finditer(query):
        if (name := token[token.re.groups]) is not None:
            yield name


def _escaped(token: re.Match[str]) -> str:
    if token["comment"] is None and token["quoted"] is None:
        return token[0]
    return _PARAMETER.sub(r"\\:\1", token[0])
