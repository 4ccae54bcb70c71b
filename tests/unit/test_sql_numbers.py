from __future__ import annotations

import datetime as dt
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_purchase_orders.errors import SourceError
from tap_purchase_orders.number_sources.buffer import Buffer
from tap_purchase_orders.number_sources.registry import number_source
from tap_purchase_orders.number_sources.source import Checkpoint
from tests.unit.configs import appzen, mistakes
from tests.unit.source_contexts import UNTIL, context, items_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SINCE = dt.datetime(
    2026, 3, 1, 12, 0, 0, 250_000, tzinfo=dt.timezone(dt.timedelta(hours=2))
)


class Erp:
    """A SQLite database that is read by queries."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def fill(self, values: Sequence[Any]) -> None:
        with closing(sqlite3.connect(self.path)) as connection:
            connection.execute("DROP TABLE IF EXISTS po")
            connection.execute("CREATE TABLE po (n)")
            rows = ((value,) for value in values)
            connection.executemany("INSERT INTO po VALUES (?)", rows)
            connection.commit()

    def section(self, query: str, **more: Any) -> dict[str, Any]:
        url = f"sqlite:///{self.path}"
        return {"source": "sql", "url": url, "query": query, **more}

    def read(self, query: str, at: Any = None, **more: Any) -> list[Any]:
        return items_of(self.section(query, **more), at)

    def refusal(self, query: str) -> str:
        with pytest.raises(SourceError) as caught:
            self.read(query)
        return str(caught.value)


@pytest.fixture(scope="module")
def erp(tmp_path_factory: pytest.TempPathFactory) -> Erp:
    erp = Erp(tmp_path_factory.mktemp("erp") / "erp.db")
    erp.fill([])
    return erp


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=20))
def test_text_comes_as_it_is(erp: Erp, texts: list[str]) -> None:
    erp.fill(texts)

    assert erp.read("SELECT n, 'more' FROM po ORDER BY rowid") == texts


def test_a_long_list_comes_whole_and_in_its_order(erp: Erp) -> None:
    query = (
        "WITH RECURSIVE list(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM list "
        "WHERE n < 150000) SELECT 'PO-' || n FROM list"
    )

    assert erp.read(query) == [f"PO-{number}" for number in range(1, 150_001)]


def test_numeric_values_and_nulls_are_as_in_files(
    erp: Erp, caplog: pytest.LogCaptureFixture
) -> None:
    erp.fill(["0007", None, 7, 7.0, 2**62, None])

    assert erp.read("SELECT n FROM po ORDER BY rowid") == [
        "0007",
        "7",
        "7",
        str(2**62),
    ]
    warnings = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
    assert [text for text in warnings if "leading zeros" in text]
    assert [text for text in warnings if text.endswith("is null: 2")]
    assert len(warnings) == 2


def test_blanks_of_a_fixed_width_are_kept_and_warned_of(
    erp: Erp, caplog: pytest.LogCaptureFixture
) -> None:
    erp.fill(["PO-1   ", "PO-2   ", "", "  "])

    assert erp.read("SELECT n FROM po ORDER BY rowid") == [
        "PO-1   ",
        "PO-2   ",
        "",
        "  ",
    ]
    (warning,) = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
    assert "TRIM" in warning


def test_a_query_without_since_is_a_list(erp: Erp) -> None:
    erp.fill(["A"])
    section = erp.section("SELECT n FROM po WHERE n <> ':since'")

    assert not number_source(section).follows_changes(section)
    assert items_of(section) == ["A"]


def test_a_query_with_since_says_up_to_when_it_has_given_the_changes(erp: Erp) -> None:
    erp.fill(["A"])
    section = erp.section("SELECT n FROM po WHERE n <> :since")

    assert number_source(section).follows_changes(section)
    assert items_of(section) == ["A", Checkpoint(UNTIL)]


@pytest.mark.parametrize(
    ("since", "since_as", "expected"),
    [
        (SINCE, None, "2026-03-01 10:00:00.250000"),
        (SINCE, "datetime", "2026-03-01 10:00:00.250000"),
        (SINCE, "text", "2026-03-01T10:00:00.250000Z"),
        (SINCE.replace(microsecond=0), "text", "2026-03-01T10:00:00.000000Z"),
        (None, None, "1900-01-01 00:00:00.000000"),
        (None, "text", "1900-01-01T00:00:00.000000Z"),
    ],
)
def test_since_is_a_moment_in_utc(
    since: dt.datetime | None, since_as: str | None, expected: str, erp: Erp
) -> None:
    more = {} if since_as is None else {"since_as": since_as}

    found = erp.read("SELECT :since", context(since=since), **more)

    assert found[0] == expected


def test_the_identity_is_the_query_and_not_the_url(erp: Erp) -> None:
    section = erp.section("SELECT :since")
    identity = number_source(section).identity

    assert identity(section) == identity({**section, "url": "sqlite:///elsewhere"})
    assert identity(section) == identity({**section, "since_as": "datetime"})
    assert identity(section) != identity({**section, "since_as": "text"})
    assert identity(section) != identity(erp.section("SELECT :since, 1"))


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELECT n FROM nowhere", "no such table"),
        ("SELEC", "syntax error"),
        ("SELECT 1; SELECT 2", "one statement"),
        ("WITH a AS (SELECT 1) DELETE FROM po", "readonly"),
        ("VACUUM", "readonly"),
        ("SELECT x'00'", "bytes"),
        ("-- nothing", "no rows"),
    ],
)
def test_what_the_database_refuses_is_one_line(
    query: str, words: str, erp: Erp
) -> None:
    erp.fill(["A"])

    message = erp.refusal(query)

    assert "`appzen.purchase_order_numbers.query`" in message
    assert words in message
    assert len(message.splitlines()) == 1
    assert erp.read("SELECT n FROM po") == ["A"]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite:////nowhere/erp.db", "no database '/nowhere/erp.db'"),
        ("magic://user:planted@host/erp", "'magic'"),
        ("mssql+pymssql://user:planted@host/erp", "pymssql"),
        ("postgresql+asyncpg://user:planted@host/erp", "asyncpg"),
        ("postgresql://user:planted@host:planted/erp", "SQLAlchemy URL"),
        ("postgresql://user:planted@127.0.0.1:1/erp", "refused"),
    ],
)
def test_a_database_that_cannot_be_used_is_one_line(url: str, words: str) -> None:
    with pytest.raises(SourceError) as caught:
        items_of({"source": "sql", "url": url, "query": "SELECT 1"})
    message = str(caught.value)

    assert "`appzen.purchase_order_numbers.url`" in message
    assert words in message
    assert "planted" not in message
    assert len(message.splitlines()) == 1


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "erp.db").write_text("number\n" * 999)

    with pytest.raises(SourceError, match=r"numbers\.url.*not a database"):
        Erp(tmp_path / "erp.db").read("SELECT 1")


@given(st.lists(st.lists(st.text(), max_size=5), max_size=5))
def test_a_spool_gives_back_what_was_written(pages: list[list[str]]) -> None:
    with Buffer() as buffer:
        for page in pages:
            buffer.write(page)
        found = list(buffer.read())

    assert found == [text for page in pages for text in page]
    assert buffer.count == len(found)


def test_a_spool_that_does_not_fit_into_memory_gives_back_the_same() -> None:
    texts = [f"PO\n{number}" for number in range(200_000)]
    with Buffer() as buffer:
        buffer.write(texts)

        assert list(buffer.read()) == texts


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"url": "erp.db"}, ["numbers.url` must be an address"]),
        ({"query": " "}, ["numbers.query` must be a SELECT"]),
        ({"query": "UPDATE po SET n = 1"}, ["begins with UPDATE"]),
        ({"query": "SELECT :from, :to"}, ["`:from`", "`:to`"]),
        ({"since_as": "epoch"}, ["since_as"]),
        ({"url": None}, ["`appzen.purchase_order_numbers.url` is missing"]),
        ({"query": None}, ["`appzen.purchase_order_numbers.query` is missing"]),
        ({"numbers": "A"}, ["unknown setting `appzen.purchase_order_numbers.numbers`"]),
        ({}, []),
    ],
)
def test_what_is_wrong_with_the_settings_is_told_beforehand(
    changed: dict[str, Any], words: list[str]
) -> None:
    section = {"source": "sql", "url": "sqlite:///erp.db", "query": "SELECT :since"}

    lines = mistakes(appzen(purchase_order_numbers={**section, **changed}))

    assert len(lines) == len(words)
    for line, word in zip(lines, words, strict=True):
        assert word in line
