"""The table of blocks that `make paste` goes by, and what it notices."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.docs.paste import Block, Outcome, Round, blocks, shell_with
from tests.docs.paste_rules import PAGES, Page, Rule
from tests.docs.shell import PROJECT
from tests.docs.tutorial_page import Step, steps

if TYPE_CHECKING:
    from pathlib import Path

ALL = [block for page in blocks().values() for block in page]
PASTED = [block for block in ALL if block.commands is not None]


def place(block: Block) -> str:
    return f"{block.page}:{block.step.line}"


def test_every_block_of_readme_and_docs_is_pasted_or_has_a_reason() -> None:
    pages = [PROJECT / "README.md", *(PROJECT / "docs").rglob("*.md")]
    fences = sum(
        len(re.findall(r"^ *```(?:shell|sh|bash|console)$", text, re.MULTILINE))
        for text in (page.read_text(encoding="utf-8") for page in pages)
    )

    assert len([b for b in ALL if b.page.startswith(("README", "docs/"))]) == fences
    assert [place(b) for b in ALL if b.commands is None and not b.rule.why] == []
    assert len(PASTED) > len(ALL) * 2 / 3


@pytest.mark.parametrize("block", ALL, ids=place)
def test_a_block_has_no_comment_that_some_shells_take_for_words(block: Block) -> None:
    commands = block.step.commands
    # zsh at a prompt passes `# ...` on as arguments. A script is not pasted.
    if not commands.startswith("#!"):
        assert re.findall(r"(?:^|\s)#.*$", commands, re.MULTILINE) == []


@pytest.mark.parametrize("block", PASTED, ids=place)
def test_what_is_pasted_has_no_placeholders(block: Block) -> None:
    assert block.commands
    assert "..." not in block.commands


# Programs that no reader has before a page, or one that it leads to, installs them.
INSTALLED = {
    r"^(?:\w+=\S+ )*(?:dbt|meltano|psql|superset|tap-purchase|purchase-orders-)": (
        r"PATH=|/activate$"
    ),
    r"^\.venv[\w-]*/bin/": r"^make ",
}


@pytest.mark.parametrize("page", blocks())
def test_what_a_page_runs_is_installed_before(page: str) -> None:
    given = PAGES.get(page, Page())
    pasted = (b.rule.before + (b.commands or "") for b in blocks()[page])
    typed = given.before + "".join(pasted)

    for program, installs in INSTALLED.items():
        if first := re.search(program, typed, re.MULTILINE):
            assert re.search(installs, typed[: first.start()], re.MULTILINE)


def paste(tmp_path: Path, *page: Block) -> list[Outcome]:
    project, notes = tmp_path / "a clone", tmp_path / "notes"
    project.mkdir()
    notes.mkdir()
    subprocess.run(["git", "init", "--quiet"], check=True, cwd=project, timeout=60)
    return list(Round(project, notes, {}, with_long=False).go_through("x.md", [*page]))


def block(commands: str, shown: str | None = None, rule: Rule | None = None) -> Block:
    return Block("x.md", Step(commands, shown, 1), rule or Rule(""))


def test_what_fails_or_is_not_as_shown_is_noticed(tmp_path: Path) -> None:
    good, left_out, other, after = paste(
        tmp_path,
        block("place=$PWD; echo one", "one\n"),
        block("exit 3", rule=Rule("exit", "it would end the shell")),
        block('test "$PWD" = "$place"; echo two', "three\n"),
        block("echo four"),
    )

    assert good.text.endswith("as it stands")
    assert left_out.text == "not here: it would end the shell"
    assert not left_out.is_failure
    assert other.is_failure
    assert "not printed in its place: three" in other.text
    assert after.is_failure


def test_a_command_that_fails_is_shown_with_what_it_printed(tmp_path: Path) -> None:
    (outcome,) = paste(tmp_path, block("echo before\nfalse\necho after"))

    assert outcome.is_failure
    assert "before" in outcome.text.splitlines()
    assert "after" not in outcome.text.splitlines()


def test_a_file_that_git_would_take_is_noticed(tmp_path: Path) -> None:
    outcomes = paste(tmp_path, block("echo secret > config.txt"))

    assert [outcome.is_failure for outcome in outcomes] == [False, True]
    assert "config.txt" in outcomes[1].text


def test_the_python_of_the_shell_is_started_by_its_own_name(tmp_path: Path) -> None:
    # As pyenv's: what it starts depends on how it is called.
    script = tmp_path / "python3.99"
    script.write_text('#!/bin/sh\necho "${0##*/}" "$@"\n')
    script.chmod(0o700)

    variables = shell_with(script, tmp_path)
    done = subprocess.run(
        ["/bin/sh", "-c", "python3 -m venv; python 'two words'"],
        check=True,
        capture_output=True,
        env={**os.environ, **variables},
        text=True,
        timeout=60,
    )

    assert done.stdout == "python3.99 -m venv\npython3.99 two words\n"


def test_the_list_names_each_block_once() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.docs.paste", "--list"],
        check=True,
        capture_output=True,
        cwd=PROJECT,
        text=True,
        timeout=60,
    )

    assert [line.partition(": ")[0] for line in done.stdout.splitlines()] == [
        place(block) for block in ALL
    ]


def test_a_block_within_a_list_and_one_with_prompts_are_read() -> None:
    page = "1. First\n\n   ```shell\n   echo a\n   ```\n\n```console\n$ echo b\n```\n"

    assert [step.commands for step in steps(page)] == ["echo a\n", "echo b\n"]
