# ruff: noqa: INP001  # run as a script
"""Writes the pages below docs/reference/ from what the code and the schemas say.

`python docs/generate_reference.py` rewrites them; with `--check` it only says which are
not as they should be.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generate import (
    ALL_STREAMS,
    README,
    UPSTREAMS,
    auth_methods,
    default_of,
    number_sources,
    settings,
    table,
)

from tap_purchase_orders.records.schemas import schema_of
from tap_purchase_orders.tap import TapPurchaseOrders

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tap_purchase_orders.streams import TapStream

REFERENCE = Path(__file__).resolve().parent / "reference"

_PACKAGE = "tap_purchase_orders"
_GENERATED = "<!-- Written by docs/generate_reference.py. -->"
_TYPES = {
    "array": "array",
    "boolean": "true or false",
    "integer": "whole number",
    "number": "number",
    "object": "object",
    "string": "text",
}
_HELP_COLUMNS = "80"
_SECONDS = 60
# What the members of a state mean; a path is missing here as soon as the README shows a
# state with another one.
_STATE_MEMBERS = {
    "orders.activity_read_until": "Up to when the activity log was followed. Only with "
    "`change_detection: activity_log`.",
    "orders.partitions[].context.customer_id": "The customer whose orders it is about.",
    "orders.partitions[].replication_key": "Always `creationDate`.",
    "orders.partitions[].replication_key_value": "The bookmark: the latest "
    "`creationDate` that was written, with all the digits that the upstream gave.",
    "orders.partitions[].last_read": "When the customer was last read. Only with "
    "`change_detection: activity_log`.",
    "orders.partitions[].ids": "A digest of the ids of all orders of the customer: it "
    "tells which have come, however old they are.",
    "orders.partitions[].highest_sequence": "The highest `sequence` of an order that "
    "is followed no more. Only where no followed order has a higher one.",
    "orders.partitions[].owed": "The streams that the next read has to bring complete. "
    "Only where something was added and not read yet.",
    "orders.partitions[].followed_orders": "The orders that are open or inside the "
    "window, by their ids: status, `sequence` of the last status change (negative if "
    "the status is not told by one), and a digest of what was emitted.",
    "orders.full_table_until": "Up to when every customer was taken whole whose turn "
    "it was. Only with `full_table_days`.",
    "orders.prices": "Orders with prices were written.",
    "orders.scope.streams": "The streams of orders that were selected; of each a "
    "digest of its fields and stream maps.",
    "orders.scope.include_price": "Prices were asked for.",
    "orders.scope.include_system_purchases": "Purchases by the system were asked for.",
    "orders.scope.start_date": "Orders created earlier were left out.",
    "orders.scope.customers": "A digest of `customer_ids`; null: all customers.",
    "purchase_orders.changes_read.source": "A digest of the number source and of its "
    "settings: another source starts anew.",
    "purchase_orders.changes_read.until": "The start of the last finished run: from "
    "then on changes are asked for. Only with a source that follows changes.",
    "purchase_orders.changes_read.since": "From when on changes were asked for at "
    "first, by `start_date`; null: from the beginning. An earlier one starts anew.",
    "purchase_orders.resume": "After an interruption, or when a budget was used up: "
    "how many numbers at the beginning of the list are written, a digest of these, "
    "when the run began (for a source that follows changes), and two more if the list "
    "began with other numbers since, or two runs in a row found no response: the rest "
    "is then asked for in the order of digests, which no change of the list touches. "
    "They are the number of that order, and the digest of the last number that is "
    "written. Null after a finished run.",
    "purchase_orders.streams": "The streams of purchase orders that were selected; of "
    "each a digest of its fields and stream maps.",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Rewrite or check the pages; return the exit status: 1 if a check fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing")
    parser.add_argument("folder", nargs="?", type=Path, default=REFERENCE)
    options = parser.parse_args(arguments)
    wanted = {options.folder / name: f"{text}\n" for name, text in pages()}
    found = set(options.folder.rglob("*.md"))
    stale = [
        path for path in wanted if path not in found or _text(path) != wanted[path]
    ]
    stale += found - wanted.keys()
    if options.check:
        for path in sorted(stale):
            name = path.relative_to(options.folder)
            sys.stderr.write(f"{name} is out of date: run {__file__}\n")
        return int(bool(stale))
    for path in stale:
        if path in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[path], encoding="utf-8")
        else:
            path.unlink()
    return 0


def pages() -> Iterator[tuple[str, str]]:
    """Yield each page: its place below docs/reference/, and its text."""
    found = TapPurchaseOrders(config=ALL_STREAMS).discover_streams()
    yield "index.md", _index()
    yield "settings.md", _settings()
    yield "commands.md", _commands()
    yield "exit-status.md", _exit_status()
    yield "state.md", _state()
    yield "streams/index.md", _streams(found)
    for stream in found:
        yield f"streams/{stream.name}.md", _stream(stream)


def _index() -> str:
    return _page(
        "Reference",
        "These pages are written from the code and the schemas by "
        "`python docs/generate_reference.py`, and a test fails when they drift.",
        table(
            ("Page", "What is in it"),
            (
                ("[Settings](settings.md)", "Each setting: name, type, default"),
                ("[Commands](commands.md)", "What `--help` prints"),
                (
                    "[Exit status and issues](exit-status.md)",
                    "How a run may end, and what it says about what it could not read",
                ),
                ("[State](state.md)", "Each member of the Singer state"),
                ("[Streams](streams/index.md)", "Each stream with all its fields"),
            ),
        ),
    )


def _settings() -> str:
    rows = [
        re.sub("`(.*?)`", lambda name: _breakable(name[1]), row, count=1)
        for row in settings().splitlines()
    ]
    head, rows = rows[:2], rows[2:]
    parts = []
    for section, name in UPSTREAMS.items():
        own = [row for row in rows if row.startswith(f"| `{section}.`")]
        rows = [row for row in rows if row not in own]
        parts += [f"## {name}", "\n".join([*head, *own])]
    return _page(
        "Settings",
        "A configuration file is JSON, with a section for each upstream; an upstream "
        "is read if its section is there. An unknown setting is a mistake, and each "
        "mistake has a line of its own before any request is made.",
        "The variable of a setting, for Meltano, is its name in capitals behind "
        "`TAP_PURCHASE_ORDERS_`, with underscores for dots: "
        "`partner_center.auth.method` is "
        "`TAP_PURCHASE_ORDERS_PARTNER_CENTER_AUTH_METHOD`. Without Meltano, "
        "`--config ENV` reads each section as JSON from one variable, such as "
        "`TAP_PURCHASE_ORDERS_APPZEN`.",
        "## For both",
        "\n".join([*head, *rows]),
        *parts,
        "## Auth methods",
        "What the section `auth` is made of. How to choose and set up each of them: "
        "[signing in](../sign-in.md).",
        auth_methods(),
        "## Number sources",
        "What `purchase_order_numbers` is made of: "
        "[where the numbers come from](../number-sources.md).",
        number_sources(),
    )


def _commands() -> str:
    parts = []
    # The tap itself first.
    for name in sorted(_commands_of_the_package(), reverse=True):
        parts += [f"## {name}", f"```text\n{_help(name)}\n```"]
    return _page(
        "Commands",
        "What each command prints with `--help`. The sandbox and the report need their "
        "extras: `pip install '.[sandbox,report]'` in a checkout.",
        *parts,
    )


def _exit_status() -> str:
    return _page(
        "Exit status and issues",
        "What could not be read is a row of "
        "[`extraction_issues`](streams/extraction_issues.md), and the exit status says "
        "whether something is missing. What to do about each kind: "
        "[reading issues](../how-to/issues.md).",
        "## Exit status",
        _readme_table("| Exit status |"),
        "## Kinds of issues",
        _readme_table("| Kind |"),
    )


def _state() -> str:
    example = next(
        json.loads(text)
        for text in re.findall(
            r"^```json\n(.*?)^```$", _text(README), re.DOTALL | re.MULTILINE
        )
        if '"bookmarks"' in text
    )
    return _page(
        "State",
        "The state has the SDK's partitioned form, one partition for each customer. It "
        "grows with the customers and with the open and recent orders, not with "
        "history: [how state stays small](../explanation/state.md). It holds ids, "
        "statuses, moments and digests; no credentials, and no other field of a "
        "record.",
        "Below `bookmarks`:",
        table(
            ("Member", "What it is"),
            (
                (f"`{path}`", _STATE_MEMBERS[path])
                for path in dict.fromkeys(_paths(example["bookmarks"]))
            ),
        ),
        "This one, of an interrupted run, has all there can be:",
        f"```json\n{json.dumps(example, indent=2)}\n```",
        "A state that cannot be read is a mistake that names the place, and the run "
        "ends with status 1 before anything is asked. Moments count as instants, in "
        "any spelling of ISO 8601 with a zone.",
    )


def _streams(found: Iterable[TapStream]) -> str:
    return _page(
        "Streams",
        "![The streams, with their keys and what belongs to what]"
        "(../../pictures/streams.svg)",
        "The fields shown are the key. A stream with a dashed border is not read "
        "unless that is asked for.",
        table(
            ("Stream", "From", "Default", "Rows"),
            (
                (
                    f"[`{stream.name}`]({stream.name}.md)",
                    _upstream(stream),
                    default_of(stream),
                    schema_of(stream.name)["description"],
                )
                for stream in found
            ),
        ),
        "`Default` says whether the stream is selected when nothing else is said; "
        "[selecting streams](../../how-to/streams.md) tells how to say it. Field names "
        "are the upstream's own. A header and its lines come from one response and "
        "bear the same `time_extracted`.",
    )


def _upstream(stream: TapStream) -> str:
    return UPSTREAMS.get(stream.upstream or "", "either")


def _stream(stream: TapStream) -> str:
    schema = schema_of(stream.name)
    keys = ", ".join(f"`{key}`" for key in stream.primary_keys)
    facts = {
        "Key": keys,
        "Replication": stream.replication_method,
        "From": _upstream(stream),
        "Selected by default": default_of(stream),
    }
    return _page(
        stream.name,
        schema["description"],
        "\n".join(f"* {name}: {fact}" for name, fact in facts.items()),
        "## Fields",
        table(
            ("Field", "Type", "What it is"),
            (
                (_breakable(path), _type(part), part["description"])
                for path, part in _fields(schema)
            ),
        ),
        "A field may be null unless its type says otherwise. A dot leads into an "
        "object, `[]` to the items of an array.",
    )


def _page(title: str, *parts: str) -> str:
    return "\n\n".join([f"# {title}", _GENERATED, *parts])


def _fields(
    schema: Mapping[str, Any], path: str = ""
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every field of a schema with its path, those within fields too."""
    for name, part in schema.get("properties", {}).items():
        yield f"{path}{name}", part
        yield from _fields(part, f"{path}{name}.")
        yield from _fields(part.get("items", {}), f"{path}{name}[].")


