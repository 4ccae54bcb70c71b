"""Parses a query for its parameters, and refuses one that writes."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from tap_purchase_orders.number_sources.databases.dialects import (
    BACKSLASH_ESCAPES,
    HASH_COMMENTS,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

SINCE = "since"

# A colon within these is only a colon: texts, quoted names, and comments.
_TEXT = r"""
    (?<!\w)[eE]'(?:[^'\\]|\\.|'')*'
    | '(?:[^']|'')*'
    | "(?:[^"]|"")*"
"""
_TEXT_WITH_BACKSLASHES = r"""
    '(?:[^'\\]|\\.|'')*'
    | "(?:[^"\\]|\\.|"")*"
"""
_OTHER_QUOTED = r"""
    `[^`]*`
    | (?<![\w$])\$(?P<tag>\w*)\$.*?\$(?P=tag)\$
"""
_COMMENT = r"--[^\n]*|/\*.*?\*/"
_HASH_COMMENT = r"\#[^\n]*"
# A parameter may have a cast behind it. `a::text`, `12:30` and `\:since` are none.
_PARAMETER = r"(?<![:\w\\]):(?P<name>\w+)(?:(?P<cast>::)|(?![:\w]))"
# What SQLAlchemy takes for one.
_BARE_PARAMETER = re.compile(r"(?<![:\w\\]):(\w+)(?![:\w])")
# What ends one condition of a query, and begins another.
_CONDITION_ENDS = re.compile(
    r"\b(?:and|from|having|group|limit|on|or|order|select|union|when|where)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+")
_NAME_QUOTES = ('"', "`")
# What a query that reads never begins with. The database has the last word.
_WRITING = {
    *("alter", "create", "delete", "drop", "grant", "insert", "merge", "replace"),
    *("revoke", "truncate", "update"),
}


def parameters(query: str, dialect: str) -> set[str]:
    """Return the names of a query's parameters: `since` for `:since`.

    Args:
        query: The query.
        dialect: What SQLAlchemy calls the database, such as `mysql`.
    """
    return set(_parameters(query, dialect))


def writes(query: str, dialect: str) -> str | None:
    """Return the word that shows that a query is to change something, if one does."""
    first = re.match(rf"(?:\s|\(|{_comment(dialect)})*(\w*)", query, re.DOTALL)
    word = first[1] if first else ""
    return word.upper() if word.lower() in _WRITING else None


def sqlalchemy_text(query: str, dialect: str) -> str:
    """Return the query as `sqlalchemy.text` takes it, with no parameter but its own.

    SQLAlchemy looks for parameters in texts and comments too; there the colon is
    escaped, which takes the escape away again when the query is sent.
    """
    return _tokens(dialect).sub(_escaped, query)


def words_beside_since(query: str, dialect: str) -> set[str]:
    """Return the words of the conditions in which `:since` stands, in lower case.

    Comments and texts are left out.
    """
    bare = _tokens(dialect).sub(_without_texts, query)
    return {
        word
        for condition in _CONDITION_ENDS.split(bare)
        if SINCE in parameters(condition, dialect)
        for word in _WORD.findall(condition.lower())
    }


def words(query: str) -> set[str]:
    """Return all words of a query, in lower case."""
    return set(_WORD.findall(query.lower()))


@cache
def _tokens(dialect: str) -> re.Pattern[str]:
    has_escapes = dialect in BACKSLASH_ESCAPES
    text = _TEXT_WITH_BACKSLASHES if has_escapes else _TEXT
    return re.compile(
        f"(?P<comment>{_comment(dialect)})|(?P<quoted>{text}|{_OTHER_QUOTED})"
        f"|{_PARAMETER}",
        re.DOTALL | re.VERBOSE,
    )


def _comment(dialect: str) -> str:
    return f"{_COMMENT}|{_HASH_COMMENT}" if dialect in HASH_COMMENTS else _COMMENT


def _parameters(query: str, dialect: str) -> Iterator[str]:
    for token in _tokens(dialect).finditer(query):
        if token["name"] is not None:
            yield token["name"]


def _without_texts(token: re.Match[str]) -> str:
    is_kept = token["name"] is not None or token[0].startswith(_NAME_QUOTES)
    return token[0] if is_kept else " "


def _escaped(token: re.Match[str]) -> str:
    if token["name"] is None:
        return _BARE_PARAMETER.sub(r"\\:\1", token[0])
    # With colons behind it, SQLAlchemy would take it for none.
    return f":{token['name']}\\:\\:" if token["cast"] else token[0]
