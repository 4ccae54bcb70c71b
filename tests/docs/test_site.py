"""The documentation site, built, and read in a browser without a server."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from demo.browser import CHROMIUM, running_browser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

PROJECT = Path(__file__).resolve().parents[2]
MKDOCS = PROJECT / ".venv-docs" / "bin" / "mkdocs"


def build(project: Path, site: Path) -> subprocess.CompletedProcess[str]:
    command: list[str | Path] = [
        MKDOCS,
        "build",
        "--strict",
        "--config-file",
        project / "mkdocs.yml",
    ]
    return subprocess.run(
        [*command, "--site-dir", site],
        check=False,
        capture_output=True,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        text=True,
        timeout=120,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not MKDOCS.is_file():
        pytest.skip("no mkdocs here: `make docs` installs it")
    folder = tmp_path_factory.mktemp("site")
    built = build(PROJECT, folder)
    assert built.returncode == 0, built.stderr
    return folder


@pytest.fixture
def page(site: Path) -> Iterator[Page]:
    """The start of the site in a browser; what it loads has to be in the site."""
    if not CHROMIUM.is_file():
        pytest.skip(f"no {CHROMIUM} here: `make chromium` installs it")
    loaded: list[str] = []
    with running_browser() as browser:
        page = browser.new_page()
        page.on("request", lambda request: loaded.append(request.url))
        page.goto((site / "index.html").as_uri())
        yield page
    assert loaded
    assert [url for url in loaded if not url.startswith(site.as_uri())] == []


def test_the_search_finds_a_setting_without_a_server(page: Page) -> None:
    page.click("input[name=query]")
    page.keyboard.type("max_requests_per_run")
    page.wait_for_selector(".md-search-result__link")
    found = [
        str(link.get_attribute("href"))
        for link in page.query_selector_all(".md-search-result__link")
    ]

    assert any("/reference/settings.html" in link for link in found)


def test_a_file_of_the_repository_can_be_reached(page: Page, site: Path) -> None:
    page.goto((site / "tutorial.html").as_uri())
    link = page.get_by_role("link", name="meltano.yml").first.get_attribute("href")

    assert link
    assert (site / link).read_bytes() == (PROJECT / "meltano.yml").read_bytes()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[gone](how-to/never-written.md)", "how-to/never-written.md"),
        ("[gone](index.md#no-such-part)", "no-such-part"),
        ('<script src="https://example.com/x.js"></script>', "from elsewhere"),
    ],
)
@pytest.mark.usefixtures("site")
def test_a_page_with_a_mistake_fails_the_build(
    tmp_path: Path, text: str, said: str
) -> None:
    project = tmp_path / "project"
    shutil.copytree(PROJECT / "docs", project / "docs")
    shutil.copy(PROJECT / "mkdocs.yml", project)
    for path in PROJECT.iterdir():
        if not path.name.startswith(".") and not (project / path.name).exists():
            (project / path.name).symlink_to(path)
    (project / "docs" / "index.md").write_text(f"# Start\n\n{text}\n", encoding="utf-8")

    built = build(project, tmp_path / "site")

    assert built.returncode != 0
    assert said in built.stdout + built.stderr
