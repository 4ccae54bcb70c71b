"""Each source of numbers, from the sandbox into PostgreSQL, with a run that is killed.

The first run is killed midway, and another one goes on. Before the last run a purchase
order changes, and a number comes into the source.
"""

from __future__ import annotations

import csv
import datetime as dt
import signal
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from typing_extensions import override

from demo.checks import differences, exact_json, loaded_records, true_records
from tap_purchase_orders.sandbox.process import Sandbox
from tests.pipeline.postgres import Postgres, loader, running_postgres
from tests.sandboxes import NOW, Caller
from tests.tap.tap import Run, run_tap
from tests.tap.truncation import cut, last_state, started, whole_messages

if TYPE_CHECKING:
    from pathlib import Path

STREAMS = ("purchase_orders", "purchase_order_lines")
ERP = "erp"
# Of some 600 kB: behind the first STATE line, and a pipe holds 64.
BYTES_BEFORE_THE_KILL = 300_000
DAY = dt.timedelta(days=1)
Settings = Mapping[str, Any]


@dataclass(frozen=True)
class World:
    """What all sources are read from, and into.

    Attributes:
        sandbox: Stands in for AppZen.
        postgres: Holds what is loaded, in a schema for each source, and the ERP.
        numbers: All purchase orders.
        truth: What a perfect reader would read, by number.
    """

    sandbox: Sandbox
    postgres: Postgres
    numbers: list[str]
    truth: dict[str, dict[str, Any]]

    def change(self, number: str, comments: str) -> None:
        """Change a purchase order."""
        self.truth[number]["comments"] = comments
        self.sandbox.faults(
            [
                {
                    "when": {"purchase_order": each},
                    "answer": {"merge": {"comments": order["comments"]}},
                }
                for each, order in self.truth.items()
            ]
        )

    def asked(self) -> set[str]:
        """Return the numbers that were asked for since this was last looked at."""
        log = self.sandbox.requests(log=True)["log"]
        self.sandbox.reset_requests()
        return {entry["key"] for entry in log}


@dataclass(frozen=True)
class Source:
    """A source of numbers.

    Attributes:
        settings: Returns the section, once the source names the given numbers.
        follows_changes: A finished run is followed by one for the changes.
    """

    settings: Callable[[World, Path, list[str]], Settings]
    follows_changes: bool = False


def listed(_world: World, _folder: Path, numbers: list[str]) -> Settings:
    return {"source": "list", "numbers": numbers}


def in_a_file(_world: World, folder: Path, numbers: list[str]) -> Settings:
    path = folder / "numbers.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["number"], *([number] for number in numbers)])
    return {"source": "file", "path": str(path)}


def in_the_erp(world: World, _folder: Path, numbers: list[str]) -> Settings:
    """Make what was not there, or has changed, new in a table of the ERP.

    What it begins with is older than what `:since` overlaps by, and not read again.
    """
    world.postgres.execute(
        f"CREATE SCHEMA IF NOT EXISTS {ERP};"
        "CREATE TABLE IF NOT EXISTS erp.orders"
        " (number text PRIMARY KEY, comments text, updated_at timestamptz);"
    )
    now = dt.datetime.now(dt.UTC)
    updated_at = now if world.postgres.rows("SELECT 1 FROM orders", ERP) else now - DAY
    with world.postgres.connected(ERP) as connection:
        for number in numbers:
            connection.execute(
                "INSERT INTO orders VALUES (%(number)s, %(comments)s, %(updated_at)s)"
                " ON CONFLICT (number) DO UPDATE"
                " SET comments = excluded.comments, updated_at = excluded.updated_at"
                " WHERE orders.comments <> excluded.comments",
                {
                    "number": number,
                    "comments": world.truth[number].get("comments") or "",
                    "updated_at": updated_at,
                },
            )
    to = world.postgres.settings
    return {
        "source": "sql",
        "url": (
            f"postgresql://{to['user']}:{to['password']}@{to['host']}:{to['port']}"
            f"/{to['database']}"
        ),
        "query": (
            "SELECT number FROM erp.orders WHERE updated_at >= :since"
            " ORDER BY updated_at, number"
        ),
    }


