"""The blocks of a page that a reader types, and what has to come out of them."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
_PROMPT = re.compile(r"^\$ ", re.MULTILINE)
_LEFT_OUT = "..."


@dataclass(frozen=True, slots=True)
class Step:
    """Commands, and the output that the page shows below them.

    Attributes:
        commands: What is typed.
        shown: The lines that come out, with `...` for what is left out, in a line or
            between lines. None if the page shows nothing.
        line: Where the commands begin in the page.
    """

    commands: str
    shown: str | None
    line: int


def steps(page: str) -> Iterator[Step]:
    """Yield the steps of a page in their order."""
    blocks = list(_BLOCK.finditer(page))
    for block, after in zip(blocks, [*blocks[1:], None], strict=False):
        _, language, text = block.groups()
        if language in {"shell", "console"}:
            is_shown = after is not None and after[2] == "text"
            shown = after[3] if after and is_shown else None
            commands = _PROMPT.sub("", textwrap.dedent(text))
            yield Step(commands, shown, page.count("\n", 0, block.start()) + 2)


def first_difference(shown: str, output: str) -> str | None:
    """Return the first shown line that the output does not have in its place.

    Returns:
        None if the output is what is shown.
    """
    lines = [line.rstrip() for line in output.splitlines()]
    place, may_skip = 0, False
    for line in map(str.rstrip, shown.splitlines()):
        if line == _LEFT_OUT:
            may_skip = True
            continue
        wanted = re.compile(".*".join(map(re.escape, line.split(_LEFT_OUT))))
        candidates = range(
            place, len(lines) if may_skip else min(place + 1, len(lines))
        )
        found = next((at for at in candidates if wanted.fullmatch(lines[at])), None)
        if found is None:
            return line
        place, may_skip = found + 1, False
    return None if may_skip or place == len(lines) else f"nothing more: {lines[place]}"
