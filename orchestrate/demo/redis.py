"""A throw-away Redis server: the queue between Airflow and its workers."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from demo.processes import running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SECONDS_TO_START = 20
_SECONDS_TO_INSTALL = 180


class RedisError(Exception):
    """There is no Redis here, or it did not start."""


@contextmanager
def running_redis(host: str, directory: Path) -> Iterator[str]:
    """Start a server; yield its URL, which holds its password; stop it at the end.

    Args:
        host: The address to listen on.
        directory: An empty directory for its settings and its log.

    Raises:
        RedisError: There is no Redis here, or it did not start.
    """
    program = shutil.which("redis-server") or _installed()
    password = secrets.token_urlsafe(16)
    with socket.socket() as probe:
        probe.bind((host, 0))
        port = probe.getsockname()[1]
    settings = directory / "redis.conf"
    settings.touch(mode=0o600)
    settings.write_text(
        f"bind {host}\nport {port}\nrequirepass {password}\nsave ''\nappendonly no\n",
        encoding="utf-8",
    )
    with (
        (directory / "redis.log").open("wb") as log,
        running(
            [program, settings.name], cwd=directory, stdout=log, stderr=log
        ) as server,
    ):
        deadline = time.monotonic() + _SECONDS_TO_START
        while not _answers(host, port):
            if server.poll() is not None or time.monotonic() > deadline:
                message = "Redis did not start"
                raise RedisError(message)
            time.sleep(0.05)
        yield f"redis://:{password}@{host}:{port}/0"


def _installed() -> str:
    """Install Debian's package; return the program."""
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        message = "redis-server is missing: install it with your package manager"
        raise RedisError(message)
    for arguments in (
        ("update",),
        ("install", "--no-install-recommends", "redis-server"),
    ):
        subprocess.run(  # noqa: S603
            [apt, "-qq", "-y", *arguments],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            timeout=_SECONDS_TO_INSTALL,
            env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        )
    program = shutil.which("redis-server")
    if program is None:
        message = "redis-server is missing and could not be installed"
        raise RedisError(message)
    return program


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), 1).close()
    except OSError:
        return False
    return True