SOURCES = {
    "list": Source(listed),
    "file": Source(in_a_file),
    "sql": Source(in_the_erp, follows_changes=True),
}


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    loader()
    sandbox = Sandbox(
        seed=5,
        customers=1,
        purchase_orders=120,
        odd_rate=0,
        now=NOW,
        freeze_clock=True,
        appzen_requests_per_second=1000,
    )
    with sandbox, running_postgres() as postgres:
        yield world_of(sandbox, postgres)


def world_of(sandbox: Sandbox, postgres: Postgres) -> World:
    exactly = msgspec.json.Encoder(decimal_format="number").encode
    orders = exact_json(exactly(sandbox.truth("purchase-orders")).decode())
    truth = {str(order["purchase_order_number"]): order for order in orders}
    return World(sandbox, postgres, list(truth), truth)


class Pipeline:
    """The tap and the loader, for one source."""

    def __init__(self, world: World, folder: Path, name: str) -> None:
        self.world = world
        self.folder = folder
        self.name = name
        self.state: Mapping[str, Any] = {}

    def settings(self, numbers: list[str]) -> dict[str, Any]:
        section = dict(self.world.sandbox.settings["appzen"])
        source = SOURCES[self.name].settings(self.world, self.folder, numbers)
        section |= {"purchase_order_numbers": source, "max_requests_per_second": 1000}
        return {"appzen": section}

    def run(self, numbers: list[str]) -> Run:
        """Run the tap to its end, and load what it wrote."""
        run = run_tap(
            self.settings(numbers),
            state=self.state,
            environment=self.world.sandbox.environment,
        )
        assert run.status == 0, run.log
        self.world.postgres.load(run.output, self.schema)
        self.state = run.state
        return run

    def run_and_kill(self, numbers: list[str]) -> None:
        """Run the tap, kill it midway, and load what reached the loader."""
        environment = self.world.sandbox.environment
        with started(
            self.folder, self.settings(numbers), self.state, environment
        ) as process:
            received, status = cut(process, BYTES_BEFORE_THE_KILL, signal.SIGKILL)
        assert status == -signal.SIGKILL
        whole = received[: received.rindex(b"\n") + 1]
        self.world.postgres.load(whole, self.schema)
        self.state = last_state(whole_messages(whole), self.state)

    @property
    def schema(self) -> str:
        return f"from_{self.name}"

    def problems(self, numbers: list[str]) -> list[str]:
        """Return what is different in the database from what AppZen has."""
        orders = [dict(self.world.truth[number]) for number in numbers]
        rows = {name: self._rows(name) for name in STREAMS}
        nothing: dict[str, list[Any]] = {
            name: [] for name in true_records([], [], []) if name not in STREAMS
        }
        return list(
            differences(
                true_records([], [], orders), loaded_records({**nothing, **rows})
            )
        )

    def _rows(self, table: str) -> list[dict[str, Any]]:
        query = f"SELECT row_to_json(row)::text AS text FROM {table} AS row"  # noqa: S608  # ours
        return [
            exact_json(row["text"])
            for row in self.world.postgres.rows(query, self.schema)
        ]

    def comments(self, number: str) -> str:
        (row,) = (
            row
            for row in self._rows("purchase_orders")
            if row["purchase_order_number"] == number
        )
        return str(row["comments"])


