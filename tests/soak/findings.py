"""What was found to be wrong."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be.

    Attributes:
        kind: What sort of thing.
        stream: The table, if it is about one.
        key: The key of the row.
        expected: What should be there.
        found: What is there.
        when: The run after which it was noticed.
    """

    kind: str
    stream: str = ""
    key: tuple[Any, ...] = ()
    expected: Any = None
    found: Any = None
    when: str = ""

    def as_text(self) -> str:
        """Return a line or a few."""
        place = " ".join(filter(None, (self.stream, "/".join(map(str, self.key)))))
        lines = [f"{self.kind}: {place} (after {self.when})"]
        if self.expected is not None or self.found is not None:
            lines += [f"    expected {self.expected}", f"    found    {self.found}"]
        return "\n".join(lines)


@dataclass(slots=True)
class Findings:
    """All that was found in one history, and how much was looked at.

    Attributes:
        found: What is wrong.
        compared: How many keys were compared, by stream.
    """

    found: list[Finding] = field(default_factory=list)
    compared: Counter[str] = field(default_factory=Counter)


def difference(
    expected: dict[str, Any], found: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the members in which two rows differ, of each."""
    names = [name for name in expected if expected[name] != found.get(name)]
    return (
        {name: expected[name] for name in names},
        {name: found.get(name) for name in names},
    )
