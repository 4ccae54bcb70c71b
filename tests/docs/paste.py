"""Pastes every shell block of the documents into a fresh clone: `make paste`.

The path of the clone has a space. Each page has a shell of its own, in which its blocks
are pasted one after another; where the page shows what they print, that is compared. At
the end there is a line for each block: what became of it, or why it cannot be pasted.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from demo.processes import end_on
from tests.docs.paste_rules import PAGES, Page, Rule
from tests.docs.shell import PROJECT, clone, not_ignored, open_shell
from tests.docs.tutorial_page import Step, first_difference, steps

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.docs.shell import Shell

# Pages of the site that are not in docs/.
_OUTSIDE = (
    "CONTRIBUTING.md",
    "README.md",
    "SECURITY.md",
    "benchmarks/README.md",
    "hub/README.md",
    "transform/README.md",
)
# What the others rely on is gone through first.
_FIRST = ("README.md", "docs/tutorial.md")
_AS_IT_STANDS = Rule("")
_LINES_SHOWN = 30


@dataclass(frozen=True, slots=True)
class Block:
    """A shell block of a document, and how it is pasted."""

    page: str
    step: Step
    rule: Rule

    @property
    def commands(self) -> str | None:
        """What is typed; None: nothing."""
        rule = self.rule
        if rule.is_as_it_stands:
            return self.step.commands
        if rule.instead is None:
            return None
        return rule.instead.replace("BLOCK\n", self.step.commands)


def blocks() -> dict[str, list[Block]]:
    """Return the shell blocks of all documents by page, in the order of pasting.

    Raises:
        ValueError: A rule fits no block of its page, or more than one.
    """
    found = {}
    for name in _pages():
        page_steps = list(steps((PROJECT / name).read_text(encoding="utf-8")))
        given = PAGES.get(name, Page())
        rules = given.rules
        if not given.shows_output:
            page_steps = [replace(step, shown=None) for step in page_steps]
        for rule in rules:
            count = sum(step.commands.startswith(rule.begins) for step in page_steps)
            if count != 1:
                msg = f"{name}: {count} blocks begin with {rule.begins!r}"
                raise ValueError(msg)
        if page_steps:
            found[name] = [Block(name, step, _rule(step, rules)) for step in page_steps]
    if strange := PAGES.keys() - found.keys():
        msg = f"no shell blocks are in {', '.join(sorted(strange))}"
        raise ValueError(msg)
    return found


def _pages() -> list[str]:
    in_docs = sorted(
        str(path.relative_to(PROJECT)) for path in (PROJECT / "docs").rglob("*.md")
    )
    rest = [name for name in (*_OUTSIDE, *in_docs) if name not in _FIRST]
    return [*_FIRST, *rest]


def _rule(step: Step, rules: Sequence[Rule]) -> Rule:
    fitting = (rule for rule in rules if step.commands.startswith(rule.begins))
    return next(fitting, _AS_IT_STANDS)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a block."""

    block: Block
    turn: int
    text: str
    is_failure: bool = False


@dataclass(frozen=True, slots=True)
class Round:
    """A clone, and how its documents are pasted."""

    project: Path
    notes: Path
    variables: dict[str, str]
    with_long: bool

    def go_through(self, name: str, page: list[Block]) -> Iterator[Outcome]:
        """Paste the blocks of a page into a shell; yield what becomes of each."""
        given = PAGES.get(name, Page())
        for turn in range(1, given.times + 1):
            notes = self.notes / f"{name.replace('/', '-')}-{turn}"
            notes.mkdir()
            try:
                with open_shell(self.project, notes, self.variables) as shell:
                    yield from self._paste(shell, given.before, page, turn)
            finally:
                self._end_sandboxes()
            if left := not_ignored(self.project):
                text = f"FAILED\nGit does not ignore what it makes: {left}"
                yield Outcome(page[-1], turn, text, is_failure=True)

    def _paste(
        self, shell: Shell, before: str, page: list[Block], turn: int
    ) -> Iterator[Outcome]:
        trouble = _trouble(shell, before, None) if before else None
        for block in page:
            commands = block.commands
            if commands is None or (block.rule.is_long and not self.with_long):
                yield Outcome(block, turn, f"not here: {block.rule.why}")
                continue
            if trouble:
                text = f"not reached: what comes before it failed\n{trouble}"
                yield Outcome(block, turn, text, is_failure=True)
                trouble = "the same"
                continue
            begun = time.monotonic()
            shown = block.step.shown if block.rule.is_as_it_stands else None
            if block.rule.before:
                trouble = _trouble(shell, block.rule.before, None)
            trouble = trouble or _trouble(shell, commands, shown)
            if trouble:
                yield Outcome(block, turn, f"FAILED\n{trouble}", is_failure=True)
                continue
            how = "as it stands" if block.rule.is_as_it_stands else block.rule.why
            seconds = time.monotonic() - begun
            yield Outcome(block, turn, f"pasted in {seconds:.0f} s: {how}")

    def _end_sandboxes(self) -> None:
        for path in self.project.glob("**/sandbox.pid"):
            with suppress(ProcessLookupError, ValueError):
                os.kill(int(path.read_text(encoding="utf-8")), signal.SIGTERM)
            path.unlink()


