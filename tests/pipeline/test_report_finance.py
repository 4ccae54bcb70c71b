"""The report as finance reads it: amounts, what is missing, changes, names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.pipeline.loaded_world import SCHEMA, LoadedWorld, loaded_world
from tests.pipeline.report_page import (
    AS_OF,
    NOTHING,
    run_report,
    variables,
    write_report,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.pipeline.postgres import Postgres

TABLES = (
    "customers",
    "orders",
    "order_status_changes",
    "purchase_orders",
    "purchase_order_lines",
    "extraction_issues",
    "extraction_runs",
)


@pytest.fixture(scope="module")
def world(request: pytest.FixtureRequest) -> LoadedWorld:
    return loaded_world(request.config)


@pytest.fixture(scope="module")
def postgres(world: LoadedWorld) -> Postgres:
    return world.postgres


@pytest.fixture
def copy(postgres: Postgres, request: pytest.FixtureRequest) -> Iterator[str]:
    """A schema of the test's own with the loaded tables, all of them empty."""
    name = re.sub(r"\W", "_", request.node.name.lower())[:60]
    postgres.make_schema(name)
    for table in TABLES:
        postgres.execute(
            f"CREATE TABLE {name}.{table} AS TABLE {SCHEMA}.{table} WITH NO DATA"
        )
    yield name
    postgres.execute(f"DROP SCHEMA {name} CASCADE")


def line(number: str, amount: str, currency: str | None, left: str = "0") -> str:
    """Return the statements that add a purchase order of one line."""
    code = "NULL" if currency is None else f"'{currency}'"
    return (
        "INSERT INTO purchase_orders (purchase_order_number, supplier_id, end_date)"  # noqa: S608  # values of ours
        f" VALUES ('{number}', 's{number}', '2026-12-31');"
        "INSERT INTO purchase_order_lines"
        " (purchase_order_number, line_key, amount, uninvoiced_amount)"
        f" VALUES ('{number}', '1',"
        f" jsonb_build_object('amount', {amount}, 'currency', {code}),"
        f" jsonb_build_object('amount', {left}, 'currency', {code}));"
    )


@pytest.mark.parametrize(
    "case",
    [
        ("EUR", "1234.12345678901", "1,234.12"),
        ("EUR", "0.005", "0.01"),
        ("EUR", "-0.001", "0.00"),
        ("USD", "7", "7.00"),
        ("JPY", "1234567.5", "1,234,568"),
        ("jpy", "2.25", "2"),
        ("KWD", "1.2345", "1.235"),
        ("CLF", "1.00005", "1.0001"),
        ("HUF", "10.5", "10.50"),
        ("XYZ", "10.555", "10.56"),
        (None, "1.5", "1.50"),
        (
            "EUR",
            "1234567890123456789012345678901234567890.125",
            "1,234,567,890,123,456,789,012,345,678,901,234,567,890.13",
        ),
    ],
)
def test_amounts_are_in_the_minor_unit_and_exact_on_hover(
    postgres: Postgres, copy: str, tmp_path: Path, case: tuple[str | None, str, str]
) -> None:
    currency, amount, text = case
    postgres.execute(line("1", amount, currency), copy)

    page = write_report(postgres, copy, tmp_path / "report.html")

    shown = currency or "no currency"
    assert page.column("commitments-by-currency", "Currency") == [shown]
    assert page.column("commitments-by-currency", "Ordered") == [text]
    assert page.exact_rows("commitments-by-currency")[0][1] == amount
    assert f'title="{amount}{f" {currency}" if currency else ""}"' in page.text


def test_currencies_are_never_added_up(
    postgres: Postgres, copy: str, tmp_path: Path
) -> None:
    postgres.execute(line("1", "10", "EUR") + line("2", "1000", "JPY"), copy)

    page = write_report(postgres, copy, tmp_path / "report.html")

    for table in ("commitments-by-currency", "commitments-by-entity"):
        found = zip(
            page.column(table, "Currency"), page.column(table, "Ordered"), strict=True
        )
        assert sorted(found) == [("EUR", "10.00"), ("JPY", "1,000")]


