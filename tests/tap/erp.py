"""An ERP's database with a table of purchase orders, and runs that ask it."""

from __future__ import annotations

import datetime as dt
import sqlite3
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tests.pipeline.postgres import Postgres, running_postgres
from tests.tap.tap import run_tap
from tests.tap.worlds import NUMBER_PATH, appzen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.tap.upstream import Upstream

NUMBERS = [f"00{number}" for number in range(6)]
LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
SINCE = "SELECT number FROM erp WHERE updated_at >= :since ORDER BY updated_at, number"
ALL = "SELECT number FROM erp ORDER BY number"
# The ways in which a database may keep moments: the type of the column, what Python has
# for it, and `since_as`.
KEPT: dict[str, tuple[str, Callable[[dt.datetime], Any], str | None]] = {
    "timestamp with time zone": ("timestamptz", lambda moment: moment, None),
    "timestamp without time zone": (
        "timestamp",
        lambda moment: moment.replace(tzinfo=None),
        None,
    ),
    "text with a blank": ("text", lambda m: f"{m:%Y-%m-%d %H:%M:%S.%f}", None),
    "text with a T": ("text", lambda m: f"{m:%Y-%m-%dT%H:%M:%S.%f}Z", "text"),
}


@dataclass(frozen=True)
class Erp:
    """A table of purchase orders that has the moment of the last change of each."""

    url: str
    execute: Callable[[str, tuple[Any, ...]], None]
    kept: str

    def reset(self) -> None:
        self.execute("DROP TABLE IF EXISTS erp", ())
        kind = KEPT[self.kept][0]
        self.execute(f"CREATE TABLE erp (number text, updated_at {kind})", ())
        for number in NUMBERS[:4]:
            self.change(number, LONG_AGO)

    def change(self, number: str, moment: dt.datetime | None = None) -> None:
        """Make a change of a purchase order that is there or not, by default now.

        Changes of the second in which a run began are asked for again by the next one,
        and where moments are text those of the second before: what follows comes later.
        """
        kept = KEPT[self.kept][1](moment or dt.datetime.now(dt.UTC))
        self.execute("DELETE FROM erp WHERE number = %s", (number,))
        self.execute("INSERT INTO erp VALUES (%s, %s)", (number, kept))
        if moment is None:
            time.sleep(2.1 - time.time() % 1)

    def section(self, query: str = SINCE) -> dict[str, Any]:
        section: dict[str, Any] = {"source": "sql", "url": self.url, "query": query}
        if "since" in query:
            section["since_overlap_seconds"] = 0
        since_as = KEPT[self.kept][2]
        return section if since_as is None else {**section, "since_as": since_as}


@contextmanager
def erp_server() -> Iterator[Postgres]:
    """Start a server whose clock shows another zone.

    What has no zone in the database is UTC all the same.
    """
    with running_postgres() as server:
        server.execute("ALTER DATABASE warehouse SET timezone TO 'America/New_York'")
        yield server


def postgres_url(postgres: Postgres, **changed: str) -> str:
    to = {**postgres.settings, **changed}
    password = quote(to["password"], safe="")
    address = f"{to['host']}:{to['port']}/{to['database']}"
    return f"postgresql://{to['user']}:{password}@{address}"


def postgres_erp(postgres: Postgres, kept: str) -> Erp:
    def execute(statement: str, values: tuple[Any, ...]) -> None:
        with postgres.connected() as connection:
            connection.execute("SET TIME ZONE 'UTC'")
            connection.execute(statement.encode(), values)

    return Erp(postgres_url(postgres), execute, kept)


def sqlite_erp(path: Path, kept: str) -> Erp:
    def execute(statement: str, values: tuple[Any, ...]) -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(statement.replace("%s", "?"), values)
            connection.commit()

    return Erp(f"sqlite:///{path}", execute, kept)


class Runs:
    """Runs of the tap, each from the state that the one before it left."""

    def __init__(
        self,
        upstream: Upstream,
        section: Mapping[str, Any],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.upstream = upstream
        self.section = section
        self.environment = environment
        self.state: Any = None

    def next(self, status: int = 0, **settings: Any) -> list[str]:
        """Run the tap; return the numbers that were asked for."""
        self.upstream.asked.clear()
        start = {
            key: settings.pop(key)
            for key in ("start_date", "strict")
            if key in settings
        }
        section = appzen(
            self.upstream, [], purchase_order_numbers=self.section, **settings
        )
        run = run_tap(
            {"appzen": section, **start},
            state=self.state,
            environment=self.environment,
        )
        assert run.status == status, run.log
        self.state = run.state or self.state
        self.last = run
        return asked(self.upstream)


def asked(upstream: Upstream) -> list[str]:
    paths = [asked.path.removeprefix(f"{NUMBER_PATH}/") for asked in upstream.asked]
    return sorted(paths)
