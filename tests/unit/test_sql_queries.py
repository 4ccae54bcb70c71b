from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.dialects.sqlite import dialect

from tap_purchase_orders.number_sources.databases.sql_query import (
    parameters,
    sqlalchemy_text,
    words_beside_since,
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
    return str(text(sqlalchemy_text(query, "postgresql")).compile(dialect=dialect()))


@given(st.lists(st.sampled_from(COLONS), max_size=6))
def test_a_colon_that_is_only_one_is_no_parameter_and_is_sent_as_it_is(
    parts: list[str],
) -> None:
    query = " , ".join(["SELECT 1", *parts, ""])

    assert parameters(query, "postgresql") == set()
    assert sent(query) == query.replace(r"\:", ":")


@given(st.lists(st.sampled_from([*COLONS, ":since"]), max_size=6))
def test_since_is_a_parameter_wherever_it_stands_by_itself(parts: list[str]) -> None:
    query = " , ".join(["SELECT n FROM po WHERE x >= :since", *parts, ""])

    assert parameters(query, "postgresql") == {"since"}
    assert sent(query).count("?") == 1 + parts.count(":since")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT 1 WHERE a>=:since", {"since"}),
        ("SELECT 1 WHERE a>=(:since)::timestamptz", {"since"}),
        ("SELECT 1 WHERE a>=:since::timestamptz", {"since"}),
        ("SELECT a #> '{b}' >= :since", {"since"}),
        ("SELECT :Since, :until", {"Since", "until"}),
        ("SELECT a[:2]", {"2"}),
        ("SELECT 'not closed :since", {"since"}),
    ],
)
def test_parameters_are_found_by_name(query: str, expected: set[str]) -> None:
    assert parameters(query, "postgresql") == expected


def test_a_parameter_may_have_a_cast_behind_it() -> None:
    assert sent("SELECT a::date >= :since::date") == "SELECT a::date >= ?::date"


@pytest.mark.parametrize(
    "query",
    [
        r"SELECT 'don\'t' WHERE a >= :since",
        r'SELECT "don\"t" WHERE a >= :since',
        "SELECT 1 # it's\n WHERE a >= :since",
        r"SELECT 'a\\' WHERE a >= :since AND b <> ':x'",
    ],
)
def test_mysql_escapes_with_backslashes_and_has_comments_of_its_own(query: str) -> None:
    assert parameters(query, "mysql") == {"since"}
    assert sqlalchemy_text(query, "mariadb").count(r"\:") == query.count("':")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT n FROM a WHERE a.day >= :since", {"a", "day", "since"}),
        ("WHERE x = 'day' AND \"Day\" > :since", {"day", "since"}),
        ("WHERE day > 1 AND at /* day */ > :since", {"at", "since"}),
        ("WHERE at > :since ORDER BY day", {"at", "since"}),
        ("WHERE a BETWEEN :since AND day", {"a", "between", "since"}),
        ("SELECT day", set()),
    ],
)
def test_words_beside_since_are_those_of_its_condition(
    query: str, expected: set[str]
) -> None:
    assert words_beside_since(query, "postgresql") == expected


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
def test_the_word_that_writes_in_a_query_is_found(query: str, word: str | None) -> None:
    assert writes(query, "postgresql") == word


@given(st.text("a:'\"$`-/*[]\\\n since", max_size=30))
def test_any_query_can_be_looked_at(query: str) -> None:
    assert parameters(query, "postgresql") is not None
    sent(query.replace("?", ""))
