"""The table of other people's clients says what `make clients` tests, and no more."""

from __future__ import annotations

from pathlib import Path

from tests.clients.client_cases import CASES, PROGRAMS, table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "sandbox.md"


def test_the_table_and_the_suite_are_in_step() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    start = lines.index("## Other people's clients")
    rows = [line for line in lines[start:] if line.startswith("|")]
    first = next(n for n, line in enumerate(lines[start:]) if line.startswith("|"))

    assert rows[: len(table())] == table()
    after = lines[start + first + len(table())]
    assert not after.startswith("|")


def test_every_program_is_run() -> None:
    helpers = {"reach.py", "reach.cjs", "token_of_adal.py"}
    there = {path.name for path in PROGRAMS.iterdir() if path.is_file()}

    assert there - helpers == {case.program for case in CASES}
