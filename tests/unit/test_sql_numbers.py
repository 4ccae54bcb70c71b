from __future__ import annotations

import datetime as dt
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import dialects

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
        (SINCE, None, "2026-03-01 10:00:00"),
        (SINCE, "datetime", "2026-03-01 10:00:00"),
        (SINCE, "text", "2026-03-01T09:59:59.000000Z"),
        (SINCE, "date", "2026-02-28"),
        (None, None, "1900-01-01 00:00:00"),
        (None, "text", "1899-12-31T23:59:59.000000Z"),
        (None, "date", "1899-12-31"),
    ],
)
def test_since_is_a_moment_in_utc_and_a_whole_second(
    since: dt.datetime | None, since_as: str | None, expected: str, erp: Erp
) -> None:
    more: dict[str, Any] = {"since_overlap_seconds": 0}
    more |= {} if since_as is None else {"since_as": since_as}

    found = erp.read("SELECT :since", context(since=since), **more)

    assert found[0] == expected


@pytest.mark.parametrize(
    ("overlap", "expected"),
    [({}, "09:45:00"), ({"since_overlap_seconds": 7200}, "08:00:00")],
)
def test_since_is_earlier_by_an_overlap(
    overlap: dict[str, Any], expected: str, erp: Erp
) -> None:
    found = erp.read("SELECT :since", context(since=SINCE), **overlap)

    assert found[0] == f"2026-03-01 {expected}"


def test_the_first_moment_there_is_has_none_before_it(erp: Erp) -> None:
    start = dt.datetime.min.replace(tzinfo=dt.UTC)

    for since_as in ("datetime", "date", "text"):
        found = erp.read("SELECT :since", context(since=start), since_as=since_as)
        assert str(found[0]).startswith("0001-01-01")


# A row of the second in which the last run began, and that run 0.7 seconds into it.
STAMP = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
BEGUN = STAMP.replace(microsecond=700_000)


@pytest.mark.parametrize(
    ("stamp", "since_as"),
    [
        ("2026-03-01 12:00:00", None),
        ("2026-03-01 12:00:00.699", None),
        ("2026-03-01T12:00:00", "text"),
        ("2026-03-01T12:00:00Z", "text"),
        ("2026-03-01T12:00:00.699Z", "text"),
        ("2026-03-01", "date"),
    ],
)
def test_a_row_of_the_second_in_which_a_run_began_is_asked_for(
    stamp: str, since_as: str | None, erp: Erp
) -> None:
    more: dict[str, Any] = {"since_overlap_seconds": 0}
    more |= {} if since_as is None else {"since_as": since_as}
    query = f"SELECT '7' WHERE '{stamp}' >= :since"

    assert erp.read(query, context(since=BEGUN), **more)[0] == "7"


@pytest.mark.parametrize(
    "condition",
    [
        "updated_on >= :since",
        "p.updated_on > :since AND n <> ''",
        "n <> '' AND \"updated_on\" BETWEEN :since AND '9999-12-31'",
        "coalesce(p.updated_on, '') >= :since",
        "date(updated_at) >= :since",
    ],
)
def test_days_are_compared_with_a_day(
    condition: str, erp: Erp, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(sqlite3.connect(erp.path)) as connection:
        connection.execute("DROP TABLE IF EXISTS purchase")
        connection.execute(
            "CREATE TABLE purchase (n TEXT, updated_on DATE, updated_at TIMESTAMP)"
        )
        connection.execute(
            "INSERT INTO purchase VALUES ('A', '2026-03-01', '2026-03-01 12:00:00')"
        )
        connection.commit()
    caplog.set_level("INFO")
    query = f"SELECT n FROM purchase AS p WHERE {condition}"  # noqa: S608  # ours

    assert erp.read(query, context(since=BEGUN))[0] == "A"
    assert any("`since_as` is taken for `date`" in r.message for r in caplog.records)


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
        ("mariadb+mariadbconnector://user:planted@host/erp", "hides errors"),
        ("mariadb+pymysql://user:planted@127.0.0.1:1/erp", "refused"),
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


def test_a_dialect_that_fails_to_load_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def load(_name: str) -> Any:
        msg = "module 'numpy' has no attribute 'bool'\nand more"
        raise AttributeError(msg)

    monkeypatch.setattr(dialects.registry, "load", load)
    section = {"source": "sql", "url": "broken://a:planted@b/c", "query": "SELECT 1"}

    with pytest.raises(SourceError) as caught:
        items_of(section)
    message = str(caught.value)

    assert (
        "the SQLAlchemy dialect of broken cannot be loaded: AttributeError" in message
    )
    assert "has no attribute 'bool'" in message
    assert "planted" not in message


def test_the_driver_is_given_its_arguments(erp: Erp) -> None:
    erp.fill(["A"])
    query = "SELECT n FROM po"

    assert erp.read(query, connect_args={"isolation_level": None}) == ["A"]
    with pytest.raises(SourceError, match="keyword") as caught:
        erp.read(query, connect_args={"planted": "planted-key"})
    assert "planted-key" not in str(caught.value)


def test_a_file_that_is_no_database_is_an_error(tmp_path: Path) -> None:
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
        ({"since_overlap_seconds": -1}, ["since_overlap_seconds` must be"]),
        ({"connect_args": "key"}, ["connect_args` must be"]),
        ({"connect_args": {"timeout": 3}, "since_overlap_seconds": 60}, []),
        ({"url": None}, ["`appzen.purchase_order_numbers.url` is missing"]),
        ({"query": None}, ["`appzen.purchase_order_numbers.query` is missing"]),
        ({"numbers": "A"}, ["unknown setting `appzen.purchase_order_numbers.numbers`"]),
        ({}, []),
    ],
)
def test_mistakes_in_the_settings_are_reported_before_reading(
    changed: dict[str, Any], words: list[str]
) -> None:
    section = {"source": "sql", "url": "sqlite:///erp.db", "query": "SELECT :since"}

    lines = mistakes(appzen(purchase_order_numbers={**section, **changed}))

    assert len(lines) == len(words)
    for line, word in zip(lines, words, strict=True):
        assert word in line
