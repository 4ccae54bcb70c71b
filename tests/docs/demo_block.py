"""Holds README's block about `make demo` against what the demo has just printed."""

from __future__ import annotations

import re
import sys

from tests.docs.shell import PROJECT
from tests.docs.tutorial_page import first_difference

_BLOCK = re.compile(r"^```text\n(Sandbox .*?)^```$", re.DOTALL | re.MULTILINE)


def difference(readme: str, printed: str) -> str | None:
    """Return the first line of the block that the demo did not print in its place.

    Raises:
        ValueError: There is not one such block.
    """
    (block,) = _BLOCK.findall(readme)
    return first_difference(block, printed)


def main() -> int:
    """Compare; return the exit status: 1 if the block is out of date."""
    line = difference(
        (PROJECT / "README.md").read_text(encoding="utf-8"),
        (PROJECT / ".demo" / "printed.txt").read_text(encoding="utf-8"),
    )
    if line is not None:
        sys.stderr.write(f"README.md: `make demo` does not print: {line}\n")
    return int(line is not None)


if __name__ == "__main__":
    sys.exit(main())
