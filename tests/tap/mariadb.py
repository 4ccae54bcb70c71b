"""A MariaDB server for tests: Debian's programs, and a directory of its own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pymysql
import pytest

from demo.processes import running

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROGRAMS = ("mariadbd", "mariadb-install-db", "my_print_defaults")
_SECONDS_TO_START = 120
USER, PASSWORD, DATABASE = "erp", "planted-mariadb-password", "erp"


@contextmanager
def mariadb_server() -> Iterator[int]:
    """Start a server whose clock shows another zone; yield its port.

    The test is skipped where the programs are not installed.
    """
    missing = [name for name in _PROGRAMS if _program(name) is None]
    if missing:
        pytest.skip(
            f"no MariaDB here ({', '.join(missing)}): `make mariadb` installs it"
        )
    with tempfile.TemporaryDirectory(prefix="mariadb-") as name:
        folder = Path(name)
        _initialise(folder)
        port = _free_port()
        line = [
            str(_program("mariadbd")),
            "--no-defaults",
            f"--datadir={folder / 'data'}",
            f"--socket={folder / 'socket'}",
            f"--pid-file={folder / 'pid'}",
            f"--port={port}",
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
            "--default-time-zone=-05:00",
            "--innodb-flush-log-at-trx-commit=0",
            *_as_root(),
        ]
        with (
            (folder / "log").open("wb") as log,
            running(line, stdout=log, stderr=log) as server,
        ):
            _wait_for(server, folder)
            with pymysql.connect(
                unix_socket=str(folder / "socket"), user="root"
            ) as connection:
                for statement in (
                    f"CREATE DATABASE {DATABASE}",
                    f"CREATE USER {USER}@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'",
                    f"GRANT ALL ON {DATABASE}.* TO {USER}@'127.0.0.1'",
                ):
                    connection.cursor().execute(statement)
            yield port


def mariadb_url(port: int, driver: str = "mariadb+pymysql") -> str:
    return f"{driver}://{USER}:{PASSWORD}@127.0.0.1:{port}/{DATABASE}"


def _initialise(folder: Path) -> None:
    done = subprocess.run(
        [
            str(_program("mariadb-install-db")),
            "--no-defaults",
            f"--datadir={folder / 'data'}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            *_as_root(),
        ],
        capture_output=True,
        text=True,
        timeout=_SECONDS_TO_START,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _as_root() -> list[str]:
    return ["--user=root"] if os.geteuid() == 0 else []


def _wait_for(server: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + _SECONDS_TO_START
    while not (folder / "socket").exists():
        assert server.poll() is None, (folder / "log").read_text(errors="replace")
        assert time.monotonic() < deadline, "MariaDB did not start in time"
        time.sleep(0.05)


def _program(name: str) -> str | None:
    # Debian has the server where only root looks.
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