def _breakable(path: str) -> str:
    """Return a path that a narrow column may break behind its dots."""
    return "<wbr>".join(f"`{name}`" for name in re.findall(r"[^.]+\.?", path))


def _type(part: Mapping[str, Any]) -> str:
    """Return what a field may be, in few words."""
    given = part.get("type", [])
    names = [given] if isinstance(given, str) else given
    words = " or ".join(_TYPES[name] for name in names if name != "null") or "any JSON"
    if words == "array":
        words = f"array of {_type(part['items']).removesuffix(', never null')}"
    words = part.get("format", words)
    return words if "null" in names or not names else f"{words}, never null"


def _paths(value: Any, path: str = "") -> Iterator[str]:
    """Yield the paths of the members of a state; a described one is not entered."""
    if path in _STATE_MEMBERS or not isinstance(value, dict | list):
        yield path
    elif isinstance(value, list):
        for part in value:
            yield from _paths(part, f"{path}[]")
    else:
        for name, part in value.items():
            yield from _paths(part, f"{path}.{name}" if path else name)


def _readme_table(first: str) -> str:
    """Return the table of the README whose head begins with the given text."""
    text = _text(README)
    return text[text.index(first) :].partition("\n\n")[0]


def _commands_of_the_package() -> set[str]:
    return {
        point.name
        for point in entry_points(group="console_scripts")
        if point.value.startswith(f"{_PACKAGE}.")
    }


def _help(command: str) -> str:
    finished = subprocess.run(  # noqa: S603
        [Path(sys.executable).with_name(command), "--help"],
        check=True,
        capture_output=True,
        env={**os.environ, "COLUMNS": _HELP_COLUMNS, "NO_COLOR": "1"},
        text=True,
        timeout=_SECONDS,
    )
    return finished.stdout.rstrip()


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
