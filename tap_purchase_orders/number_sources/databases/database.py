"""Runs one query against a database, through SQLAlchemy."""

from __future__ import annotations

import datetime as dt
import logging
import re
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import (
    Date,
    DateTime,
    String,
    bindparam,
    create_engine,
    make_url,
    text,
)
from sqlalchemy.exc import DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from tap_purchase_orders.extras import how_to_install
from tap_purchase_orders.number_sources.databases.dialects import (
    COLUMN_QUERIES,
    CONNECT_TIMEOUTS,
    EXACT_UP_TO,
    REFUSED_DRIVERS,
    SESSION_STATEMENTS,
    dialect_of,
)
from tap_purchase_orders.number_sources.databases.sql_query import (
    SINCE,
    sqlalchemy_text,
)
from tap_purchase_orders.number_sources.error_messages import in_words, source_error
from tap_purchase_orders.number_sources.number_values import DOUBLE_EXACT_UP_TO

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from sqlalchemy import URL, Connection, CursorResult

    from tap_purchase_orders.concurrency.cancellation import CancelToken
    from tap_purchase_orders.number_sources.databases.since import Value as Since

Value = TypeVar("Value")

_ROWS_PER_PAGE = 10_000
_CONNECT_SECONDS = 15
# Names of what a driver takes in the query of a URL and nobody may see.
_SECRET = re.compile(r"pass|pwd|secret|token|key|odbc_connect", re.IGNORECASE)
# How often a wait for the database looks whether the run is to end.
_LOOK_SECONDS = 0.2
_SECONDS_TO_CLOSE = 5
# Errors of cursors that are closed are logged there, with a traceback. What went wrong
# before is said in a line.
_CURSOR_LOG = logging.getLogger("sqlalchemy.pool.impl.NullPool")


