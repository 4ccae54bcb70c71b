# ruff: noqa: INP001  # run as a script
"""Writes the tables of docs/explanation/ that come from runs against the sandbox.

`python docs/generate_examples.py` rewrites them; with `--check` it only says which page
is not as it should be.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
from generate import table

from tap_purchase_orders.sandbox.process import Sandbox

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PAGES = Path(__file__).resolve().parent / "explanation"

_DAYS = (0, 1, 3, 7, 14)
_FIRST_DAY = "2026-03-02T08:00:00Z"
_DAY_SECONDS = 86_400
# Customers, and orders of each in the long run.
_SIZES = ((50, 6), (50, 60), (200, 6))
_SECONDS = 60
_BLOCK = re.compile(
    r"(?P<begin><!-- generated: (?P<name>[a-z ]+) -->\n).*?(?P<end><!-- end -->)",
    re.DOTALL,
)

Order = dict[str, Any]


@dataclass(slots=True)
class PlainReader:
    """Reads what the usual incremental stream does: orders behind its bookmark.

    Attributes:
        statuses: What its warehouse holds, by the order's id.
        bookmark: The latest `creationDate` that it has seen.
    """

    statuses: dict[str, str] = field(default_factory=dict)
    bookmark: str = ""

    def read(self, orders: Sequence[Order]) -> int:
        """Take in the new orders; return how many there were."""
        new = [order for order in orders if order["creationDate"] > self.bookmark]
        self.statuses |= {order["id"]: order["status"] for order in new}
        self.bookmark = max(order["creationDate"] for order in orders)
        return len(new)


@dataclass(slots=True)
class TapReader:
    """The tap itself, with its state.

    Attributes:
        settings: The tap's settings.
        environment: What its environment needs besides.
        statuses: What its warehouse holds, by the order's id.
        state: What the last run left.
    """

    settings: Mapping[str, Any]
    environment: Mapping[str, str]
    statuses: dict[str, str] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)

    def read(self) -> int:
        """Run the tap once; return how many orders it emitted."""
        with tempfile.TemporaryDirectory() as folder:
            config, state = Path(folder, "config.json"), Path(folder, "state.json")
            config.write_text(json.dumps(self.settings), encoding="utf-8")
            state.write_text(json.dumps(self.state), encoding="utf-8")
            command = [sys.executable, "-m", "tap_purchase_orders"]
            run = subprocess.run(  # noqa: S603
                [*command, "--config", config, "--state", state],
                check=True,
                env={**os.environ, **self.environment},
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=_SECONDS,
            )
        count = 0
        for message in map(json.loads, run.stdout.splitlines()):
            if message["type"] == "STATE":
                self.state = message["value"]
            elif message.get("record") and message["stream"] == "orders":
                count += 1
                order = message["record"]
                self.statuses[order["id"]] = order["status"]
        return count


def main() -> int:
    """Rewrite or check the pages; return the exit status: 1 if a check fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing")
    options = parser.parse_args()
    tables = {**two_readers(), "state sizes": state_sizes()}
    status = 0
    for page in sorted(PAGES.glob("*.md")):
        before = page.read_text(encoding="utf-8")
        after = _rewritten(before, tables)
        if before == after:
            continue
        if options.check:
            sys.stderr.write(f"{page.name} is out of date: run {__file__}\n")
            status = 1
        else:
            page.write_text(after, encoding="utf-8")
    return status


def _rewritten(text: str, tables: Mapping[str, str]) -> str:
    """Return a text with these tables in their blocks; other blocks stay."""
    return _BLOCK.sub(
        lambda block: (
            f"{block['begin']}\n{tables[block['name']]}\n\n{block['end']}"
            if block["name"] in tables
            else block[0]
        ),
        text,
    )


def state_sizes() -> str:
    """Return how large the state is over partners of several sizes."""
    rows = []
    for customers, orders in _SIZES:
        world = Sandbox(
            customers=customers,
            orders_per_customer=orders,
            purchase_orders=1,
            now=_FIRST_DAY,
            freeze_clock=True,
        )
        with world as sandbox:
            tap = TapReader(_partner_center(sandbox.settings), sandbox.environment)
            emitted = tap.read()
        partitions = tap.state["bookmarks"]["orders"]["partitions"]
        followed = sum(len(part.get("followed_orders", {})) for part in partitions)
        size = len(json.dumps(tap.state, separators=(",", ":")))
        rows.append((customers, emitted, followed, size))
    return table(
        ("Customers", "Orders read", "Orders followed", "State, in bytes"),
        ([f"{number:,}" for number in row] for row in rows),
    )


def two_readers() -> dict[str, str]:
    """Return what a plain bookmark and the tap made of the same orders, in tables."""
    world = Sandbox(
        customers=2,
        orders_per_customer=3,
        purchase_orders=1,
        now=_FIRST_DAY,
        freeze_clock=True,
    )
    plain = PlainReader()
    days: list[tuple[str, ...]] = []
    history: dict[str, list[str]] = defaultdict(lambda: ["" for _ in _DAYS])
    with world as sandbox:
        tap = TapReader(_partner_center(sandbox.settings), sandbox.environment)
        for index, day in enumerate(_DAYS):
            sandbox.advance((day - _DAYS[max(index - 1, 0)]) * _DAY_SECONDS)
            orders = _true_orders(sandbox)
            for order in orders:
                history[order["id"]][index] = order["status"]
            found, emitted = plain.read(orders), tap.read()
            wrong = [
                sum(held[order["id"]] != order["status"] for order in orders)
                for held in (plain.statuses, tap.statuses)
            ]
            counts = (day, len(orders), found, wrong[0], emitted, wrong[1])
            days.append(tuple(map(str, counts)))
    return {
        "days": table(
            (
                "Day",
                "Orders there are",
                "A plain bookmark emits",
                "and has wrong",
                "The tap emits",
                "and has wrong",
            ),
            days,
        ),
        "orders": table(
            ("Order", *(f"Day {day}" for day in _DAYS), "With the plain bookmark"),
            (
                (f"`{name[:4]}`", *_steps(statuses), f"`{plain.statuses[name]}`")
                for name, statuses in history.items()
                if len(set(statuses)) > 1
            ),
        ),
    }


def _steps(statuses: Sequence[str]) -> list[str]:
    """Return what to show for each day: a status where it is another one."""
    before = ["", *statuses]
    return [
        f"`{status}`" if status != earlier else ("&#8594;" if status else "")
        for earlier, status in zip(before, statuses, strict=False)
    ]


def _partner_center(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in settings.items() if name != "appzen"}


def _true_orders(sandbox: Sandbox) -> list[Order]:
    """Return what a perfect reader would read now."""
    with requests.Session() as session:
        # No proxy and no other certificates for a server on this machine.
        session.trust_env = False
        session.verify = sandbox.environment["REQUESTS_CA_BUNDLE"]
        answer = session.get(f"{sandbox.control_url}/truth/orders", timeout=_SECONDS)
    answer.raise_for_status()
    orders: list[Order] = answer.json()
    return orders


if __name__ == "__main__":
    sys.exit(main())