def issue(upstream: str, stream: str, kind: str, key: str, day: str) -> str:
    return (
        "INSERT INTO extraction_issues"  # noqa: S608  # values of ours
        " (issue_id, upstream, stream, kind, record_key, observed_at) VALUES"
        f" ('{stream}{key}', '{upstream}', '{stream}', '{kind}', '{key}', '{day}');"
    )


def run_of(upstream: str, day: str, shard: str = "0 of 1") -> str:
    index, _, count = shard.partition(" of ")
    return (
        "INSERT INTO extraction_runs"  # noqa: S608  # values of ours
        " (run_id, upstream, started_at, shard_index, shard_count) VALUES"
        f" ('{day}{shard}', '{upstream}', '{day}', {index}, {count});"
    )


READ_ON_THE_20TH = (
    "UPDATE purchase_orders SET _sdc_extracted_at = '2026-12-20';"
    "UPDATE purchase_order_lines SET _sdc_extracted_at = '2026-12-20';"
)


def test_what_is_missing_stands_beside_the_totals(
    postgres: Postgres, copy: str, tmp_path: Path
) -> None:
    postgres.execute(
        line("1", "10", "EUR")
        # A later run than that of the issue has read this one.
        + line("2", "10", "EUR")
        + READ_ON_THE_20TH
        + issue("appzen", "purchase_orders", "unavailable", "2", "2026-12-19")
        # An old run met it, and no run has asked for it again.
        + issue("appzen", "purchase_orders", "not_found", "3", "2026-12-01")
        # What is loaded is older than what could not be read.
        + issue("appzen", "purchase_orders", "unavailable", "1", "2026-12-21")
        + issue("appzen", "purchase_orders", "unreadable_value", "4", "2026-12-21")
        # The list has been mended since.
        + issue("appzen", "purchase_orders", "invalid_number", ".", "2026-12-20")
        + run_of("appzen", "2026-12-21")
        + issue("partner_center", "orders", "forbidden", "c1", "2026-12-10 12:30")
        + issue("partner_center", "orders", "forbidden", "c2", "2026-12-09")
        # In UTC the first is before the run, the second is not, wherever the server is.
        + run_of("partner_center", "2026-12-10 12:29"),
        copy,
    )

    page = write_report(postgres, copy, tmp_path / "report.html")

    for section in ("commitments", "breakdowns", "purchase-orders"):
        assert page.notes[section][0] == (
            "Missing from these figures: 1 not_found in purchase_orders, "
            "1 unavailable in purchase_orders. No later run has read the purchase "
            "orders. “What could not be read” has the keys."
        )
    assert page.notes["uploads"][0] == (
        "Missing from these figures: 1 forbidden in orders. That is since the last run "
        "of Partner Center began, 2026-12-10 12:29 UTC. “What could not be read” has "
        "the keys."
    )
    assert page.cards["Missing from the figures"] == ["3"]
    assert page.rows("missing-records") == [
        ["AppZen", "purchase_orders", "not_found", "1", NOTHING],
        ["AppZen", "purchase_orders", "unavailable", "1", NOTHING],
        ["Partner Center", "orders", "forbidden", "1", "2026-12-10 12:29"],
    ]


def test_a_run_in_shards_began_with_its_first_shard(
    postgres: Postgres, copy: str, tmp_path: Path
) -> None:
    postgres.execute(
        run_of("partner_center", "2026-12-01")
        + run_of("partner_center", "2026-12-08", "0 of 2")
        + run_of("partner_center", "2026-12-09", "1 of 2")
        + run_of("partner_center", "2026-12-10", "0 of 2")
        + run_of("partner_center", "2026-12-11", "1 of 2")
        + issue("partner_center", "orders", "forbidden", "c1", "2026-12-09 12:00")
        + issue("partner_center", "orders", "forbidden", "c2", "2026-12-10 12:00"),
        copy,
    )

    page = write_report(postgres, copy, tmp_path / "report.html")

    assert page.rows("missing-records") == [
        ["Partner Center", "orders", "forbidden", "1", "2026-12-10 00:00"]
    ]