class Database:
    """A database that is asked one thing.

    It is asked on a thread of its own, so that waiting for it ends when the run is to
    end.

    Args:
        url: As SQLAlchemy has it, with the password.
        cancel_token: Says that the run is to end.
        arguments: What the driver takes besides, by name.

    Raises:
        SourceError: The URL cannot be used.
    """

    def __init__(
        self,
        url: str,
        cancel_token: CancelToken,
        arguments: Mapping[str, Any] | None = None,
    ) -> None:
        self._arguments = dict(arguments or {})
        self._hidden = [url, *_texts(self._arguments)]
        self._url = self._checked(url)
        self._hidden += _credentials(self._url)
        self._cancel_token = cancel_token
        # How far whole numbers of floating point are exact in the first column.
        self.exact_up_to = DOUBLE_EXACT_UP_TO

    def pages(
        self, query: str, since: Since | None
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
        with self._connected() as (thread, connection):
            ask = partial(self._ask, connection, query, since)
            answer = self._result(thread.submit(ask))
            is_whole = False
            try:
                while page := self._result(thread.submit(partial(self._page, answer))):
                    yield page
                is_whole = True
            finally:
                if not is_whole:
                    thread.submit(partial(_abandon, connection, answer))

    def columns(self) -> list[tuple[str, str, str]]:
        """Return table, column and type of all columns, none where they are not told.

        Raises:
            SourceError: The database cannot be reached.
            CancelledError: The run is to end.
        """
        query = COLUMN_QUERIES.get(dialect_of(str(self._url.drivername)))
        if query is None:
            return []
        with self._connected() as (thread, connection):
            ask = partial(connection.exec_driver_sql, query)
            try:
                answer = self._result(thread.submit(lambda: ask().fetchall()))
            except SQLAlchemyError:
                return []
            return [(str(row[0]), str(row[1]), str(row[2])) for row in answer]

    @contextmanager
    def _connected(self) -> Iterator[tuple[ThreadPoolExecutor, Connection]]:
        thread = ThreadPoolExecutor(1, thread_name_prefix="database")
        connection: Connection | None = None
        try:
            connection = self._result(thread.submit(self._connect))
            yield thread, connection
        finally:
            if connection is not None:
                closing = thread.submit(connection.close)
                if not self._cancel_token.is_cancelled:
                    wait([closing], _SECONDS_TO_CLOSE)
            thread.shutdown(wait=False)

    def _checked(self, url: str) -> URL:
        try:
            checked = make_url(url)
        except Exception as error:  # its own errors would show the URL
            problem = "cannot be read as a SQLAlchemy URL"
            raise source_error(problem, "url") from error
        if checked.drivername == "postgresql":
            # SQLAlchemy 2.0 would look for another driver.
            checked = checked.set(drivername="postgresql+psycopg")
        name = checked.drivername
        try:
            driver = checked.get_driver_name()
            dialect = checked.get_dialect()
            if driver not in REFUSED_DRIVERS:
                dialect.import_dbapi()
        except NoSuchModuleError as error:
            problem = f"SQLAlchemy knows no database {name!r}"
            raise source_error(problem, "url") from error
        except Exception as error:  # a dialect may raise anything while it is loaded
            raise source_error(self._not_loaded(checked, error), "url") from error
        if driver in REFUSED_DRIVERS:
            problem = f"{name} is refused: {REFUSED_DRIVERS[driver]}"
            raise source_error(problem, "url")
        if dialect.is_async:
            problem = f"{name} is asynchronous; choose another driver"
            raise source_error(problem, "url")
        path = checked.database or ""
        is_file = dialect.name == "sqlite" and path not in {"", ":memory:"}
        if is_file and not path.startswith("file:") and not Path(path).is_file():
            # SQLite would make an empty one.
            problem = f"there is no database {path!r}"
            raise source_error(problem, "url")
        return checked

    def _not_loaded(self, url: URL, error: Exception) -> str:
        if isinstance(error, ImportError):
            if url.drivername == "postgresql+psycopg":
                return f"needs the package psycopg: {how_to_install('postgres')}"
            return f"{url.drivername} cannot be used: {in_words(error, self._hidden)}"
        what = f"{type(error).__name__}: {in_words(error, self._hidden)}"
        return f"the SQLAlchemy dialect of {url.drivername} cannot be loaded: {what}"

    def _defaults(self) -> dict[str, Any]:
        """Return what the driver is given where the settings say nothing else."""
        defaults: dict[str, Any] = {}
        timeout = CONNECT_TIMEOUTS.get(self._url.get_driver_name())
        if timeout:
            defaults[timeout] = _CONNECT_SECONDS
        is_duckdb_file = self._url.get_backend_name() == "duckdb" and (
            self._url.database or ""
        ).partition(":")[0] not in {"", "md"}
        if is_duckdb_file:
            # Otherwise the file would be locked, and made if it is not there.
            defaults["read_only"] = True
        for name in self._url.query:
            defaults.pop(name, None)
        return defaults

    def _connect(self) -> Connection:
        _CURSOR_LOG.disabled = True
        try:
            engine = create_engine(
                self._url,
                connect_args={**self._defaults(), **self._arguments},
                hide_parameters=True,
                poolclass=NullPool,
            )
            connection = engine.connect()
            try:
                for statement in SESSION_STATEMENTS.get(engine.dialect.name, ()):
                    connection.exec_driver_sql(statement)
            except BaseException:
                connection.close()
                raise
        except Exception as error:  # each driver has errors of its own
            problem = f"the database cannot be reached: {self._words(error)}"
            raise source_error(problem, "url") from error
        return connection

    def _ask(
        self, connection: Connection, query: str, since: Since | None
    ) -> CursorResult[Any]:
        dialect = connection.engine.dialect.name
        statement = text(sqlalchemy_text(query, dialect))
        if since is not None:
            if isinstance(since, dt.datetime) and dialect == "sqlite":
                # It keeps texts. This one is before all others of the same second.
                since = since.replace(tzinfo=None).isoformat(" ", "seconds")
            kind = _SQL_TYPES[type(since)]
            statement = statement.bindparams(bindparam(SINCE, since, kind))
        options = {"yield_per": _ROWS_PER_PAGE}
        with self._refusals_in_words():
            answer = connection.execute(statement, execution_options=options)
        if not answer.returns_rows:
            problem = "gives no rows: it must be a SELECT; nothing was changed"
            raise source_error(problem, "query")
        self.exact_up_to = _exact_up_to(dialect, answer)
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


_SQL_TYPES: dict[type, Any] = {
    dt.date: Date(),
    dt.datetime: DateTime(timezone=True),
    str: String(),
}


def _exact_up_to(dialect: str, answer: CursorResult[Any]) -> int:
    """Return how far whole numbers of floating point are exact in the first column."""
    description = answer.cursor.description
    code: Any = description[0][1] if description else None
    # DuckDB has objects whose texts are the names of the types.
    key = code if isinstance(code, int) else str(code)
    return EXACT_UP_TO.get((dialect, key), DOUBLE_EXACT_UP_TO)


def _abandon(connection: Connection, answer: CursorResult[Any]) -> None:
    """Close a connection whose answer was not read to its end."""
    # PyMySQL would read all the rest, or fail to, when its objects are let go of. It
    # has no other way to leave it.
    unread: Any = getattr(answer.cursor, "_result", None)
    if hasattr(unread, "unbuffered_active"):
        unread.unbuffered_active = False
    connection.invalidate()


def _texts(value: Any) -> Iterator[str]:
    """Yield all texts in a value of JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for member in value.values():
            yield from _texts(member)


def _credentials(url: URL) -> list[str]:
    """Return the password, and what else in a URL is as good as one."""
    found = [str(url.password)] if url.password else []
    for name, value in url.query.items():
        if _SECRET.search(name):
            found += [value] if isinstance(value, str) else value
    return found
