"""What the tap writes, in PostgreSQL: every record, every digit, every sign."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.pipeline.loaded_world import SCHEMA, STREAMS, LoadedWorld, loaded_world
from tests.tap.tap import run_tap
from tests.tap.upstream import Reply, Upstream, read_json
from tests.tap.worlds import (
    appzen,
    appzen_error,
    order,
    partner_center,
    purchase_order,
    serve_customers,
    serve_purchase_orders,
)

if TYPE_CHECKING:
    from tests.pipeline.postgres import Postgres

RECIPES = Path(__file__).parents[2] / "docs" / "recipes"
COMMENTS = RECIPES / "column-comments.sql"
# A header and its lines bear the time of their answer here.
EXTRACTED = "_sdc_extracted_at"
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


@pytest.fixture(scope="module")
def world(request: pytest.FixtureRequest) -> LoadedWorld:
    return loaded_world(request.config)


@pytest.fixture(scope="module")
def postgres(world: LoadedWorld) -> Postgres:
    return world.postgres


def stored_moment(text: str) -> str:
    """Return a moment in UTC as its column has it: cut off behind the microseconds."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    kept = fraction[:6].rstrip("0")
    return f"{whole}.{kept}" if kept else whole


def stored(value: Any, part: dict[str, Any] | None = None) -> Any:
    """Return a value of a record as PostgreSQL has it, numbers as all their digits.

    Args:
        value: The value.
        part: The schema of its column; None for what stands within a value.
    """
    if isinstance(value, str):
        is_moment = part is not None and part.get("format") == "date-time"
        return stored_moment(value) if is_moment else value
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return "number", f"{Decimal(value):f}"
    if isinstance(value, list):
        return [stored(item) for item in value]
    if isinstance(value, dict):
        return {name: stored(member) for name, member in value.items()}
    return value


def loaded(world: LoadedWorld, stream: str) -> dict[Any, dict[str, Any]]:
    """Return the rows of a table by their keys."""
    rows = world.postgres.records(stream, SCHEMA)
    return {world.key_of(stream, row): row for row in rows}


def read_into(postgres: Postgres, schema: str, config: Any) -> None:
    """Read with these settings, and load what came into a database schema."""
    run = run_tap(config)
    postgres.load(run.output, schema)


def test_every_stream_is_loaded(world: LoadedWorld) -> None:
    assert {stream: len(loaded(world, stream)) for stream in STREAMS} == {
        stream: len(world.latest(stream)) for stream in STREAMS
    }
    assert all(world.latest(stream) for stream in STREAMS)


@pytest.mark.parametrize("stream", STREAMS)
def test_every_row_is_the_latest_record_of_its_key(
    world: LoadedWorld, stream: str
) -> None:
    schema = world.runs[0].schemas[stream]["schema"]["properties"]
    rows = loaded(world, stream)

    for key, message in world.latest(stream).items():
        row = rows[key]
        assert row[EXTRACTED] == stored_moment(message["time_extracted"])
        record = {name: message["record"].get(name) for name in schema}
        assert {name: stored(row[name]) for name in schema} == {
            name: stored(value, schema[name]) for name, value in record.items()
        }


def test_an_order_that_moved_is_one_row_with_its_new_status(world: LoadedWorld) -> None:
    before, after = (
        {world.key_of("orders", r): r["status"] for r in run.records("orders")}
        for run in world.runs
    )
    moved = {key for key in before.keys() & after if before[key] != after[key]}
    rows = loaded(world, "orders")
    changes = world.postgres.records("order_status_changes", SCHEMA)

    assert len(moved) > 3
    for customer_id, order_id in moved:
        key = (customer_id, order_id)
        assert rows[key]["status"] == after[key]
        steps = {
            row["sequence"]: (row["previousStatus"], row["status"])
            for row in changes
            if (row["referenceCustomerId"], row["orderId"]) == key
        }
        told = [steps[sequence] for sequence in sorted(steps)]
        assert told == [(None, before[key]), (before[key], after[key])]


def test_lines_that_are_gone_stay_and_are_older_than_their_header(
    world: LoadedWorld,
) -> None:
    header = loaded(world, "purchase_orders")[world.shortened,]
    lines = [
        row
        for (number, _), row in loaded(world, "purchase_order_lines").items()
        if number == world.shortened
    ]

    current = {row["line_key"] for row in lines if row[EXTRACTED] == header[EXTRACTED]}
    older = {row["line_key"] for row in lines if row[EXTRACTED] < header[EXTRACTED]}
    assert (current, older) == ({"1", "2", "3"}, {"4"})


