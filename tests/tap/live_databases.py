"""Databases that go on being written to while the tap asks them."""

from __future__ import annotations

import itertools
import sqlite3
import threading
import time
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import duckdb
import psycopg
import pymysql

from tests.tap.mariadb import DATABASE, PASSWORD, USER, mariadb_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.pipeline.postgres import Postgres

# A transaction is open for so long after the moment that stands in its rows.
SECONDS_TO_COMMIT = 0.3
SECONDS_TO_WAIT = 120


@dataclass
class LiveDatabase:
    """A table of purchase orders that gets a row after the other.

    Attributes:
        url: As SQLAlchemy has it.
        connect: Returns a connection of the driver.
        stamp: What the database has for the present moment, in SQL.
        column: The type of the column of moments.
        setup: Statements for the writer's session.
        place: What a statement has for a parameter.
        exclusive: Held by whoever has the database open, where only one may.
        written: The numbers of all rows that were committed.
    """

    url: str
    connect: Callable[[], Any]
    column: str
    stamp: str = "CURRENT_TIMESTAMP"
    setup: tuple[str, ...] = ()
    place: str = "%s"
    exclusive: AbstractContextManager[Any] = field(default_factory=nullcontext)
    written: list[str] = field(default_factory=list)
    _has_grown: threading.Condition = field(default_factory=threading.Condition)

    def create(self) -> None:
        with self.exclusive, closing(self.connect()) as connection:
            self._run(connection, "DROP TABLE IF EXISTS live")
            self._run(connection, f"CREATE TABLE live (n TEXT, changed {self.column})")
            connection.commit()

    def write_row(self, number: str) -> None:
        """Commit a row some time after the moment that stands in it."""
        with self.exclusive, closing(self.connect()) as connection:
            for statement in self.setup:
                self._run(connection, statement)
            statement = f"INSERT INTO live VALUES ({self.place}, {self.stamp})"  # noqa: S608  # ours
            if hasattr(connection, "begin"):
                connection.begin()
            self._run(connection, statement, (number,))
            time.sleep(SECONDS_TO_COMMIT)
            connection.commit()
        with self._has_grown:
            self.written.append(number)
            self._has_grown.notify_all()

    def wait_for_rows(self, count: int) -> None:
        """Wait until so many rows were committed."""
        with self._has_grown:
            assert self._has_grown.wait_for(
                lambda: len(self.written) >= count, SECONDS_TO_WAIT
            )

    @contextmanager
    def being_written(self) -> Iterator[None]:
        """Write rows, in several transactions at once, until the block ends."""
        serial = itertools.count()
        ended = threading.Event()

        def write() -> None:
            while not ended.is_set():
                self.write_row(f"L{next(serial):05d}")

        writers = [threading.Thread(target=write) for _ in range(3)]
        for writer in writers:
            writer.start()
        try:
            yield
        finally:
            ended.set()
            for writer in writers:
                writer.join()

    def _run(self, connection: Any, statement: str, values: Any = ()) -> None:
        cursor = connection.cursor()
        cursor.execute(statement, values)
        cursor.close()


def live_postgres(server: Postgres, url: str, column: str) -> LiveDatabase:
    settings = server.settings

    def connect() -> Any:
        return psycopg.connect(
            host=settings["host"],
            port=settings["port"],
            user=settings["user"],
            password=settings["password"],
            dbname=settings["database"],
        )

    has_zone = "tz" in column or "with time zone" in column
    # What has no zone in the database has to be UTC.
    stamp = "now()" if has_zone else "now() AT TIME ZONE 'UTC'"
    return LiveDatabase(url, connect, column, stamp)


def live_mariadb(port: int, column: str) -> LiveDatabase:
    def connect() -> Any:
        return pymysql.connect(
            host="127.0.0.1",
            port=port,
            user=USER,
            password=PASSWORD,
            database=DATABASE,
        )

    stamps = {"DATETIME": "UTC_TIMESTAMP()", "DATE": "UTC_DATE()"}
    stamp = stamps.get(column, "CURRENT_TIMESTAMP")
    return LiveDatabase(mariadb_url(port), connect, column, stamp)


def live_sqlite(path: Path, column: str) -> LiveDatabase:
    def connect() -> Any:
        return sqlite3.connect(path, timeout=60)

    connect().close()
    stamp = "date('now')" if column == "DATE" else "datetime('now')"
    return LiveDatabase(
        f"sqlite:///{path}?timeout=60", connect, column, stamp, place="?"
    )


def live_duckdb(path: Path, column: str) -> LiveDatabase:
    """A database of which DuckDB itself sees to it that only one process has it open.

    Its clock shows another zone.
    """

    def connect() -> Any:
        return duckdb.connect(str(path))

    return LiveDatabase(
        f"duckdb:///{path}",
        connect,
        column,
        stamp="now() AT TIME ZONE 'UTC'" if column == "TIMESTAMP" else "now()",
        setup=("SET TimeZone = 'Europe/Berlin'",),
        place="?",
        exclusive=threading.RLock(),
    )
