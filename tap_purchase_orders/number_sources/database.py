"""Runs one query against a database, through SQLAlchemy."""

from __future__ import annotations

import re
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import (
    DateTime,
    String,
    bindparam,
    create_engine,
    make_url,
    text,
)
from sqlalchemy.exc import DBAPIError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from tap_purchase_orders.number_sources.error_messages import in_words, source_error
from tap_purchase_orders.number_sources.sql_query import SINCE, sqlalchemy_text

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Generator, Iterator

    from sqlalchemy import URL, Connection, CursorResult

    from tap_purchase_orders.concurrency.cancellation import CancelToken

Value = TypeVar("Value")

_ROWS_PER_PAGE = 10_000
_CONNECT_SECONDS = 15
# What drivers call the time that connecting may take.
_CONNECT_TIMEOUTS = {
    "mysqlconnector": "connection_timeout",
    "mysqldb": "connect_timeout",
    "oracledb": "tcp_connect_timeout",
    "psycopg": "connect_timeout",
    "psycopg2": "connect_timeout",
    "pymssql": "login_timeout",
    "pymysql": "connect_timeout",
    "pyodbc": "timeout",
}
# What makes a new connection one that only reads, and whose clock shows UTC.
_PREPARATIONS = {
    "postgresql": ("SET TRANSACTION READ ONLY", "SET LOCAL TIME ZONE 'UTC'"),
    # The second one shows that it is a database at all.
    "sqlite": ("PRAGMA query_only = ON", "PRAGMA schema_version"),
}
# Names of what a driver takes in the query of a URL and nobody may see.
_SECRET = re.compile(r"pass|pwd|secret|token|key|odbc_connect", re.IGNORECASE)
# How often a wait for the database looks whether the run is to end.
_LOOK_SECONDS = 0.2
_SECONDS_TO_CLOSE = 5


class Database:
    """A database that is asked one thing.

    It is asked on a thread of its own, so that waiting for it ends when the run is to
    end.

    Args:
        url: As SQLAlchemy has it, with the password.
        cancel_token: Says that the run is to end.

    Raises:
        SourceError: The URL cannot be used.
    """

    def __init__(self, url: str, cancel_token: CancelToken) -> None:
        self._hidden = [url]
        self._url = self._checked(url)
        self._hidden += _credentials(self._url)
        self._cancel_token = cancel_token

    def pages(
        self, query: str, since: dt.datetime | str | None
    ) -> Generator[list[Any], None, None]:
        """Yield the values of the first column of a query, many at a time.

        Nothing is changed, whatever the query says: it is rolled back.

        Args:
            query: The query.
            since: The value of its parameter; none where it has none.

        Raises:
            SourceError: The database cannot be reached, or refuses the query.
            CancelledError: The run is to end.
        """
        thread = ThreadPoolExecutor(1, thread_name_prefix="database")
        connection: Connection | None = None
        try:
            connection = self._result(thread.submit(self._connect))
            ask = partial(self._ask, connection, query, since)
            answer = self._result(thread.submit(ask))
            while page := self._result(thread.submit(partial(self._page, answer))):
                yield page
        finally:
            if connection is not None:
                closing = thread.submit(connection.close)
                if not self._cancel_token.is_requested:
                    wait([closing], _SECONDS_TO_CLOSE)
            thread.shutdown(wait=False)

    def _checked(self, url: str) -> URL:
        try:
            checked = make_url(url)
            if checked.drivername == "postgresql":
                # SQLAlchemy 2.0 would look for another driver.
                checked = checked.set(drivername="postgresql+psycopg")
            dialect = checked.get_dialect()
            dialect.import_dbapi()
        except NoSuchModuleError as error:
            problem = f"SQLAlchemy knows no database {checked.drivername!r}"
            raise source_error(problem, "url") from error
        except ImportError as error:
            raise source_error(self._missing(checked, error), "url") from error
        except Exception as error:  # its own errors would show the URL
            problem = "cannot be read as a SQLAlchemy URL"
            raise source_error(problem, "url") from error
        if dialect.is_async:
            problem = f"{checked.drivername} is asynchronous; choose another driver"
            raise source_error(problem, "url")
        path = checked.database or ""
        is_file = dialect.name == "sqlite" and path not in {"", ":memory:"}
        if is_file and not path.startswith("file:") and not Path(path).is_file():
            # SQLite would make an empty one.
            problem = f"there is no database {path!r}"
            raise source_error(problem, "url")
        return checked

    def _missing(self, url: URL, error: ImportError) -> str:
        driver = url.get_driver_name()
        if driver == "psycopg":
            return "needs the package psycopg; install tap-purchase-orders[postgres]"
        return f"{url.drivername} cannot be used: {in_words(error)}"

    def _connect(self) -> Connection:
        timeout = _CONNECT_TIMEOUTS.get(self._url.get_driver_name())
        arguments = {timeout: _CONNECT_SECONDS} if timeout else {}
        for name in self._url.query:
            arguments.pop(name, None)
        try:
            engine = create_engine(
                self._url,
                connect_args=arguments,
                hide_parameters=True,
                poolclass=NullPool,
            )
            connection = engine.connect()
            try:
                for statement in _PREPARATIONS.get(engine.dialect.name, ()):
                    connection.exec_driver_sql(statement)
            except BaseException:
                connection.close()
                raise
        except Exception as error:  # each driver has errors of its own
            problem = f"the database cannot be reached: {self._words(error)}"
            raise source_error(problem, "url") from error
        return connection

    def _ask(
        self, connection: Connection, query: str, since: dt.datetime | str | None
    ) -> CursorResult[Any]:
        statement = text(sqlalchemy_text(query))
        if since is not None:
            kind = String() if isinstance(since, str) else DateTime(timezone=True)
            statement = statement.bindparams(bindparam(SINCE, since, kind))
        options = {"yield_per": _ROWS_PER_PAGE}
        with self._refusals_in_words():
            answer = connection.execute(statement, execution_options=options)
        if not answer.returns_rows:
            problem = "gives no rows: it must be a SELECT; nothing was changed"
            raise source_error(problem, "query")
        return answer

    def _page(self, answer: CursorResult[Any]) -> list[Any]:
        with self._refusals_in_words():
            return [row[0] for row in answer.fetchmany(_ROWS_PER_PAGE)]

    @contextmanager
    def _refusals_in_words(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # each driver has errors of its own
            words = self._words(error)
            if isinstance(error, DBAPIError) and error.connection_invalidated:
                problem = f"the connection to the database was lost: {words}"
                raise source_error(problem, "url") from error
            problem = f"the database says: {words}"
            raise source_error(problem, "query") from error

    def _words(self, error: Exception) -> str:
        driver_error = error.orig if isinstance(error, DBAPIError) else None
        return in_words(driver_error or error, self._hidden)

    def _result(self, future: Future[Value]) -> Value:
        """Return what the database's thread has done, unless the run is to end."""
        while not future.done():
            self._cancel_token.check()
            wait([future], _LOOK_SECONDS)
        return future.result()


def _credentials(url: URL) -> list[str]:
    """Return the password, and what else in a URL is as good as one."""
    found = [str(url.password)] if url.password else []
    for name, value in url.query.items():
        if _SECRET.search(name):
            found += [value] if isinstance(value, str) else value
    return found