def test_without_a_history_of_runs_all_issues_count(
    postgres: Postgres, copy: str, tmp_path: Path
) -> None:
    postgres.execute(
        "DROP TABLE extraction_runs;"
        + issue("partner_center", "orders", "forbidden", "c1", "2020-01-01"),
        copy,
    )

    page = write_report(postgres, copy, tmp_path / "report.html")

    assert page.notes["uploads"][0].startswith(
        "Missing from these figures: 1 forbidden in orders. That is from all runs"
    )


def test_nothing_is_said_where_nothing_is_missing(
    postgres: Postgres, copy: str, tmp_path: Path
) -> None:
    postgres.execute(line("1", "10", "EUR"), copy)

    page = write_report(postgres, copy, tmp_path / "report.html")

    assert "commitments" not in page.notes
    assert page.cards["Missing from the figures"] == ["0"]


ORDERS = (
    'INSERT INTO orders (id, "referenceCustomerId", status, "creationDate",'
    ' "totalPrice", "currencyCode", line_count) VALUES'
    " ('o1', 'c1', 'PO_Review_Rejected', '2026-09-02 23:30', 1500.5, 'JPY', 1),"
    " ('o2', 'c1', 'pending_po_upload', '2026-12-02 23:30', 99.999, 'EUR', 2),"
    " ('o3', 'c1', 'completed', '2026-12-02', NULL, NULL, 3);"
    'INSERT INTO order_status_changes ("referenceCustomerId", "orderId", sequence,'
    ' "previousStatus", status, "observedAt") VALUES'
    " ('c1', 'o1', 1, NULL, 'po_upload_complete', '2026-12-01 12:00'),"
    " ('c1', 'o1', 2, 'po_upload_complete', 'po_review_rejected', '2026-12-29 23:30'),"
    " ('c1', 'o2', 1, NULL, 'pending_po_upload', '2026-12-30 00:30'),"
    " ('c1', 'o3', 1, NULL, 'completed', '2026-12-24 12:00');"
)


def test_uploads_have_their_amounts_day_90_and_rejections(
    postgres: Postgres, copy: str, tmp_path: Path
) -> None:
    postgres.execute(ORDERS, copy)

    page = write_report(postgres, copy, tmp_path / "report.html")

    assert page.rows("oldest-uploads") == [
        [
            *("c1", "Partner: upload", "29", "2026-12-02 23:30", "2027-03-02 23:30"),
            *("2026-12-30 00:30", "EUR", "100.00", "2", "o2"),
        ]
    ]
    assert page.rows("rejected-uploads") == [
        ["c1", "2026-09-02 23:30", "2026-12-29 23:30", "JPY", "1,501", "1", "o1"]
    ]
    assert page.cards["Uploads waiting"] == ["1"]


@pytest.mark.parametrize(
    ("option", "orders"),
    [
        ((), ["o2", "o1"]),
        (("--since=2026-12-30T00:00:00Z",), ["o2"]),
        (("--since=2026-12-30T01:30:00+02:00",), ["o2", "o1"]),
        (("--since=2026-12-01T00:00:00Z",), ["o2", "o1", "o3", "o1"]),
        (("--since=2026-12-31T00:00:00Z",), []),
    ],
)
def test_changes_are_those_since_the_moment_given_or_of_a_week(
    postgres: Postgres,
    copy: str,
    tmp_path: Path,
    option: tuple[str, ...],
    orders: list[str],
) -> None:
    postgres.execute(ORDERS, copy)

    page = write_report(postgres, copy, tmp_path / "report.html", *option)

    if not orders:
        assert "2026-12-31 00:00 UTC" in page.notes["changes"][0]
        return
    assert page.column("status-changes", "Order") == orders
    moves = list(
        zip(
            page.column("status-changes", "Was"),
            page.column("status-changes", "Is"),
            strict=True,
        )
    )
    assert moves[0] == ("first seen", "pending_po_upload")
    if "o1" in orders:
        assert moves[1] == ("po_upload_complete", "po_review_rejected")


