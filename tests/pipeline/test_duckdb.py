"""What the tap wrote, in DuckDB: every record, every digit, and the models over it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from demo.checks import (
    count_of_values,
    differences,
    exact_json,
    loaded_records,
    true_records,
)
from tap_purchase_orders.sandbox.process import Sandbox
from tests.pipeline.dbt_build import MARTS, TRANSFORM, build
from tests.pipeline.dbt_build import dbt as dbt_of_postgres
from tests.pipeline.duckdb_file import DuckDB, duckdb_in, without_zeros, write_messages
from tests.pipeline.loaded_world import STREAMS, LoadedWorld, loaded_world
from tests.sandboxes import DAY_SECONDS, NOW
from tests.tap.tap import Run, run_tap
from tests.tap.upstream import Upstream
from tests.tap.worlds import (
    appzen,
    order,
    partner_center,
    purchase_order,
    serve_customers,
    serve_purchase_orders,
)

if TYPE_CHECKING:
    from pathlib import Path

GENERATOR = TRANSFORM / "duckdb" / "generate_tables.py"
ALL_STREAMS: dict[str, Any] = {
    "order_attachments": True,
    "order_provisioning_status": True,
    "extraction_runs": True,
}
MODELS = (
    "open_purchase_order_uploads",
    "order_status_timeline",
    "purchase_order_commitments",
    "purchase_order_line_commitments",
)
DIGITS = Decimal("12345678901234567890.123456789012345678")
FRACTION = Decimal("0.1234567890123456789012345678")


@dataclass(frozen=True)
class TwoRuns:
    """A world of the sandbox, read by two runs between which orders move.

    Attributes:
        runs: The two runs.
        truth: What a perfect reader would read at the end, by stream and name.
    """

    runs: tuple[Run, Run] = field(repr=False)
    truth: dict[str, Any] = field(repr=False)


@pytest.fixture(scope="module")
def two_runs() -> TwoRuns:
    world = Sandbox(
        seed=4,
        customers=8,
        orders_per_customer=4,
        purchase_orders=25,
        odd_rate=0.1,
        now=NOW,
        freeze_clock=True,
        appzen_requests_per_second=1000,
    )
    with world as sandbox:
        settings = sandbox.settings
        first = run_tap(settings, environment=sandbox.environment)
        sandbox.advance(9 * DAY_SECONDS)
        second = run_tap(settings, state=first.state, environment=sandbox.environment)
        # Numbers with the digits that were sent.
        exactly = msgspec.json.Encoder(decimal_format="number").encode
        customers, orders, purchase_orders = (
            without_zeros(exact_json(exactly(sandbox.truth(what)).decode()))
            for what in ("customers", "orders", "purchase-orders")
        )
    for run in (first, second):
        assert run.status == 0, run.log
    truth = true_records(customers, orders, purchase_orders)
    return TwoRuns((first, second), truth)


def problems(duckdb: DuckDB, truth: dict[str, Any]) -> list[str]:
    """Return what is different in the tables from the truth."""
    rows = {
        stream: [
            {**row, **with_json(row)}
            for row in duckdb.rows(f"SELECT * FROM purchasing.{stream}")  # noqa: S608  # a stream's name
        ]
        for stream in truth
    }
    return list(differences(truth, loaded_records(rows)))


def with_json(row: dict[str, Any]) -> dict[str, Any]:
    """Return the columns that may be any JSON, which come as text, as values."""
    text = row.get("custom_json")
    return {} if text is None else {"custom_json": without_zeros(exact_json(text))}


def test_messages_of_two_runs_become_tables_digit_by_digit(
    two_runs: TwoRuns, tmp_path: Path
) -> None:
    duckdb = duckdb_in(tmp_path)
    pattern = write_messages(tmp_path, (run.output for run in two_runs.runs))

    assert duckdb.try_to_load(pattern) == ""

    assert problems(duckdb, two_runs.truth) == []
    assert count_of_values(two_runs.truth) > 1000


def test_files_of_target_jsonl_become_the_same_tables(
    two_runs: TwoRuns, tmp_path: Path
) -> None:
    duckdb = duckdb_in(tmp_path)
    records: dict[str, list[bytes]] = {}
    for run in two_runs.runs:
        for line in run.output.splitlines():
            message = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
            if bytes(message["type"]) == b'"RECORD"':
                stream = msgspec.json.decode(message["stream"])
                records.setdefault(stream, []).append(bytes(message["record"]))
    for stream, lines in records.items():
        file = tmp_path / f"{stream}-20261129T101500.jsonl"
        file.write_bytes(b"\n".join([*lines, b""]))

    assert duckdb.try_to_load(tmp_path / "*.jsonl") == ""

    assert problems(duckdb, two_runs.truth) == []


def read(lines: list[dict[str, Any]], **fields: Any) -> bytes:
    """Return what the tap writes of an order and a purchase order."""
    with Upstream() as upstream:
        created = "0001-01-01T00:00:00Z"
        serve_customers(upstream, {"c1": [order("o1", "c1", creationDate=created)]})
        answer = purchase_order("P1", purchase_order_lines=lines, **fields)
        serve_purchase_orders(upstream, {"P1": answer})
        run = run_tap(
            {
                "partner_center": partner_center(upstream),
                "appzen": appzen(upstream, ["P1"]),
            }
        )
    assert run.status == 0, run.log
    return run.output


def test_values_that_are_hard_to_keep_are_kept(tmp_path: Path) -> None:
    duckdb = duckdb_in(tmp_path)
    lines = [
        {
            "line_number": 1,
            "quantity": DIGITS,
            "amortization_start_date": "9999-12-31T23:59:59.9999999Z",
            "amortization_end_date": "2026-03-01T00:30:00.1234567+02:00",
            "line_allocations": [{"amount": Decimal("-0.10"), "gl_code": "0007"}],
        },
        {"line_number": 2, "custom_json": Decimal("1.10")},
        {"line_number": 3, "custom_json": "text"},
    ]
    messages = read(
        lines,
        comments='采购 "quoted" \\N \u2028',
        entity_name="",
        custom_json={"rates": [FRACTION, None, {"": []}]},
    )

    assert duckdb.try_to_load(write_messages(tmp_path, [messages])) == ""

    (header,) = duckdb.rows("SELECT * FROM purchasing.purchase_orders")
    (only,) = duckdb.rows("SELECT * FROM purchasing.orders")
    one, two, three = duckdb.rows(
        "SELECT * FROM purchasing.purchase_order_lines ORDER BY line_number"
    )
    assert one["quantity"] == DIGITS
    assert one["line_allocations"][0]["amount"] == Decimal("-0.1")
    assert one["amortization_start_date"] == "9999-12-31 23:59:59.999999"
    assert one["amortization_end_date"] == "2026-02-28 22:30:00.123456"
    assert only["creationDate"] == "0001-01-01 00:00:00"
    assert (two["custom_json"], three["custom_json"]) == ("1.10", '"text"')
    assert header["comments"] == '采购 "quoted" \\N \u2028'
    assert header["entity_name"] == ""
    assert exact_json(header["custom_json"]) == {"rates": [FRACTION, None, {"": []}]}


@pytest.mark.parametrize(
    "line",
    [
        {"quantity": FRACTION},
        {"quantity": Decimal("1E+20")},
        {"amount": {"amount": FRACTION, "currency": "EUR"}},
        {"line_allocations": [{"amount": Decimal(1)}, {"amount": FRACTION}]},
    ],
    ids=["fraction", "large", "within an object", "within an array"],
)
def test_a_number_that_does_not_fit_is_refused_and_nothing_is_made(
    line: dict[str, Any], tmp_path: Path
) -> None:
    duckdb = duckdb_in(tmp_path)
    pattern = write_messages(tmp_path, [read([{"line_number": 1, **line}])])

    said = duckdb.try_to_load(pattern)

    assert "purchase_order_lines: 1 records have a number that DECIMAL(38,18)" in said
    assert len(said.splitlines()) == 1
    assert duckdb.rows("SELECT * FROM information_schema.tables") == []


def test_other_decimals_can_be_chosen(tmp_path: Path) -> None:
    duckdb = duckdb_in(tmp_path)
    pattern = write_messages(tmp_path, [read([{"quantity": FRACTION}])])

    assert duckdb.try_to_load(pattern, "--decimals=DECIMAL(38,28)") == ""

    (row,) = duckdb.rows("SELECT quantity FROM purchasing.purchase_order_lines")
    assert row == {"quantity": FRACTION}


# It builds the models twice.
@pytest.mark.timeout(1500)
def test_the_models_say_the_same_as_in_postgresql(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    duckdb = duckdb_in(tmp_path)
    dbt_of_postgres()
    world = loaded_world(request.config)
    built = build(world.postgres, **ALL_STREAMS)
    assert built.status == 0, built.said
    pattern = write_messages(tmp_path, (run.output for run in world.runs))
    assert duckdb.try_to_load(pattern) == ""

    finished = duckdb.build(**ALL_STREAMS)
    assert finished.returncode == 0, finished.stdout

    for model in MODELS:
        assert_same_rows(duckdb, world, model)
    for stream in STREAMS:
        assert_same_counts(duckdb, world, f"stg_{stream}")


def assert_same_rows(duckdb: DuckDB, world: LoadedWorld, model: str) -> None:
    columns = world.postgres.rows(
        "SELECT column_name AS name, data_type AS type FROM information_schema.columns"  # noqa: S608  # a model's name
        f" WHERE (table_schema, table_name) = ('{MARTS}', '{model}')"
        " ORDER BY ordinal_position",
    )
    # Instants as the seconds since 1970 that they are, whatever the session's zone.
    parts = [
        f"extract(epoch FROM {c['name']})::numeric(20, 6) AS {c['name']}"
        if c["type"].startswith("timestamp")
        else c["name"]
        for c in columns
    ]
    query = f"SELECT {', '.join(parts)} FROM {MARTS}.{model} ORDER BY ALL"  # noqa: S608  # a model's name
    order_by = ", ".join(str(number) for number in range(1, len(parts) + 1))
    expected = world.postgres.rows(query.replace("ALL", order_by))
    found = duckdb.rows(query)
    key = str
    assert sorted(map(plain, found), key=key) == sorted(map(plain, expected), key=key)
    assert found


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with all numbers as decimals."""
    return {
        name: without_zeros(Decimal(value))
        if isinstance(value, int | Decimal) and not isinstance(value, bool)
        else value
        for name, value in row.items()
    }


def assert_same_counts(duckdb: DuckDB, world: LoadedWorld, model: str) -> None:
    query = f"SELECT count(*) AS n FROM {MARTS}.{model}"  # noqa: S608  # a model's name
    assert duckdb.rows(query) == world.postgres.rows(query)


def test_the_generated_sql_is_what_the_schemas_say(tmp_path: Path) -> None:
    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, GENERATOR, *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    changed = tmp_path / "tables.sql"
    text = GENERATOR.with_name("tables.sql").read_text("utf-8")
    changed.write_text(text.replace("BIGINT", "INTEGER"), encoding="utf-8")

    assert run("--check").returncode == 0
    assert "tables.sql is out of date" in run("--check", changed).stderr
    assert run(changed).returncode == 0
    assert changed.read_text("utf-8") == text
