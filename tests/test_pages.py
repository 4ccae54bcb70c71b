"""The pages beside the README, held against what they speak of."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
PLUG_INS = (PROJECT / "docs" / "plug-ins.md").read_text(encoding="utf-8")
SECURITY = (PROJECT / "SECURITY.md").read_text(encoding="utf-8")
EXAMPLE = PROJECT / "examples" / "plug-ins"
BLOCKS = re.findall(
    r"^```(toml|python)\n(.*?)^```$", PLUG_INS, re.DOTALL | re.MULTILINE
)
HELD_BY = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", SECURITY)))


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
