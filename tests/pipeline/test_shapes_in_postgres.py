"""Decimal text and flattened records, in PostgreSQL: a real load of each."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.pipeline.postgres import Postgres, loader, running_postgres
from tests.tap.tap import run_tap
from tests.tap.upstream import Reply, Upstream, json_reply
from tests.tap.worlds import (
    appzen,
    number_path,
    order,
    partner_center,
    purchase_order,
    serve_customers,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

LONG = "12345678901234567890123456789.123456789"
TOO_LONG = "0.12345678901"
CUSTOM_JSON = ("12.50", '{"rate": 0.10}', '"plain"', "true", "null")
SHAPES: dict[str, dict[str, Any]] = {
    "decimals": {"use_singer_decimal": True},
    "flat": {"flattening_enabled": True, "flattening_max_depth": 3},
    "flat_decimals": {
        "use_singer_decimal": True,
        "flattening_enabled": True,
        "flattening_max_depth": 3,
    },
}


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """A server with a schema for each shape, each loaded by a run of its own."""
    loader()
    with running_postgres() as server, Upstream() as upstream:
        config = world(upstream)
        for schema, settings in SHAPES.items():
            run = run_tap({**config, **settings})
            assert run.status == 0
            server.load(run.output, schema)
        yield server


def world(upstream: Upstream) -> dict[str, Any]:
    line = {"lineItemNumber": 0, "quantity": 3, "pricing": {"price": 1.5}}
    bare = {"lineItemNumber": 1, "pricing": None}
    serve_customers(
        upstream, {"c1": [order("o1", "c1", totalPrice=5, lineItems=[line, bare])]}
    )
    for position, custom in enumerate(CUSTOM_JSON):
        body = purchase_order(
            f"n{position}",
            custom_json=8888,
            total_amount={"amount": 7777, "currency": "EUR"} if position else None,
            purchase_order_lines=[{"line_number": 1.5, "quantity": 9999}],
        )
        text = json_reply(body).body.replace(b"8888", custom.encode())
        text = text.replace(b"7777", LONG.encode()).replace(b"9999", TOO_LONG.encode())
        upstream.answer(number_path(f"n{position}"), Reply(text))
    return {
        "partner_center": partner_center(upstream),
        "appzen": appzen(upstream, [f"n{n}" for n in range(len(CUSTOM_JSON))]),
    }


def columns(postgres: Postgres, schema: str, table: str) -> dict[str, str]:
    """Return the type of each column, as PostgreSQL words it."""
    query = """
        SELECT attname, attrelid::regclass::text AS table,
            format_type(atttypid, atttypmod) AS type
        FROM pg_attribute WHERE attnum > 0
    """
    rows = postgres.rows(query)
    name = f"{schema}.{table}"
    return {row["attname"]: row["type"] for row in rows if row["table"] == name}


@pytest.mark.parametrize("schema", ["decimals", "flat_decimals"])
def test_numbers_are_in_columns_of_their_size_and_nothing_is_rounded(
    schema: str, postgres: Postgres
) -> None:
    types = columns(postgres, schema, "purchase_order_lines")
    rows = postgres.records("purchase_order_lines", schema)

    assert types["quantity"] == types["line_number"] == "numeric(38,9)"
    assert [row["line_number"] for row in rows] == [Decimal("1.5")] * len(CUSTOM_JSON)
    # It has more digits than the column.
    assert {row["quantity"] for row in rows} == {None}
    issues = postgres.records("extraction_issues", schema)
    assert {(row["kind"], row["field"], row["payload"]) for row in issues} == {
        ("unreadable_value", "quantity", TOO_LONG)
    }


def test_numbers_within_objects_keep_their_digits_as_text(postgres: Postgres) -> None:
    rows = sorted_rows(postgres, "decimals")

    assert [row["total_amount"] for row in rows] == [
        None,
        *[{"amount": LONG, "currency": "EUR"}] * (len(CUSTOM_JSON) - 1),
    ]
    (line, bare) = postgres.records("order_line_items", "decimals")
    assert (line["quantity"], line["pricing"]["price"]) == (3, "1.5")
    assert bare["pricing"] is None


@pytest.mark.parametrize(
    ("schema", "of_amounts"), [("flat", "numeric"), ("flat_decimals", "numeric(38,9)")]
)
def test_flattened_records_load_whatever_is_null_or_of_any_type(
    schema: str, of_amounts: str, postgres: Postgres
) -> None:
    types = columns(postgres, schema, "purchase_orders")
    rows = sorted_rows(postgres, schema)

    assert types["total_amount__amount"] == of_amounts
    assert [row["total_amount__amount"] for row in rows] == [
        None,
        *[Decimal(LONG)] * (len(CUSTOM_JSON) - 1),
    ]
    assert [row["custom_json"] for row in rows] == [
        "12.50",
        '{"rate":0.10}',
        "plain",
        "true",
        None,
    ]
    prices = {
        row["lineItemNumber"]: row["pricing__price"]
        for row in postgres.records("order_line_items", schema)
    }
    assert prices == {0: Decimal("1.5"), 1: None}
    assert "pricing" not in columns(postgres, schema, "order_line_items")


def sorted_rows(postgres: Postgres, schema: str) -> list[dict[str, Any]]:
    rows = postgres.records("purchase_orders", schema)
    return sorted(rows, key=lambda row: json.dumps(row["purchase_order_number"]))
