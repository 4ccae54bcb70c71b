"""docs/reliability.md, held against the results of the soak."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
GENERATOR = PROJECT / "docs" / "generate_reliability.py"
PAGE = PROJECT / "docs" / "reliability.md"
RESULTS = PROJECT / "tests" / "soak" / "results.json"


def generate(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, GENERATOR, *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_figures_are_those_of_the_results() -> None:
    check = generate("--check")

    assert check.returncode == 0, check.stderr


def test_figures_that_drifted_are_noticed_and_mended(tmp_path: Path) -> None:
    page, results = tmp_path / "reliability.md", tmp_path / "results.json"
    page.write_bytes(PAGE.read_bytes())
    figures = json.loads(RESULTS.read_text(encoding="utf-8"))
    figures["wrong"] = {"step lost order_status_changes": 4711}
    results.write_text(json.dumps(figures), encoding="utf-8")

    check = generate("--check", "--results", results, page)
    assert check.returncode == 1
    assert "reliability.md is out of date" in check.stderr
    assert generate("--results", results, page).returncode == 0
    assert "| **Wrong or lost** | **4,711** |" in page.read_text(encoding="utf-8")
    assert generate("--check", "--results", results, page).returncode == 0


def test_the_histories_are_those_of_the_seeds_that_the_page_names() -> None:
    figures = json.loads(RESULTS.read_text(encoding="utf-8"))
    first, count = figures["seeds"][0], len(figures["seeds"])

    assert figures["seeds"] == list(range(first, first + count))
    assert set(figures["wrong_seeds"]) <= set(figures["seeds"])


def test_the_options_that_the_page_shows_exist() -> None:
    text = PAGE.read_text(encoding="utf-8")
    commands = re.findall(r"^\.venv.*$", text, re.MULTILINE)
    shown = set(re.findall(r"--[a-z]+", "".join(commands)))
    help_text = subprocess.run(
        [sys.executable, "-m", "tests.soak", "--help"],
        check=True,
        capture_output=True,
        text=True,
        cwd=PROJECT,
        timeout=60,
    ).stdout

    assert shown
    assert shown <= set(re.findall(r"--[a-z]+", help_text))