def test_loading_the_same_messages_again_changes_nothing(world: LoadedWorld) -> None:
    def rows_without_the_time_of_loading() -> dict[str, Any]:
        return {
            stream: {
                key: {n: v for n, v in row.items() if not n.startswith("_sdc_")}
                | {EXTRACTED: row[EXTRACTED]}
                for key, row in loaded(world, stream).items()
            }
            for stream in STREAMS
        }

    before = rows_without_the_time_of_loading()
    world.postgres.load(world.runs[1].output, SCHEMA)

    assert rows_without_the_time_of_loading() == before


TEXT = (
    "采购 \N{WOMAN} e\u0301 \u202eright to left\u202c \t\"quoted\" \\N 'x' \u2028 NULL"
)
DIGITS = Decimal("1234567890123456789012345.678")
FRACTION = Decimal("0.1234567890123456789012345678")
CREATED = "2026-03-01T10:00:00.1234567Z"
HARD_TO_KEEP = {
    "comments": TEXT,
    "entity_name": "",
    "total_amount": {"amount": DIGITS, "currency": "EUR"},
    "custom_json": {TEXT: [TEXT, FRACTION, None, True, {"": []}]},
    "purchase_order_lines": [
        {
            "line_number": Decimal("1.50"),
            "quantity": FRACTION,
            "price_per_unit": DIGITS,
            "amortization_start_date": "2026-01-01T00:00:00.9999999+02:00",
            "amortization_end_date": "9999-12-31T23:59:59.9999999Z",
            "line_allocations": [{"amount": Decimal("-0.10"), "gl_code": "0007"}],
        },
        {"line_number": 2, "amortization_start_date": "0001-01-01T00:00:00"},
        {"line_number": TEXT, "custom_json": "text"},
        {"line_number": 3, "custom_json": Decimal("1.10")},
        {"line_number": 4, "custom_json": [None]},
    ],
}


@dataclass(frozen=True)
class Kept:
    """Rows whose values are hard to keep; lines by their keys."""

    order: dict[str, Any]
    header: dict[str, Any]
    lines: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def kept(postgres: Postgres) -> Kept:
    with Upstream() as upstream:
        serve_customers(upstream, {"c1": [order("o1", "c1", creationDate=CREATED)]})
        serve_purchase_orders(upstream, {"P1": purchase_order("P1", **HARD_TO_KEEP)})
        config = {
            "partner_center": partner_center(upstream),
            "appzen": appzen(upstream, ["P1"]),
        }
        read_into(postgres, "hard_to_keep", config)
    (only,) = postgres.records("orders", "hard_to_keep")
    (header,) = postgres.records("purchase_orders", "hard_to_keep")
    lines = postgres.records("purchase_order_lines", "hard_to_keep")
    return Kept(only, header, {line["line_key"]: line for line in lines})


def test_amounts_keep_28_digits_in_columns_and_within_json(kept: Kept) -> None:
    line = kept.lines["1.5"]

    assert kept.header["total_amount"]["amount"] == DIGITS
    assert kept.header["custom_json"][TEXT][1] == FRACTION
    assert (line["quantity"], line["price_per_unit"]) == (FRACTION, DIGITS)
    assert str(line["line_number"]) == "1.50"
    assert str(line["line_allocations"][0]["amount"]) == "-0.10"


def test_moments_are_cut_off_behind_the_microseconds_and_in_utc(kept: Kept) -> None:
    line = kept.lines["1.5"]

    assert kept.order["creationDate"] == "2026-03-01T10:00:00.123456"
    # Rounded, it would be another second; and the last one another millennium.
    assert line["amortization_start_date"] == "2025-12-31T22:00:00.999999"
    assert line["amortization_end_date"] == "9999-12-31T23:59:59.999999"
    assert kept.lines["2"]["amortization_start_date"] == "0001-01-01T00:00:00"


def test_text_is_kept_sign_for_sign(kept: Kept) -> None:
    assert kept.header["comments"] == TEXT
    assert kept.header["entity_name"] == ""
    assert kept.header["custom_json"] == HARD_TO_KEEP["custom_json"]
    assert TEXT in kept.lines


def test_a_field_of_any_json_is_kept_as_what_it_is(kept: Kept) -> None:
    assert {key: line["custom_json"] for key, line in kept.lines.items()} == {
        "1.5": None,
        "2": None,
        TEXT: "text",
        "3": Decimal("1.10"),
        "4": [None],
    }


def test_half_a_surrogate_pair_becomes_a_replacement_character(
    postgres: Postgres,
) -> None:
    body = (
        rb'{"purchase_order_number": "P1", "comments": "a\ud800b",'
        rb' "custom_json": {"\udc00": "\ud83d\ude00"}}'
    )
    with Upstream() as upstream:
        serve_purchase_orders(upstream, {"P1": json_bytes(body)})
        config = {"appzen": appzen(upstream, ["P1"])}
        read_into(postgres, "surrogates", config)

    (header,) = postgres.records("purchase_orders", "surrogates")
    assert header["comments"] == f"a{REPLACEMENT}b"
    assert header["custom_json"] == {REPLACEMENT: "\N{GRINNING FACE}"}


