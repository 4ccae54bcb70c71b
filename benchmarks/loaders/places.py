"""Where loaders write: a folder, a schema of PostgreSQL, and a store like S3."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from demo.processes import running

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_PROJECT = Path(__file__).parents[2]
_ENVIRONMENTS = _PROJECT / ".venv-loaders"
_UV = _PROJECT / ".venv-meltano" / "bin" / "uv"
_STORE = ("moto[s3,server]==5.2.5", "boto3>=1.40,<2")
_SECONDS = 600
_SECONDS_TO_START = 60


@dataclass(frozen=True, slots=True)
class Places:
    """Where one loader writes.

    Attributes:
        folder: A directory of its own.
        schema: A schema of PostgreSQL, and the prefix in the store.
        endpoint: The URL of the store.
        store: The environment of the store.
        postgres: How target-postgres reaches the server.
    """

    folder: Path
    schema: str
    endpoint: str
    store: Path
    postgres: Mapping[str, str] = field(repr=False)

    @property
    def connection(self) -> dict[str, Any]:
        """How libpq reaches the server."""
        named = {"database": "dbname"}
        return {
            **{named.get(name, name): value for name, value in self.postgres.items()},
            "sslmode": "disable",
        }

    def filled(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return a loader's settings with these places in them."""
        text = json.dumps(config)
        for name in ("folder", "schema", "endpoint"):
            text = text.replace(f"{{{name}}}", str(getattr(self, name)))
        filled: dict[str, Any] = json.loads(text)
        return filled


def environment_of(packages: Sequence[str]) -> Path:
    """Return the directory of an environment with these packages, made if needed."""
    name = "+".join(package.replace("==", "-") for package in packages)
    folder = _ENVIRONMENTS / "".join(
        c if c.isalnum() or c in "-+." else "_" for c in name
    )
    if not (folder / "done").is_file():
        python = str(folder / "bin" / "python")
        commands = (
            ("venv", "--quiet", "--clear", "--python", sys.executable, str(folder)),
            ("pip", "install", "--quiet", "--python", python, *packages),
        )
        for command in commands:
            subprocess.run([_UV, *command], check=True, timeout=_SECONDS)  # noqa: S603
        (folder / "done").touch()
    return folder


@contextmanager
def running_store() -> Iterator[tuple[Path, str]]:
    """Start a stand-in for S3 with one bucket; yield its environment and its URL."""
    environment = environment_of(_STORE)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    endpoint = f"http://127.0.0.1:{port}"
    program = environment / "bin" / "moto_server"
    command: list[str | Path] = [program, "-H", "127.0.0.1", f"-p{port}"]
    with running(
        command,
        env={"PATH": os.environ["PATH"], "HOME": os.devnull},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ):
        _make_bucket(endpoint)
        yield environment, endpoint


def _make_bucket(endpoint: str) -> None:
    deadline = time.monotonic() + _SECONDS_TO_START
    while True:
        request = Request(f"{endpoint}/purchasing", method="PUT", data=b"")  # noqa: S310
        try:
            with urlopen(request, timeout=5):  # noqa: S310
                return
        except HTTPError:
            raise
        except (URLError, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