def test_past_the_end_date_is_what_ended_before_the_day_with_money_left(
    postgres: Postgres, copy: str, tmp_path: Path
) -> None:
    postgres.execute(
        line("1", "10", "EUR", left="2.5")
        + line("2", "10", "EUR", left="0")
        + line("3", "10", "EUR", left="4"),
        copy,
    )
    postgres.execute(
        "UPDATE purchase_orders SET end_date = '2027-01-01'"
        " WHERE purchase_order_number = '3'",
        copy,
    )

    page = write_report(postgres, copy, tmp_path / "report.html")

    assert page.rows("past-end-date") == [
        ["1", "s1", NOTHING, NOTHING, "2026-12-31", "1", "EUR", "2.50"]
    ]


def test_one_purchase_order_is_found_however_old(
    postgres: Postgres, copy: str, tmp_path: Path
) -> None:
    postgres.execute(
        "INSERT INTO purchase_orders (purchase_order_number, start_date)"
        " SELECT 'n' || n, date '2026-01-01' + n FROM generate_series(1, 400) AS n",
        copy,
    )
    path = tmp_path / "report.html"

    without = write_report(postgres, copy, path)
    asked = write_report(
        postgres, copy, path, "--purchase-order=n1", "--purchase-order=n/'2"
    )

    assert "n1" not in without.column("purchase-order-list", "Purchase order")
    assert asked.column("purchase-order-list", "Purchase order")[0] == "n1"
    assert "Not loaded: n/'2." in asked.notes["purchase-orders"]


def test_suppliers_have_the_names_of_a_table_of_the_users(
    postgres: Postgres, copy: str, tmp_path: Path
) -> None:
    postgres.execute(line("1", "10", "EUR", left="1") + line("2", "5", "EUR"), copy)
    postgres.execute(
        "CREATE TABLE vendors (supplier_id text, supplier_name text);"
        "INSERT INTO vendors VALUES ('s1', 'Acme <b>& Sons'), ('s2', ' ')",
        copy,
    )
    path = tmp_path / "report.html"

    for table in ("vendors", f"{copy}.vendors"):
        page = write_report(postgres, copy, path, f"--supplier-names={table}")
        suppliers = page.column("commitments-1", "Supplier")
        assert suppliers == ["Acme <b>& Sons (s1)", "s2"]
        assert page.column("past-end-date", "Supplier") == ["Acme <b>& Sons (s1)"]


def test_a_table_of_names_that_cannot_be_read_is_named(
    postgres: Postgres, tmp_path: Path
) -> None:
    options = (f"--schema={SCHEMA}", f"--output={tmp_path / 'report.html'}")

    missing, other = (
        run_report(*options, f"--supplier-names={table}", **variables(postgres))
        for table in ("nowhere.vendors", "purchase_orders")
    )
    hostile = run_report(*options, "--supplier-names=a; DROP TABLE orders")

    assert (missing.returncode, other.returncode, hostile.returncode) == (1, 1, 2)
    assert "`--supplier-names`: nowhere.vendors: " in missing.stderr
    assert "supplier_name" in other.stderr
    assert "is no name of a table such as" in hostile.stderr
    assert len(missing.stderr.splitlines()) == len(other.stderr.splitlines()) == 1


def test_ages_are_right_where_the_server_is_in_another_zone(
    postgres: Postgres, copy: str, tmp_path: Path
) -> None:
    (row,) = postgres.rows("SHOW timezone")
    assert row["TimeZone"] == "Europe/Berlin"
    # One minute less than 30 days before the moment of the report, in UTC.
    postgres.execute(
        'INSERT INTO orders (id, "referenceCustomerId", status, "creationDate",'
        " _sdc_extracted_at) VALUES"
        " ('o', 'c', 'pending_po_upload', '2026-12-02 00:01', '2026-12-31 00:00')",
        copy,
    )

    page = write_report(postgres, copy, tmp_path / "report.html", as_of=AS_OF)

    assert page.column("oldest-uploads", "Age, days") == ["29"]
    assert page.facts[2] == "2026-12-31 00:00"
    assert page.notes[""][0].startswith("1 day behind.")
