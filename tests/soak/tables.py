"""The warehouse of a soak: a server that keeps another time than UTC."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from psycopg import connect, errors
from psycopg.sql import SQL, Identifier

from demo.warehouse import running_warehouse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from psycopg import Connection

    from .truth import Record

# Neither whole hours from UTC nor on its side of the date line for long.
_TIME_ZONE = "Asia/Kathmandu"


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of one history, in a schema of their own.

    Attributes:
        loader_settings: How target-postgres reaches the server and the schema.
    """

    loader_settings: Mapping[str, str]

    def rows(self, table: str) -> list[Record]:
        """Return a table as the server words it in JSON, fractions as decimals."""
        query = SQL("SELECT row_to_json(row)::text FROM {} AS row")
        place = Identifier(self.loader_settings["default_target_schema"], table)
        with _connected(self.loader_settings) as connection:
            try:
                rows = connection.execute(query.format(place)).fetchall()
            except errors.UndefinedTable:
                return []
        return [json.loads(text, parse_float=Decimal) for (text,) in rows]

    def drop(self) -> None:
        """Remove the schema."""
        statement = SQL("DROP SCHEMA IF EXISTS {} CASCADE")
        name = Identifier(self.loader_settings["default_target_schema"])
        with _connected(self.loader_settings) as connection:
            connection.execute(statement.format(name))


@dataclass(frozen=True, slots=True)
class Server:
    """A running PostgreSQL server."""

    _settings: Mapping[str, str]

    def tables(self, schema: str) -> Tables:
        """Return the tables of a schema that is made when something is loaded."""
        return Tables({**self._settings, "default_target_schema": schema})


@contextmanager
def running_server() -> Iterator[Server]:
    """Start a server whose sessions begin in another time zone than UTC."""
    with running_warehouse() as warehouse:
        settings = warehouse.loader_settings
        role = Identifier(settings["user"])
        with _connected(settings) as connection:
            statement = SQL("ALTER ROLE {} SET timezone TO {}")
            connection.execute(statement.format(role, _TIME_ZONE))
        yield Server(settings)


def _connected(settings: Mapping[str, str]) -> Connection[Any]:
    return connect(
        host=settings["host"],
        port=settings["port"],
        user=settings["user"],
        password=settings["password"],
        dbname=settings["database"],
        sslmode="disable",
        connect_timeout=10,
        autocommit=True,
    )
