"""The demo would notice if something were wrong, and leaves nothing behind."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from demo.checks import count_of_values, differences, exact_json, true_records
from demo.checks import loaded_records as by_name
from demo.page import move_times
from demo.pipeline import pipeline_in
from demo.processes import running
from demo.tables import table
from demo.warehouse import running_warehouse

if TYPE_CHECKING:
    from pathlib import Path

    from demo.checks import Records

ORDER = """{
  "id": "o1", "referenceCustomerId": "c1", "status": "pending", "totalPrice": 100.00,
  "creationDate": "2026-03-29T01:30:00.1234567Z",
  "lineItems": [{"lineItemNumber": 0, "quantity": "3"}]
}"""
PURCHASE_ORDER = """{
  "purchase_order_number": "PO-1",
  "total_amount": {"amount": 12345678901234.123456789, "currency": "EUR"},
  "purchase_order_lines": [
    {"po_line_id": "7", "line_number": 6.10, "custom_json": {"rates": [1E+3, 0.30]}}
  ]
}"""
LOADED = {
    "customers": '{"id": "c1"}',
    "orders": """{
        "id": "o1", "referenceCustomerId": "c1", "status": "pending",
        "totalPrice": 100.00, "line_count": 1, "_sdc_sequence": 17,
        "creationDate": "2026-03-29T01:30:00.123456"
    }""",
    "order_line_items": """{
        "referenceCustomerId": "c1", "orderId": "o1", "lineItemNumber": 0,
        "quantity": 3
    }""",
    "purchase_orders": """{
        "purchase_order_number": "PO-1",
        "total_amount": {"amount": 12345678901234.123456789, "currency": "EUR"}
    }""",
    "purchase_order_lines": """{
        "purchase_order_number": "PO-1", "line_key": "6.1", "po_line_id": "7",
        "line_number": 6.10, "custom_json": {"rates": [1000, 0.30]}
    }""",
}


def truth() -> dict[str, Records]:
    return true_records(
        [{"id": "c1"}], [exact_json(ORDER)], [exact_json(PURCHASE_ORDER)]
    )


def loaded(**replaced: list[str]) -> dict[str, Records]:
    rows = {name: [text] for name, text in LOADED.items()} | replaced
    return by_name({name: map(exact_json, texts) for name, texts in rows.items()})


def altered(table_name: str, old: str, new: str) -> dict[str, Records]:
    assert old in LOADED[table_name]
    return loaded(**{table_name: [LOADED[table_name].replace(old, new)]})


def test_a_warehouse_that_holds_every_digit_passes() -> None:
    assert list(differences(truth(), loaded())) == []
    # lineItemNumber, totalPrice, status, creationDate, the amount and its currency,
    # 6.10, the rates.
    assert count_of_values(truth()) == 9


@pytest.mark.parametrize(
    ("table_name", "old", "new", "complaint"),
    [
        ("purchase_orders", "456789,", "45679,", "total_amount.amount"),
        ("purchase_orders", '"EUR"', '"USD"', "total_amount.currency"),
        ("purchase_orders", "12345678901234.123456789", "null", "total_amount.amount"),
        ("purchase_order_lines", "6.10,", "6.1,", "line_number"),
        ("purchase_order_lines", "0.30", "0.3", "custom_json.rates.1"),
        ("orders", "100.00", "100.0", "totalPrice"),
        ("orders", '"pending"', '"completed"', "status"),
        ("orders", "T01:30:00", "T03:30:00", "creationDate"),
        ("orders", ".123456", ".123457", "creationDate"),
        ("order_line_items", '"quantity": 3', '"quantity": 4', "quantity"),
    ],
)
def test_a_single_wrong_value_is_found(
    table_name: str, old: str, new: str, complaint: str
) -> None:
    (found,) = differences(truth(), altered(table_name, old, new))

    assert f": {complaint} is " in found


@pytest.mark.parametrize("table_name", LOADED)
def test_a_missing_record_is_found(table_name: str) -> None:
    (found,) = differences(truth(), loaded(**{table_name: []}))

    assert found.startswith(table_name)
    assert found.endswith("is not in the warehouse")


def test_a_record_that_the_sandbox_does_not_have_is_found() -> None:
    (found,) = differences(truth(), loaded(customers=['{"id": "c1"}', '{"id": "c2"}']))

    assert found == "customers c2 does not exist in the sandbox"


def test_a_table_shows_every_digit_and_aligns_decimal_points() -> None:
    rows = [("采购", Decimal("1234.500")), ("PO-1", Decimal(7)), (None, None)]

    assert table(("number", "amount"), rows).splitlines() == [
        "  number     amount",
        "  ------  ---------",
        "  采购    1,234.500",
        "  PO-1        7",
        "  -               -",
    ]


def test_the_warehouse_keeps_digits_and_is_gone_afterwards() -> None:
    with running_warehouse() as warehouse:
        (row,) = warehouse.rows("SELECT 12345678901234.123456789 AS a, 1.10 AS b")
        settings: dict[str, Any] = warehouse.loader_settings

    assert row == (Decimal("12345678901234.123456789"), Decimal("1.10"))
    settings["dbname"] = settings.pop("database")
    with pytest.raises(psycopg.OperationalError, match="refused"):
        psycopg.connect(**settings, connect_timeout=5)


def test_what_a_run_has_loaded_is_dated_by_the_clock_of_the_sandbox() -> None:
    began = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
    with running_warehouse() as warehouse:
        with warehouse.connected() as connection:
            connection.execute(
                "CREATE SCHEMA purchasing_dev; CREATE TABLE purchasing_dev.orders"
                ' (_sdc_extracted_at timestamp, "creationDate" timestamp);'
                " INSERT INTO purchasing_dev.orders VALUES"
                " ('2026-11-22 08:30:05', '2026-11-22 08:30:05'),"
                " ('2026-03-02 08:00:00', '2018-01-01')"
            )

        move_times(warehouse, began, datetime(2026, 3, 7, 8, tzinfo=UTC))

        rows = warehouse.rows("SELECT * FROM orders ORDER BY 1")
    assert [tuple(map(str, row)) for row in rows] == [
        ("2026-03-02 08:00:00", "2018-01-01 00:00:00"),
        ("2026-03-07 08:00:05", "2026-11-22 08:30:05"),
    ]


def test_a_program_is_ended_with_what_it_started() -> None:
    child = "import time; print('started', flush=True); time.sleep(600)"
    parent = (
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    )
    read_end, write_end = os.pipe()
    with os.fdopen(read_end, "rb") as output:
        with running([sys.executable, "-c", parent], stdout=write_end):
            os.close(write_end)
            assert output.readline() == b"started\n"

        # It ends when the last process that could write to it has ended.
        assert output.read() == b""


def test_the_users_own_settings_do_not_reach_the_demo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TAP_PURCHASE_ORDERS_STRICT", "TARGET_POSTGRES_HOST", "PGSSLMODE"):
        monkeypatch.setenv(name, "the user's")

    numbers = {"numbers": ["1", "2"]}
    settings = {
        "appzen": {"auth": {"method": "api_key"}, "purchase_order_numbers": numbers}
    }
    environment = pipeline_in(tmp_path, settings, {"port": "1"}, {}).environment

    assert "the user's" not in environment.values()
    assert environment["TAP_PURCHASE_ORDERS_APPZEN_AUTH_METHOD"] == "api_key"
    variable = "TAP_PURCHASE_ORDERS_APPZEN_PURCHASE_ORDER_NUMBERS_NUMBERS"
    assert environment[variable] == "1,2"
    assert environment["TARGET_POSTGRES_PORT"] == "1"