def _trouble(shell: Shell, commands: str, shown: str | None) -> str | None:
    ended_well, output = shell.run(commands)
    end = "\n".join(output.splitlines()[-_LINES_SHOWN:])
    if not ended_well:
        return f"{commands}\n{end}"
    if shown is not None and (line := first_difference(shown, output)) is not None:
        return f"{commands}\nnot printed in its place: {line}\n{end}"
    return None


def main(arguments: Sequence[str] | None = None) -> int:
    """Paste the blocks; return the exit status: 1 if any failed."""
    parser = argparse.ArgumentParser(prog="make paste", description=__doc__)
    parser.add_argument(
        "--python", default=sys.executable, help="what `python3` is in the shell"
    )
    parser.add_argument(
        "--long", action="store_true", help="paste those, too, that take minutes"
    )
    parser.add_argument(
        "--folder",
        type=Path,
        help="keep the clone here, and go on with the one that is here",
    )
    parser.add_argument("--list", action="store_true", help="paste nothing")
    parser.add_argument("pages", nargs="*", help="only these, such as README.md")
    options = parser.parse_args(arguments)
    end_on(signal.SIGINT, signal.SIGTERM)
    pages = blocks()
    if strange := set(options.pages) - pages.keys():
        parser.error(f"no shell blocks are in {', '.join(sorted(strange))}")
    if options.list:
        for block in (block for page in pages.values() for block in page):
            how = block.rule.why or "as it stands"
            print(f"{block.page}:{block.step.line}: {how}")
        return 0
    python = shutil.which(options.python)
    if python is None:
        parser.error(f"there is no {options.python}")
    chosen = {name: pages[name] for name in options.pages or pages}
    with tempfile.TemporaryDirectory(prefix="paste-") as directory:
        folder = options.folder or Path(directory)
        project = folder.absolute() / "a clone" / "tap-purchase-orders"
        clone(project)
        exclude = project / ".git" / "info" / "exclude"
        exclude.parent.mkdir(exist_ok=True)
        exclude.write_text(".reader/\n", encoding="utf-8")
        variables = shell_with(Path(python).absolute(), folder.absolute())
        python = _version(variables)
        paste = Round(project, Path(directory), variables, options.long)
        outcomes = []
        for name, page in chosen.items():
            for outcome in paste.go_through(name, page):
                outcomes.append(outcome)
                _show(outcome)
    return _sum_up(outcomes, python)


def shell_with(python: Path, folder: Path) -> dict[str, str]:
    """Return the variables of a shell in which `python3` is this one.

    Not by a link: a script such as those of pyenv goes by the name that it is called
    by, and would start another Python.
    """
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    for name in ("python", "python3"):
        program = programs / name
        program.unlink(missing_ok=True)
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(str(python))} "$@"\n')
        program.chmod(0o700)
    return {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}


def _version(variables: dict[str, str]) -> str:
    """Return the version that `python3` has in a shell."""
    done = subprocess.run(
        ["/bin/sh", "-c", "python3 --version"],
        check=True,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout.strip()


def _sum_up(outcomes: list[Outcome], python: str) -> int:
    failed = sum(outcome.is_failure for outcome in outcomes)
    pasted = sum(outcome.text.startswith("pasted") for outcome in outcomes)
    left_out = len(outcomes) - failed - pasted
    print(
        f"\n{len(outcomes)} blocks with {python}: {pasted} pasted, {left_out} cannot be"
        f" pasted here, {failed} failed"
    )
    return int(failed > 0)


def _show(outcome: Outcome) -> None:
    turn = "" if outcome.turn == 1 else f" (turn {outcome.turn})"
    place = f"{outcome.block.page}:{outcome.block.step.line}{turn}"
    print(f"{place}: {outcome.text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