def json_bytes(body: bytes) -> Reply:
    return Reply(body, headers={"Content-Type": "application/json"})


def test_a_nul_becomes_a_replacement_character(postgres: Postgres) -> None:
    body = (
        rb'{"purchase_order_number": "P1", "comments": "a\u0000b",'
        rb' "total_amount": {"amount": 1, "currency": "E\u0000"},'
        rb' "custom_json": {"\u0000": ["\u0000"], "backslash": "\\u0000"},'
        rb' "purchase_order_lines": [{"line_number": "1\u0000"}]}'
    )
    with Upstream() as upstream:
        serve_purchase_orders(
            upstream, {"P1": json_bytes(body), "P2": appzen_error(400, "a\0b")}
        )
        config = {"appzen": appzen(upstream, ["P1", "P2", "P\0"])}
        read_into(postgres, "nul", config)

    (header,) = postgres.records("purchase_orders", "nul")
    (line,) = postgres.records("purchase_order_lines", "nul")
    issues = postgres.records("extraction_issues", "nul")
    assert header["comments"] == f"a{REPLACEMENT}b"
    assert header["total_amount"]["currency"] == f"E{REPLACEMENT}"
    custom = {REPLACEMENT: [REPLACEMENT], "backslash": r"\u0000"}
    assert header["custom_json"] == custom
    assert line["line_key"] == f"1{REPLACEMENT}"
    assert {issue["record_key"]: issue["kind"] for issue in issues} == {
        f"P1/1{REPLACEMENT}": "unreadable_value",
        "P2": "request_failed",
        f"P{REPLACEMENT}": "invalid_number",
    }


def test_a_number_that_no_column_can_hold_is_null_and_an_issue(
    postgres: Postgres,
) -> None:
    huge, tiny = Decimal("1E+200000"), Decimal("1E-20000")
    parts = {
        "total_amount": {"amount": huge, "currency": "EUR"},
        "custom_json": [tiny],
        "purchase_order_lines": [{"line_number": 1, "quantity": tiny}],
    }
    line = {"lineItemNumber": 0, "quantity": 2**63}
    with Upstream() as upstream:
        serve_customers(upstream, {"c1": [order("o1", "c1", lineItems=[line])]})
        serve_purchase_orders(upstream, {"P1": purchase_order("P1", **parts)})
        config = {
            "partner_center": partner_center(upstream),
            "appzen": appzen(upstream, ["P1"]),
        }
        read_into(postgres, "numbers", config)

    (header,) = postgres.records("purchase_orders", "numbers")
    assert header["total_amount"] == {"amount": None, "currency": "EUR"}
    assert header["custom_json"] is None
    for table in ("purchase_order_lines", "order_line_items"):
        (row,) = postgres.records(table, "numbers")
        assert row["quantity"] is None
    issues = postgres.records("extraction_issues", "numbers")
    assert {issue["kind"] for issue in issues} == {"unreadable_value"}
    fields = sorted(issue["field"] for issue in issues)
    assert fields == ["custom_json", "quantity", "quantity", "total_amount.amount"]


def test_every_column_can_be_described_by_its_schema(world: LoadedWorld) -> None:
    world.postgres.execute(COMMENTS.read_text(encoding="utf-8"), SCHEMA)

    for stream in STREAMS:
        rows = world.postgres.rows(
            f"SELECT attname AS name, col_description(attrelid, attnum) AS text,"  # noqa: S608  # a stream's name
            f" obj_description(attrelid) AS whole FROM pg_attribute"
            f" WHERE attrelid = '{stream}'::regclass AND attnum > 0",
            SCHEMA,
        )
        schema = schema_file(stream)
        told = {row["name"]: row["text"] for row in rows}
        fields = world.runs[0].schemas[stream]["schema"]["properties"]
        assert {row["whole"] for row in rows} == {schema["description"]}
        assert {name: told[name] for name in fields} == {
            name: schema["properties"][name]["description"] for name in fields
        }
        assert told[EXTRACTED]


def schema_file(stream: str) -> dict[str, Any]:
    path = RECIPES.parents[1] / "schemas" / f"{stream}.json"
    schema: dict[str, Any] = read_json(path.read_bytes())
    return schema


def test_the_descriptions_of_columns_are_those_of_the_schemas(tmp_path: Path) -> None:
    changed = tmp_path / "column-comments.sql"
    changed.write_text(COMMENTS.read_text(encoding="utf-8").replace("Id of", "No. of"))
    program = RECIPES / "generate_comments.py"

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, program, *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    assert run("--check").returncode == 0
    assert "is out of date" in run("--check", changed).stderr
    assert run(changed).returncode == 0
    assert changed.read_bytes() == COMMENTS.read_bytes()
