"""Superset itself, with its metadata in a file, as its own commands set it up."""

from __future__ import annotations

import json
import os
import secrets
import socket
import sqlite3
import subprocess
import time
import zipfile
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.request import urlopen

import yaml

from demo.processes import running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Response

ENVIRONMENT = Path(__file__).parents[2] / ".venv-superset"
_USER, _PASSWORD = "admin", "admin"
_ADMIN = (
    *("--username", _USER, "--password", _PASSWORD),
    *("--firstname", "A", "--lastname", "B", "--email", "admin@example.com"),
)
_SECONDS = 280
# All of the page at once: Superset asks for a chart when it comes into sight.
_VIEWPORT: Any = {"width": 1600, "height": 3000}


@dataclass(frozen=True, slots=True)
class Superset:
    """An installation.

    Attributes:
        folder: Its configuration and its metadata.
    """

    folder: Path

    def set_up(self) -> None:
        """Make the tables of the metadata, an administrator, and the roles."""
        config = {
            "SECRET_KEY": secrets.token_urlsafe(42),
            "SQLALCHEMY_DATABASE_URI": f"sqlite:///{self._metadata}",
            # Signs in by a form that no page of Superset has shown.
            "WTF_CSRF_ENABLED": False,
        }
        lines = (f"{name} = {value!r}\n" for name, value in config.items())
        self._config.write_text("".join(lines), encoding="utf-8")
        self.run("db", "upgrade")
        self.run("fab", "create-admin", *_ADMIN)
        self.run("init")

    def run(self, *arguments: str | Path) -> str:
        """Run a command that has to go well; return what it said."""
        done = subprocess.run(
            [ENVIRONMENT / "bin" / "superset", *arguments],
            env=self._variables,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-5000:]
        return done.stdout

    def import_dashboard(self, path: Path) -> None:
        """Import a file as the documents say."""
        self.run("import-dashboards", "--path", path, "--username", _USER)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return what a query of the metadata gives."""
        with closing(sqlite3.connect(self._metadata)) as connection:
            return connection.execute(query).fetchall()

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Run the server; yield its address."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = str(probe.getsockname()[1])
        command = (str(ENVIRONMENT / "bin" / "superset"), "run", "--port", port)
        log = self.folder / "server.log"
        with (
            log.open("wb") as file,
            running(
                command, env=self._variables, cwd=self.folder, stdout=file, stderr=file
            ) as server,
        ):
            address = f"http://127.0.0.1:{port}"
            while not _answers(f"{address}/health"):
                assert server.poll() is None, log.read_text(errors="replace")[-5000:]
                time.sleep(0.2)
            yield address

    @property
    def _config(self) -> Path:
        return self.folder / "superset_config.py"

    @property
    def _metadata(self) -> Path:
        return self.folder / "superset.db"

    @property
    def _variables(self) -> dict[str, str]:
        # What it needs to start, and no settings of this machine.
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "SUPERSET_HOME": str(self.folder),
            "SUPERSET_CONFIG_PATH": str(self._config),
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """What Superset answered to what a chart of the page asked for.

    Attributes:
        status: The HTTP status.
        rows: The rows.
        error: What the warehouse said, if anything was wrong.
    """

    status: int
    rows: list[dict[str, Any]]
    error: str | None


def shown(browser: Browser, address: str, slug: str, charts: int) -> dict[int, Answer]:
    """Return the answers that a dashboard in a browser got, by the ids of charts.

    Args:
        browser: The browser.
        address: Superset's.
        slug: The dashboard's name in addresses.
        charts: As many are waited for.
    """
    page = browser.new_context(viewport=_VIEWPORT).new_page()
    page.set_default_timeout(1000 * _SECONDS)
    page.request.post(
        f"{address}/login/", form={"username": _USER, "password": _PASSWORD}
    )
    responses: dict[int, Response] = {}
    page.on("response", lambda response: _keep(response, responses))
    page.goto(f"{address}/superset/dashboard/{slug}/")
    _wait_for(page, responses, charts)
    return {number: _answer(response) for number, response in responses.items()}


def _wait_for(page: Page, responses: dict[int, Response], charts: int) -> None:
    end = time.monotonic() + _SECONDS
    while len(responses) < charts and time.monotonic() < end:
        page.wait_for_timeout(200)


def _keep(response: Response, responses: dict[int, Response]) -> None:
    if "/api/v1/chart/data" in response.url:
        asked = json.loads(response.request.post_data or "{}")
        responses[asked["form_data"]["slice_id"]] = response


def _answer(response: Response) -> Answer:
    body = response.json()
    (result,) = body.get("result") or [{"data": [], "error": str(body)}]
    return Answer(response.status, result["data"] or [], result.get("error"))


def _answers(address: str) -> bool:
    try:
        with urlopen(address, timeout=10) as answer:  # noqa: S310  # our own
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def changed(source: Path, target: Path, ending: str, **values: Any) -> None:
    """Copy an export, with other values in the file whose name ends so."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            part = yaml.safe_load(old.read(name))
            if name.endswith(ending):
                part.update(values)
            new.writestr(name, yaml.safe_dump(part))
