"""Numbers from MariaDB: what its driver and its dialect do differently from others."""

from __future__ import annotations

import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pymysql
import pytest

from tap_purchase_orders.errors import SourceError
from tests.tap.mariadb import DATABASE, PASSWORD, USER, mariadb_server, mariadb_url
from tests.tap.tap import run_tap
from tests.tap.upstream import Upstream
from tests.tap.worlds import appzen, purchase_order, serve_purchase_orders
from tests.unit.source_contexts import context, items_of

if TYPE_CHECKING:
    from collections.abc import Iterator

# More than is fetched at a time.
MANY = "SELECT concat('N', seq) FROM seq_0_to_99999 ORDER BY seq"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with mariadb_server() as started:
        yield started


def section(port: int, query: str, **more: Any) -> dict[str, Any]:
    return {"source": "sql", "url": mariadb_url(port), "query": query, **more}


def test_the_connection_is_tried_with_the_first_of_many_numbers(port: int) -> None:
    with Upstream() as upstream:
        serve_purchase_orders(upstream, {"N0": purchase_order("N0")})
        source = section(port, MANY)
        config = {"appzen": appzen(upstream, [], purchase_order_numbers=source)}
        run = run_tap(config, "--test")

    # That no traceback is logged, is checked with every run.
    assert run.status == 0
    assert "Exception" not in run.log


def test_a_long_list_comes_whole(port: int) -> None:
    assert items_of(section(port, MANY)) == [f"N{number}" for number in range(100_000)]


@pytest.mark.parametrize(
    "limit",
    ["SET STATEMENT max_statement_time = 0.2 FOR ", None],
    ids=["the server's limit", "another session"],
)
def test_a_query_that_is_ended_midway_is_no_short_list(
    limit: str | None, port: int
) -> None:
    query = (
        "SELECT concat('N', seq, if(seq > 20000, sleep(0.001), '')) "
        "FROM seq_0_to_99999 ORDER BY seq"
    )
    killer = None if limit else threading.Thread(target=kill_query, args=(port,))
    if killer:
        killer.start()

    with pytest.raises(SourceError, match="interrupted"):
        items_of(section(port, (limit or "") + query))
    if killer:
        killer.join()


def kill_query(port: int) -> None:
    """End the query that sleeps, as soon as it does."""
    with closing(
        pymysql.connect(
            host="127.0.0.1", port=port, user=USER, password=PASSWORD, database=DATABASE
        )
    ) as connection:
        cursor = connection.cursor()
        for _ in range(10_000):
            cursor.execute(
                "SELECT id FROM information_schema.processlist "
                "WHERE info LIKE '%sleep(0.001)%' AND id <> connection_id()"
            )
            if found := cursor.fetchone():
                cursor.execute(f"KILL QUERY {found[0]}")
                return


def test_texts_with_backslashes_and_comments_may_stand_before_since(port: int) -> None:
    query = (
        "SELECT 'A' # it's a comment\n"
        r"FROM DUAL WHERE 'don\'t' <> ':since' AND now() >= :since"
    )

    assert items_of(section(port, query), context())[0] == "A"


def test_nothing_is_written_whatever_the_query_says(port: int) -> None:
    with pytest.raises(SourceError, match="READ ONLY"):
        items_of(section(port, "CREATE TABLE written (n INT)"))


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("FLOAT", "4500001280", None),
        ("FLOAT", "123456", "123456"),
        ("FLOAT", "1234567", None),
        ("DOUBLE", "4500001234", "4500001234"),
        ("DOUBLE", "12345678901234567", None),
        ("DECIMAL(20)", "12345678901234567", "12345678901234567"),
    ],
)
def test_a_float_that_cannot_hold_its_number_is_refused(
    kind: str, value: str, expected: str | None, port: int
) -> None:
    source = section(port, f"SELECT CAST({value} AS {kind})")

    if expected is not None:
        assert items_of(source) == [expected]
        return
    with pytest.raises(SourceError, match="floating point"):
        items_of(source)