@pytest.mark.parametrize("name", SOURCES)
def test_all_purchase_orders_of_a_source_reach_the_database(
    name: str, world: World, tmp_path: Path
) -> None:
    pipeline = Pipeline(world, tmp_path, name)
    before, new = world.numbers[:-1], world.numbers[-1]
    world.asked()

    pipeline.run_and_kill(before)
    begun = world.asked()
    pipeline.run(before)
    gone_on_with = world.asked()

    assert begun < set(before)
    # It goes on, and has not lost anything.
    assert gone_on_with < set(before)
    assert begun | gone_on_with == set(before)
    assert pipeline.problems(before) == []

    changed = before[len(before) // 2]
    world.change(changed, f"changed for {name}")
    pipeline.run(world.numbers)

    follows = SOURCES[name].follows_changes
    assert world.asked() == ({changed, new} if follows else set(world.numbers))
    assert pipeline.problems(world.numbers) == []
    assert pipeline.comments(changed) == f"changed for {name}"


class FromInvoices(Pipeline):
    """The tap and the loader, for what invoices name."""

    @property
    def epoch(self) -> dt.datetime:
        """Up to when the world's invoices were processed when it began."""
        return dt.datetime.fromisoformat(self.world.sandbox.document["epoch"])

    @override
    def settings(self, numbers: list[str]) -> dict[str, Any]:
        section = dict(self.world.sandbox.settings["appzen"])
        section |= {
            "purchase_order_numbers": {"source": "invoices"},
            "max_requests_per_second": 1000,
        }
        return {"appzen": section, "start_date": f"{self.epoch - 61 * DAY:%FT%TZ}"}

    def named(self, start: dt.datetime) -> list[str]:
        """Return the numbers on the invoices processed since a moment."""
        named = []
        with Caller(self.world.sandbox) as caller:
            for week in range(9):
                begin, end = start + 7 * week * DAY, start + 7 * (week + 1) * DAY
                times = {
                    "from-last-appzen-update-time": f"{begin:%FT%TZ}",
                    "to-last-appzen-update-time": f"{end:%FT%TZ}",
                }
                for found in caller.appzen("invoice/search", times).json():
                    invoice = caller.appzen(f"invoice/{found['appzen-uuid']}").json()
                    lines = invoice["invoice_lines"]
                    named += invoice["purchase_order_numbers"]
                    named += [line["purchase_order_number"] for line in lines]
        self.world.asked()
        return list(dict.fromkeys(filter(None, named)))

    def asked(self) -> set[str]:
        """Return the purchase orders that were asked for."""
        return self.world.asked() & set(self.world.numbers)


def test_all_purchase_orders_that_invoices_name_reach_the_database(
    world: World, tmp_path: Path
) -> None:
    # The tap goes by its own clock: nothing may be processed later than it is.
    month_ago = dt.datetime.now(dt.UTC) - 30 * DAY
    sandbox = Sandbox(
        seed=6,
        customers=1,
        purchase_orders=200,
        invoices=200,
        odd_rate=0,
        now=f"{month_ago:%FT%TZ}",
        freeze_clock=True,
        appzen_requests_per_second=1000,
    )
    with sandbox:
        pipeline = FromInvoices(world_of(sandbox, world.postgres), tmp_path, "invoices")
        before = pipeline.named(pipeline.epoch - 61 * DAY)

        pipeline.run_and_kill(before)
        begun = pipeline.asked()
        pipeline.run(before)
        gone_on_with = pipeline.asked()

        assert begun < set(before)
        assert gone_on_with < set(before)
        assert begun | gone_on_with == set(before)
        assert pipeline.problems(before) == []

        # As if that run had been when the world began.
        changes = pipeline.state["bookmarks"]["purchase_orders"]["changes_read"]
        changes["until"] = f"{pipeline.epoch:%FT%TZ}"
        sandbox.advance(20 * DAY.total_seconds())
        since = pipeline.named(pipeline.epoch)
        # Goods came meanwhile; who is not asked for stays as it was read.
        truth = world_of(sandbox, world.postgres).truth
        pipeline.world.truth.update({number: truth[number] for number in since})
        changed = next(number for number in since if number in before)
        pipeline.world.change(changed, "changed for invoices")
        pipeline.run(since)

        assert pipeline.asked() == set(since)
        assert set(since) - set(before)
        assert pipeline.problems(list({*before, *since})) == []
        assert pipeline.comments(changed) == "changed for invoices"
