"""The pages beside the README, held against what they speak of."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest
import yaml

from tap_purchase_orders.settings.schema import settings_schema
from tap_purchase_orders.tap import TapPurchaseOrders

PROJECT = Path(__file__).resolve().parents[2]
DOCS = PROJECT / "docs"
PAGES = sorted(
    [*PROJECT.glob("*.md"), *PROJECT.glob("*/README.md"), *DOCS.rglob("*.md")]
)
HOW_TO = sorted((DOCS / "how-to").glob("*.md"))
STREAMS = {path.stem for path in (PROJECT / "schemas").glob("*.json")}
PROJECT_FILE = yaml.safe_load((PROJECT / "meltano.yml").read_text(encoding="utf-8"))
PLUG_INS = (PROJECT / "docs" / "plug-ins.md").read_text(encoding="utf-8")
SECURITY = (PROJECT / "SECURITY.md").read_text(encoding="utf-8")
EXAMPLE = PROJECT / "examples" / "plug-ins"
BLOCKS = re.findall(
    r"^```(toml|python)\n(.*?)^```$", PLUG_INS, re.DOTALL | re.MULTILINE
)
CODE = {
    path
    for folder in ("benchmarks", "demo", "docs", "orchestrate", "tests", "transform")
    for path in (PROJECT / folder).rglob("*.py")
} | {*(PROJECT / "tap_purchase_orders").rglob("*.py"), *EXAMPLE.rglob("*.py")}
HELD_BY = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", SECURITY)))


def is_one_of(paths: set[Path], name: str) -> bool:
    """Return whether a path ends as a name does, which may be a part of it."""
    parts = Path(name).parts
    return any(path.parts[-len(parts) :] == parts for path in paths)


def blocks(page: Path, language: str) -> list[str]:
    """Return the code blocks of a page in one language."""
    fence = re.compile(rf"^```{language}\n(.*?)^```$", re.DOTALL | re.MULTILINE)
    return fence.findall(page.read_text(encoding="utf-8"))


def sources(suffix: str) -> list[str]:
    """Return the texts of the example's files of a kind."""
    return [path.read_text(encoding="utf-8") for path in EXAMPLE.rglob(f"*.{suffix}")]


def functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(("language", "code"), BLOCKS)
def test_the_code_of_the_page_on_plug_ins_is_that_of_the_example(
    language: str, code: str
) -> None:
    suffix = {"toml": "toml", "python": "py"}[language]

    assert any(code in text for text in sources(suffix))


def test_the_page_on_plug_ins_shows_both_kinds_and_stays_short() -> None:
    shown = "".join(code for _, code in BLOCKS)

    assert "tap_purchase_orders.auth" in shown
    assert "tap_purchase_orders.number_sources" in shown
    assert len(PLUG_INS.splitlines()) < 50


@pytest.mark.parametrize(("path", "name"), HELD_BY)
def test_the_test_that_holds_a_promise_exists(path: str, name: str) -> None:
    assert name in functions(PROJECT / path)


def test_every_promise_names_the_test_that_holds_it() -> None:
    promised = SECURITY.partition("## What is promised")[2].partition("\n## ")[0]
    points = re.findall(r"^\* .*?(?=^\* |^$|\Z)", promised, re.DOTALL | re.MULTILINE)

    assert len(points) >= 10
    assert [point for point in points if "::test_" not in point] == []


def test_the_page_on_security_leads_to_nothing_that_is_missing() -> None:
    named = re.findall(r"`((?:constraints|tests|docs)/[\w./-]+?)(?:::\w+)?`", SECURITY)

    assert named
    assert [path for path in named if not (PROJECT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    text = re.sub(
        r"^```.*?^```$",
        "",
        page.read_text(encoding="utf-8"),
        flags=re.DOTALL | re.MULTILINE,
    )
    links = re.findall(r"\]\((?!https?:)([^)#]+)", text)
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_every_file_of_code_that_is_named_exists(page: Path) -> None:
    named = set(re.findall(r"`([\w./-]+\.py)`", page.read_text(encoding="utf-8")))

    assert [name for name in sorted(named) if not is_one_of(CODE, name)] == []


@pytest.mark.parametrize("page", HOW_TO, ids=lambda page: page.stem)
def test_the_settings_shown_exist(page: Path) -> None:
    schema = settings_schema()
    TapPurchaseOrders.append_builtin_config(schema)
    for shown in map(json.loads, blocks(page, "json")):
        assert shown.keys() <= schema["properties"].keys()
        assert shown.get("stream_maps", {}).keys() <= STREAMS
        for section in ("shard", "partner_center", "appzen"):
            known = schema["properties"][section]["properties"]
            assert shown.get(section, {}).keys() <= known.keys()


@pytest.mark.parametrize("page", HOW_TO, ids=lambda page: page.stem)
def test_the_streams_selected_exist(page: Path) -> None:
    for shown in map(yaml.safe_load, blocks(page, "yaml")):
        for extractor in shown.get("plugins", {}).get("extractors", ()):
            rules = [rule.strip("!").split(".") for rule in extractor["select"]]
            assert rules
            assert {stream for stream, _ in rules} <= STREAMS


@pytest.mark.parametrize(
    "page", [*HOW_TO, DOCS / "tutorial.md"], ids=lambda page: page.stem
)
def test_the_jobs_schedules_and_plugins_named_exist(page: Path) -> None:
    plugins = [plugin for kind in PROJECT_FILE["plugins"].values() for plugin in kind]
    parts = [*plugins, *PROJECT_FILE["jobs"], *PROJECT_FILE["schedules"]]
    known = {part["name"] for part in parts}
    for command in re.findall(
        r"meltano (?:schedule )?run((?: [\w=$-]+)+)", "".join(blocks(page, "shell"))
    ):
        named = {word for word in command.split() if not word.startswith("-")}
        assert named <= known
