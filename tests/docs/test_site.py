"""The documentation site, built, and read in a browser without a server."""

from __future__ import annotations

import json
import os
import re
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
QUERY, SAID = "input[name=query]", ".md-search-result__meta"
# The first link of each page that is found; the others lead to parts of it.
RESULTS = ".md-search-result__item > a:first-of-type"
PAGES_SHOWN = 3
# What people type, and the pages one of which has to be among the first that are shown.
WORDS = {
    "alert": {"how-to/alerts.html", "how-to/monitoring.html"},
    "backfill": {"how-to/full-read.html"},
    "client_secret": {"reference/settings.html", "sign-in.html"},
    "csv": {"number-sources.html"},
    "docker": {"install.html"},
    "duplicates": {"explanation/state.html", "troubleshooting.html"},
    "first_sequence": {"reference/settings.html"},
    "logging": {"how-to/logs.html", "troubleshooting.html"},
    "max_requests_per_run": {"reference/settings.html"},
    "monitoring": {"how-to/monitoring.html"},
    "parquet": {"number-sources.html"},
    "permissions": {"setup/partner-center.html"},
    "timeout": {"troubleshooting.html"},
}
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


def searched(page: Page, site: Path, word: str) -> list[str]:
    """Type a word into the search; return the pages that it shows, the best first."""
    # The word comes in one piece, so there is one answer to wait for.
    for text, said in (("", "Type to start"), (word, "matching document")):
        page.fill(QUERY, text)
        page.press(QUERY, "Shift")
        page.wait_for_selector(f"{SAID}:has-text('{said}')")
    count = re.match(r"\d+", page.inner_text(SAID))
    shown = page.locator(RESULTS)
    shown.nth(min(int(count[0]) if count else 0, PAGES_SHOWN) - 1).wait_for()
    links = [str(link.get_attribute("href")) for link in shown.all()]
    within = [link.removeprefix(site.as_uri() + "/") for link in links]
    return [re.split("[?#]", link)[0] for link in within][:PAGES_SHOWN]


def test_the_search_leads_to_the_right_page_without_a_server(
    page: Page, site: Path
) -> None:
    found = {word: searched(page, site, word) for word in WORDS}

    assert {
        word: found[word] for word, right in WORDS.items() if not right & {*found[word]}
    } == {}


def test_the_readme_can_be_searched_too(site: Path) -> None:
    index = json.loads((site / "search" / "search_index.json").read_bytes())

    assert "project/readme.html" in {entry["location"] for entry in index["docs"]}


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
