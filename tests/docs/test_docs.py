"""What the documentation says, held against the code."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tap_purchase_orders.incremental.state import State
from tap_purchase_orders.incremental.statuses import is_moving
from tap_purchase_orders.records.issues import UNREAD_KINDS
from tap_purchase_orders.records.schemas import schema_of
from tap_purchase_orders.settings.load import load_settings
from tap_purchase_orders.settings.schema import settings_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).resolve().parents[2]
README = PROJECT / "README.md"
TEXT = README.read_text(encoding="utf-8")
DOCS = PROJECT / "docs"
GENERATOR = DOCS / "generate.py"
QUOTAS = DOCS / "explanation" / "quotas.md"
SPEED = DOCS / "explanation" / "speed.md"
TROUBLESHOOTING = PROJECT / "docs" / "troubleshooting.md"


def generate(
    *arguments: str | Path, generator: Path = GENERATOR
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, generator, *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=280,
    )


def examples(language: str) -> Iterator[str]:
    """Yield the code blocks of the README in one language."""
    fence = re.compile(rf"^```{language}\n(.*?)^```$", re.DOTALL | re.MULTILINE)
    yield from fence.findall(TEXT)


def documents() -> list[dict[str, Any]]:
    """Return the JSON objects that the README shows."""
    return list(map(json.loads, examples("json")))


def configurations() -> list[dict[str, Any]]:
    """Return the configurations of the tap that the README shows."""
    return [
        document
        for document in documents()
        if document.keys() & {"partner_center", "appzen"}
    ]


def texts_in(node: ast.AST) -> set[str]:
    return {
        part.value
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    }


def kinds_given_in(tree: ast.AST) -> Iterator[str]:
    """Yield the texts of a module that stand where the kind of an issue is given."""
    for node in ast.walk(tree):
        match node:
            case ast.keyword(arg="kind", value=value):
                yield from texts_in(value)
            case ast.Call(
                func=ast.Name(id="RequestFailure" | "_failure" | "_line_issue"),
                args=[first, *_],
            ):
                yield from texts_in(first)
            case ast.Assign(
                targets=[ast.Name(id="kind" | "_KINDS" | "UNREAD_KINDS")], value=value
            ):
                yield from texts_in(value)
            case _:
                pass


@pytest.mark.parametrize(
    "page", [README, QUOTAS, SPEED, TROUBLESHOOTING], ids=lambda page: page.name
)
def test_the_generated_tables_are_what_the_code_says(page: Path) -> None:
    check = generate("--check", page)
    assert check.returncode == 0, check.stderr


def test_every_generated_table_of_the_readme_has_an_end() -> None:
    assert len(re.findall("<!-- generated: ", TEXT)) == len(
        re.findall("<!-- end -->", TEXT)
    )


def test_a_table_that_drifted_is_noticed_and_mended(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(TEXT.replace("INCREMENTAL |", "SOMETIMES |"), encoding="utf-8")
    check = generate("--check", page)
    assert check.returncode == 1
    assert "page.md is out of date" in check.stderr
    assert generate(page).returncode == 0
    assert page.read_text(encoding="utf-8") == TEXT


def test_the_pages_of_reference_are_what_the_code_says() -> None:
    check = generate("--check", generator=DOCS / "generate_reference.py")
    assert check.returncode == 0, check.stderr


def test_a_page_of_reference_that_drifted_is_noticed_and_mended(tmp_path: Path) -> None:
    generator = DOCS / "generate_reference.py"
    pages = tmp_path / "reference"
    shutil.copytree(DOCS / "reference", pages)
    changed, gone, unknown = (
        pages / f"{name}.md" for name in ("state", "index", "old")
    )
    text = changed.read_text(encoding="utf-8")
    changed.write_text(text.replace("bookmark", "book"), encoding="utf-8")
    gone.unlink()
    unknown.touch()
    check = generate("--check", pages, generator=generator)
    assert check.returncode == 1
    assert [line.partition(" ")[0] for line in check.stderr.splitlines()] == [
        "index.md",
        "old.md",
        "state.md",
    ]
    assert generate(pages, generator=generator).returncode == 0
    assert changed.read_text(encoding="utf-8") == text
    assert gone.exists()
    assert not unknown.exists()


def test_the_examples_are_what_runs_against_the_sandbox_do() -> None:
    check = generate("--check", generator=DOCS / "generate_examples.py")
    assert check.returncode == 0, check.stderr


def test_every_make_target_that_is_named_exists() -> None:
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    commands = re.findall(r"(?:^|`)make ((?:[a-z]+ ?)+)", TEXT, re.MULTILINE)
    named = {target for command in commands for target in command.split()}
    assert {"demo", "test"} <= named <= targets


def test_the_configurations_shown_can_be_used() -> None:
    shown = configurations()
    assert shown
    for configuration in shown:
        settings = load_settings(configuration, settings_schema())
        assert settings.partner_center or settings.appzen


def test_the_state_shown_is_read_and_written_as_it_stands() -> None:
    shown = [document for document in documents() if "bookmarks" in document]
    assert shown
    for value in shown:
        state = State(value)
        assert state.value() == value
        partitions = value["bookmarks"]["orders"]["partitions"]
        for partition in partitions:
            customer_bookmark = state.customer(partition["context"]["customer_id"])
            assert customer_bookmark.bookmark
            assert (
                customer_bookmark.tracked.keys() == partition["followed_orders"].keys()
            )
        assert state.resume_point


def test_the_table_of_issue_kinds_names_what_the_code_produces() -> None:
    rows = re.findall(r"^\| `(\w+)` \| [^|]* \| ([01]) \|$", TEXT, re.MULTILINE)
    modules = [
        path
        for folder in ("http", "clients", "records", "extraction")
        for path in (PROJECT / "tap_purchase_orders" / folder).glob("*.py")
    ]
    produced = {
        kind
        for path in modules
        for kind in kinds_given_in(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert {kind for kind, _ in rows} == produced
    assert {kind for kind, status in rows if status == "1"} == UNREAD_KINDS
    described = schema_of("extraction_issues")["properties"]["kind"]["description"]
    assert produced == set(re.findall(r"`(\w+)`", described))


def test_the_statuses_at_rest_are_those_that_the_code_does_not_follow() -> None:
    changes = schema_of("order_status_changes")["properties"]["status"]
    documented = set(re.findall(r"`(\w+)`", changes["description"]))
    sentence = re.search(
        r"at rest\s+when it is (.*?), or has no status", TEXT, re.DOTALL
    )
    assert sentence
    named = set(re.findall(r"`(\w+)`", sentence[1]))
    assert named == {status for status in documented if not is_moving(status)}
