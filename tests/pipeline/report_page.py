"""The report, written as users have it written, and read as a page."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.pipeline.postgres import Postgres

PROGRAM = Path(sys.executable).with_name("purchase-orders-report")
AS_OF = "2027-01-01T00:00:00Z"
NOTHING = "\N{EN DASH}"
_SECONDS = 60
# Elements that have no end.
_VOID = {"meta", "link", "wbr"}
# Elements and classes whose text counts.
_COLLECTED = {"td", "th", "h1", "h2", "h3", "dd", "note", "behind", "name", "value"}


def run_report(
    *arguments: str | Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the command with nothing in its environment but what is given."""
    return subprocess.run(
        [PROGRAM, *arguments],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )


def variables(postgres: Postgres) -> dict[str, str]:
    """Return the variables by which target-postgres reaches a server."""
    settings = {
        f"TARGET_POSTGRES_{name.upper()}": value
        for name, value in postgres.settings.items()
    }
    return {"TARGET_POSTGRES_SSL_MODE": "disable", **settings}


def write_report(
    postgres: Postgres,
    schema: str,
    path: Path,
    *options: str,
    said: str = "",
    as_of: str = AS_OF,
) -> Page:
    """Write the report on a schema; return it, read.

    Args:
        postgres: The server.
        schema: The schema.
        path: Where the page goes.
        options: More options.
        said: What the command must say on standard error.
        as_of: The moment that ages count to.
    """
    done = run_report(
        f"--schema={schema}",
        f"--output={path}",
        f"--as-of={as_of}",
        *options,
        **variables(postgres),
    )
    assert done.stderr == said
    assert done.returncode == 0
    assert done.stdout == f"{path}\n"
    return Page.of(path.read_text(encoding="utf-8"))


@dataclass
class Page:
    """What stands in a page.

    Attributes:
        text: The whole page.
        tables: By id, the rows of each table as texts, the headings first.
        exact: The same with all digits of each number.
        notes: By the id of the section, its notes.
        cards: By its name, the texts of each big figure.
        headings: The level and text of each heading.
        charts: The ids of the charts.
        facts: What the head says.
    """

    text: str
    tables: dict[str, list[list[str]]] = field(default_factory=dict)
    exact: dict[str, list[list[str]]] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)
    cards: dict[str, list[str]] = field(default_factory=dict)
    headings: list[tuple[int, str]] = field(default_factory=list)
    charts: list[str] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, text: str) -> Page:
        """Return a page, read."""
        reader = _Reader(cls(text))
        reader.feed(text)
        reader.close()
        assert reader.stack == []
        return reader.page

    def column(self, table: str, heading: str) -> list[str]:
        """Return the texts of a column."""
        headings, *rows = self.tables[table]
        place = headings.index(heading)
        return [row[place] for row in rows]

    def exact_rows(self, table: str) -> list[list[str]]:
        """Return the rows of a table with all digits, without its headings."""
        return self.exact[table][1:]

    def rows(self, table: str) -> list[list[str]]:
        """Return the rows of a table, without its headings."""
        return self.tables[table][1:]


class _Reader(HTMLParser):
    """Fills a page; fails if an element ends that has not begun."""

    def __init__(self, page: Page) -> None:
        super().__init__(convert_charrefs=True)
        self.page = page
        self.stack: list[str] = []
        self._section = self._table = self._card = ""
        # What is being collected, as of which depth, and into what.
        self._kind, self._depth = "", 0
        self._texts: list[str] = []
        self._value = ""

    @override
    def handle_starttag(
        self, tag: str, attrs: Sequence[tuple[str, str | None]]
    ) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag in _VOID:
            return
        self.stack.append(tag)
        if tag == "section":
            self._section = found.get("id", "")
        elif tag == "figure":
            self.page.charts.append(found["id"])
        elif tag == "table":
            self._table = found["id"]
            self.page.tables[self._table] = []
            self.page.exact[self._table] = []
        elif tag == "tr":
            self.page.tables[self._table].append([])
            self.page.exact[self._table].append([])
        elif tag in {"td", "th"}:
            self._value = found.get("data-value", "")
        css_class = found.get("class", "").removesuffix(" warning")
        kind = tag if tag in _COLLECTED else css_class
        if not self._kind and kind in _COLLECTED:
            self._kind, self._depth, self._texts = kind, len(self.stack), []

    @override
    def handle_data(self, data: str) -> None:
        self._texts.append(data)

    @override
    def handle_endtag(self, tag: str) -> None:
        if self._kind and len(self.stack) == self._depth:
            self._keep(" ".join("".join(self._texts).split()))
            self._kind = ""
        assert self.stack.pop() == tag

    def _keep(self, text: str) -> None:
        match self._kind:
            case "td" | "th":
                self.page.tables[self._table][-1].append(text)
                self.page.exact[self._table][-1].append(self._value or text)
            case "h1" | "h2" | "h3":
                self.page.headings.append((int(self._kind[1]), text))
            case "dd":
                self.page.facts.append(text)
            case "note" | "behind":
                self.page.notes.setdefault(self._section, []).append(text)
            case "name":
                self._card = text
                self.page.cards[text] = []
            case "value":
                self.page.cards[self._card].append(text)
