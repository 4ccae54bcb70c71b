from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.dialects.sqlite import dialect

from tap_purchase_orders.number_sources.sql_query import (
    parameters,
    sqlalchemy_text,
    writes,
)

# What may hold a colon that is only a colon; each is whole.
COLONS = [
    "':since'",
    "'it''s :since'",
    r"E'it\'s :since'",
    '"a :since"',
    '"a ""b"" :since"',
    "`:since`",
    "$$ :since $$",
    "$t$ :since $$ :since $t$",
    "-- :since\n",
    "-- it's :since\n",
    "/* :since\n' */",
    "a::since",
    "'12:30:00'",
    "a[1:2]",
    "a:since",
    r"\:since",
    "$1",
    "'%'",
]


def sent(query: str) -> str:
    """Return a query as SQLAlchemy sends it, with ? for each parameter."""
    return str(text(sqlalchemy_text(query)).compile(dialect=dialect()))


@given(st.lists(st.sampled_from(COLONS), max_size=6))
def test_a_colon_that_is_only_one_is_no_parameter_and_is_sent_as_it_is(
    parts: list[str],
) -> None:
    query = " , ".join(["SELECT 1", *parts, ""])

    assert parameters(query) == set()
    assert sent(query) == query.replace(r"\:", ":")


@given(st.lists(st.sampled_from([*COLONS, ":since"]), max_size=6))
def test_since_is_a_parameter_wherever_it_stands_by_itself(parts: list[str]) -> None:
    query = " , ".join(["SELECT n FROM po WHERE x >= :since", *parts, ""])

    assert parameters(query) == {"since"}
    assert sent(query).count("?") == 1 + parts.count(":since")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT 1 WHERE a>=:since", {"since"}),
        ("SELECT 1 WHERE a>=(:since)::timestamptz", {"since"}),
        ("SELECT :Since, :until", {"Since", "until"}),
        ("SELECT a[:2]", {"2"}),
        ("SELECT 'not closed :since", {"since"}),
    ],
)
def test_parameters_are_found_by_name(query: str, expected: set[str]) -> None:
    assert parameters(query) == expected


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("UPDATE po SET n = 1", "UPDATE"),
        (" -- all of them\n/* ! */ (delete from po)", "DELETE"),
        ("select update_date from po", None),
        ("WITH a AS (SELECT 1) SELECT * FROM a", None),
        ("VALUES ('1')", None),
        ("", None),
    ],
)
def test_what_begins_with_writing_is_told(query: str, word: str | None) -> None:
    assert writes(query) == word


@given(st.text("a:'\"$`-/*[]\\\n since", max_size=30))
def test_any_query_can_be_looked_at(query: str) -> None:
    assert parameters(query) is not None
    sent(query.replace("?", ""))
