"""Reads the loaded tables in one read-only transaction."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.rows import dict_row
from psycopg.sql import SQL, Identifier

from tap_purchase_orders.errors import TapError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Sequence

    from tap_purchase_orders.report.address import Address

Row = dict[str, Any]
_QUERIES = files(__package__) / "queries"
_SECONDS_TO_CONNECT = 15
# What is wrong with one table is no reason to do without the others.
_OF_ONE_SECTION = (
    psycopg.errors.UndefinedColumn,
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedFunction,
    psycopg.errors.DatatypeMismatch,
    psycopg.errors.CannotCoerce,
    psycopg.errors.InsufficientPrivilege,
    psycopg.errors.DataError,
)


class WarehouseError(TapError):
    """The warehouse cannot be reached, or has nothing of ours."""


class TableError(TapError):
    """A table is not as the tap's streams are loaded."""


@dataclass(frozen=True, slots=True)
class Warehouse:
    """A schema of a database, as it is at one moment.

    Attributes:
        database: Name of the database.
        schema: Name of the schema.
        tables: The names of its tables.
    """

    database: str
    schema: str
    tables: frozenset[str]
    _connection: psycopg.Connection[Row] = field(repr=False)

    def rows(
        self, name: str, definitions: Sequence[str] = (), **parameters: Any
    ) -> list[Row]:
        """Return the rows of one of the stored queries.

        Args:
            name: Its file in `queries/`, without the suffix.
            definitions: Files in `queries/definitions/`; the query finds the rows of
                each under its name.
            parameters: What the query calls `%(name)s`.

        Raises:
            TableError: A table is not as the query has it.
        """
        parts = [f"{each} AS ({_text('definitions', each)})" for each in definitions]
        query = f"WITH {', '.join(parts)} {_text(name)}" if parts else _text(name)
        try:
            # A part of the transaction, which goes on after an error.
            with self._connection.transaction():
                return self._connection.execute(query.encode(), parameters).fetchall()
        except _OF_ONE_SECTION as error:
            raise TableError(error.diag.message_primary or "") from error

    def supplier_names(self, table: Sequence[str]) -> dict[str, str]:
        """Return names by ids from a table with `supplier_id` and `supplier_name`.

        Args:
            table: Its name, or those of its schema and its own.

        Raises:
            WarehouseError: It cannot be read, or has not these columns.
        """
        query = SQL(
            "SELECT supplier_id::text AS id, max(supplier_name::text) AS name FROM {}"
            " WHERE supplier_id IS NOT NULL AND btrim(supplier_name::text) <> ''"
            " GROUP BY 1"
        )
        try:
            with self._connection.transaction():
                rows = self._connection.execute(
                    query.format(Identifier(*table))
                ).fetchall()
        except _OF_ONE_SECTION as error:
            said = error.diag.message_primary or ""
            message = f"`--supplier-names`: {'.'.join(table)}: {said}"
            raise WarehouseError(message) from error
        return {row["id"]: row["name"] for row in rows}

    def newest_row(self, tables: Iterable[str]) -> dt.datetime | None:
        """Return when the newest row of some tables was read, None without rows."""
        newest = SQL("SELECT max(_sdc_extracted_at)::timestamptz AS newest FROM {}")
        found = []
        for name in sorted(self.tables & set(tables)):
            try:
                with self._connection.transaction():
                    rows = self._connection.execute(
                        newest.format(Identifier(name))
                    ).fetchall()
            except _OF_ONE_SECTION:
                # The section says what it misses.
                continue
            found += [row["newest"] for row in rows if row["newest"]]
        return max(found, default=None)


def _text(*path: str) -> str:
    *folders, name = path
    return _QUERIES.joinpath(*folders, f"{name}.sql").read_text(encoding="utf-8")


@contextmanager
def opened(address: Address, schema: str) -> Iterator[Warehouse]:
    """Yield the warehouse; nothing in it can be changed by what is done with it.

    Args:
        address: Where it is.
        schema: The schema that the loader writes to.

    Raises:
        WarehouseError: It cannot be reached, breaks off, or has no such schema.
    """
    try:
        with _connected(address) as connection:
            yield _warehouse(connection, schema)
    except psycopg.Error as error:
        said = (error.diag.message_primary or str(error)).strip().splitlines()
        message = f"{address.origin}: the warehouse broke off: {(said or [''])[0]}"
        raise WarehouseError(message) from error


def _connected(address: Address) -> psycopg.Connection[Row]:
    wanted = {
        "connect_timeout": str(_SECONDS_TO_CONNECT),
        "application_name": "purchase-orders-report",
        "client_encoding": "utf8",
        **address.keywords,
    }
    try:
        connection = psycopg.connect(**wanted, row_factory=dict_row)  # type: ignore[arg-type]  # each is text
    except psycopg.Error as error:
        said = " ".join(str(error).split())
        if password := address.keywords.get("password"):
            said = said.replace(password, "***")
        message = f"{address.origin}: the warehouse cannot be reached: {said}"
        raise WarehouseError(message) from error
    # All figures of the page are of one moment.
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    return connection


def _warehouse(connection: psycopg.Connection[Row], schema: str) -> Warehouse:
    # The loader's columns have no zone: what is cast to a moment is in UTC.
    connection.execute("SET LOCAL TIME ZONE 'UTC'")
    rows = connection.execute(_text("tables").encode(), {"schema": schema}).fetchall()
    if not rows:
        others = connection.execute(_text("schemas").encode()).fetchall()
        names = ", ".join(row["schema"] for row in others)
        hint = f"the tap's tables are in: {names}" if names else "run the tap first"
        message = f"`--schema`: the database has no schema {schema} ({hint})"
        raise WarehouseError(message)
    path = SQL("SET LOCAL search_path TO {}").format(Identifier(schema))
    connection.execute(path)
    return Warehouse(
        database=rows[0]["database"],
        schema=schema,
        tables=frozenset(row["name"] for row in rows if row["name"]),
        _connection=connection,
    )
