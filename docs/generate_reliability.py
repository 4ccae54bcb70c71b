# ruff: noqa: INP001  # run as a script
"""Writes the tables of docs/reliability.md from the results of a soak.

`python docs/generate_reliability.py` rewrites them; with `--check` it only says whether
the page is as it should be.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

from generate import table

_DOCS = Path(__file__).resolve().parent
PAGE = _DOCS / "reliability.md"
RESULTS = _DOCS.parent / "tests" / "soak" / "results.json"
_BLOCK = re.compile(
    r"(?P<begin><!-- generated: (?P<name>[a-z ]+) -->\n).*?(?P<end><!-- end -->)",
    re.DOTALL,
)


def main() -> int:
    """Rewrite or check the page; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("page", type=Path, nargs="?", default=PAGE)
    arguments = parser.parse_args()
    results = json.loads(arguments.results.read_text(encoding="utf-8"))
    tables = tables_of(results)
    old = arguments.page.read_text(encoding="utf-8")
    new = _BLOCK.sub(
        lambda block: f"{block['begin']}\n{tables[block['name']]}\n\n{block['end']}",
        old,
    )
    if arguments.check:
        if new != old:
            print(  # noqa: T201
                f"{arguments.page.name} is out of date: run {Path(__file__).name}",
                file=sys.stderr,
            )
        return int(new != old)
    arguments.page.write_text(new, encoding="utf-8")
    return 0


def tables_of(results: dict[str, Any]) -> dict[str, str]:
    """Return the tables by their names."""
    seeds = results["seeds"]
    runs = results["runs"]
    summary = [
        ("Day", results["day"]),
        ("Seeds", f"{len(seeds)} ({seeds[0]} to {seeds[-1]})"),
        ("Of these under Meltano", _number(len(results["under_meltano"]))),
        ("Left out", ", ".join(results["left_out"]) or "nothing"),
        ("Runs", _number(runs.get("good", 0) + runs.get("failed", 0))),
        (
            "Runs that failed, by faults, kills or otherwise",
            _number(runs.get("failed", 0)),
        ),
        (
            "Runs that waited for a full one",
            _number(runs.get("overlapping", 0)),
        ),
        ("Faults", _number(sum(results["faults"].values()))),
        ("Kills", _number(sum(results["kills"].values()))),
        ("Keys compared", _number(sum(results["compared"].values()))),
        ("First steps seen anew, for want of a state", _number(results["seen_anew"])),
        ("**Wrong or lost**", f"**{_number(sum(results['wrong'].values()))}**"),
        ("Seeds with anything wrong", _number(len(results["wrong_seeds"]))),
    ]
    return {
        "soak summary": table(("", "Soak"), summary),
        "soak compared": _counts("Stream", "Keys compared", results["compared"]),
        "soak wrong": _counts("What", "How often", results["wrong"]),
        "soak faults": _counts(
            "Fault or kill", "How often", results["faults"] | results["kills"]
        ),
    }


def _counts(what: str, how_often: str, counts: dict[str, int]) -> str:
    if not counts:
        return "Nothing."
    rows = [(name, _number(count)) for name, count in counts.items()]
    return table((what, how_often), rows)


def _number(count: int) -> str:
    return f"{count:,}"


if __name__ == "__main__":
    sys.exit(main())
