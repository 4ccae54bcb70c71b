"""The report says what the tables made by dbt say, although it does without them."""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tap_purchase_orders.report.sections import TABLES
from tests.pipeline.dbt_build import MARTS, TRANSFORM, built_world
from tests.pipeline.loaded_world import SCHEMA, LoadedWorld
from tests.pipeline.report_page import AS_OF, NOTHING, Page, write_report

if TYPE_CHECKING:
    from collections.abc import Callable

AMOUNTS = {
    "ordered": "Ordered",
    "received": "Received",
    "invoiced": "Invoiced",
    "left_to_invoice": "Left to invoice",
    "released": "Released",
    "not_known": "Not known",
}
WHO = {"partner": "Partner: upload", "microsoft": "Microsoft: review"}


@pytest.fixture(scope="module")
def world(request: pytest.FixtureRequest) -> LoadedWorld:
    """The loaded world, with the models built over it."""
    return built_world(request.config, as_of=AS_OF)


@pytest.fixture(scope="module")
def page(world: LoadedWorld, tmp_path_factory: pytest.TempPathFactory) -> Page:
    path = tmp_path_factory.mktemp("report") / "report.html"
    return write_report(world.postgres, SCHEMA, path)


def number(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


def minute(moment: dt.datetime) -> str:
    # The sessions of the server are not in UTC; the page is.
    return f"{moment.astimezone(dt.UTC):%Y-%m-%d %H:%M}"


def sums(
    world: LoadedWorld, key: Callable[[dict[str, Any]], Any]
) -> dict[Any, list[Decimal]]:
    """Return the amounts of the mart, added up by a key."""
    found: dict[Any, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * len(AMOUNTS))
    for row in world.postgres.rows("SELECT * FROM purchase_order_commitments", MARTS):
        old = found[key(row)]
        found[key(row)] = [o + row[n] for o, n in zip(old, AMOUNTS, strict=True)]
    return found


def test_exposures_name_the_tables_that_the_report_reads() -> None:
    path = TRANSFORM / "models" / "marts" / "_exposures.yml"
    exposures = yaml.safe_load(path.read_text(encoding="utf-8"))["exposures"]

    source = re.compile(r"source\('tap_purchase_orders', '(\w+)'\)")
    named = {
        table
        for exposure in exposures
        for text in exposure["depends_on"]
        for table in source.findall(text)
    }
    # Without the runs, which are off by default.
    assert named == TABLES - {"extraction_runs"}


def test_uploads_are_those_of_the_mart(world: LoadedWorld, page: Page) -> None:
    expected = [
        [
            row["customer_name"] or row["customer_id"],
            WHO[row["waits_for"]],
            str(row["age_days"]),
            minute(row["created_at"]),
            minute(row["created_at"].astimezone(dt.UTC) + dt.timedelta(days=90)),
            minute(row["status_seen_at"]),
            row["currency_code"] or "no currency",
            NOTHING if row["total_price"] is None else f"{row['total_price']:f}",
            str(row["line_count"]),
            row["order_id"],
        ]
        for row in world.postgres.rows(
            "SELECT * FROM open_purchase_order_uploads ORDER BY created_at", MARTS
        )
    ]

    assert page.exact_rows("oldest-uploads") == expected


def test_commitments_by_currency_are_those_of_the_mart(
    world: LoadedWorld, page: Page
) -> None:
    found = {
        row[0]: [number(text) for text in row[1 : 1 + len(AMOUNTS)]]
        for row in page.exact_rows("commitments-by-currency")
    }

    assert found == sums(world, lambda row: row["currency"] or "no currency")
    assert page.tables["commitments-by-currency"][0][1:7] == list(AMOUNTS.values())


def test_commitments_by_supplier_are_those_of_the_mart(
    world: LoadedWorld, page: Page
) -> None:
    expected = sums(world, lambda row: (row["currency"], row["supplier_id"]))
    currencies = page.column("commitments-by-currency", "Currency")
    compared = 0
    for place, currency in enumerate(currencies, start=1):
        for supplier, *texts in page.exact_rows(f"commitments-{place}"):
            if not supplier.endswith(" other suppliers"):
                amounts = [number(text) for text in texts[: len(AMOUNTS)]]
                assert amounts == expected[currency, supplier]
                compared += 1
    assert compared == sum(
        min(20, sum(key[0] == currency for key in expected)) for currency in currencies
    )
    assert NOTHING not in {row[0] for row in page.rows("commitments-1")}


@pytest.mark.parametrize(
    ("table", "value"),
    [
        ("commitments-by-account", "coalesce(line.gl_code, header.gl_code)"),
        ("commitments-by-requester", "header.requester"),
        ("commitments-by-entity", "commitment.entity_name"),
    ],
)
def test_breakdowns_are_sums_of_the_mart(
    world: LoadedWorld, page: Page, table: str, value: str
) -> None:
    columns = ", ".join(f"coalesce(sum({name}), 0) AS {name}" for name in AMOUNTS)
    expected = {
        (row["value"], row["currency"]): [row[name] for name in AMOUNTS]
        for row in world.postgres.rows(
            f"SELECT {value} AS value, commitment.currency, {columns}"  # noqa: S608  # our own
            " FROM purchase_order_line_commitments AS commitment"
            " JOIN purchase_orders AS header USING (purchase_order_number)"
            " JOIN purchase_order_lines AS line USING (purchase_order_number, line_key)"
            " GROUP BY 1, 2",
            MARTS,
            SCHEMA,
        )
    }

    rows = page.exact_rows(table)

    assert rows
    for name, currency, *texts in rows:
        known = None if currency == "no currency" else currency
        value_there = None if name.startswith("no ") else name
        amounts = [number(text) for text in texts[: len(AMOUNTS)]]
        assert amounts == expected[value_there, known], (name, currency)


def test_what_is_past_its_end_date_is_what_the_mart_has_left(
    world: LoadedWorld, page: Page
) -> None:
    expected = [
        [row["purchase_order_number"], f"{row['ended']}", f"{row['left']:f}"]
        for row in world.postgres.rows(
            "SELECT purchase_order_number, header.end_date::date AS ended, currency,"  # noqa: S608  # a date of ours
            " sum(left_to_invoice) AS left"
            " FROM purchase_order_line_commitments"
            " JOIN purchase_orders AS header USING (purchase_order_number)"
            f" WHERE header.end_date < '{AS_OF[:10]}'"
            " GROUP BY 1, 2, 3 HAVING sum(left_to_invoice) > 0 ORDER BY 2, 1, 3",
            MARTS,
            SCHEMA,
        )
    ]

    rows = page.exact_rows("past-end-date")

    assert expected
    assert [[row[0], row[4], row[7]] for row in rows] == expected


def test_statuses_are_those_of_the_timeline(world: LoadedWorld, page: Page) -> None:
    headings, *rows = page.tables["statuses-by-day"]
    for day, *texts in rows:
        expected = world.postgres.rows(
            "SELECT lower(status) AS status, count(*) AS orders"  # noqa: S608  # a date of ours
            " FROM order_status_timeline"
            f" WHERE (seen_at AT TIME ZONE 'UTC')::date <= '{day}' AND ("
            f" seen_until IS NULL OR (seen_until AT TIME ZONE 'UTC')::date > '{day}')"
            " GROUP BY 1",
            MARTS,
        )
        counts = zip(headings[1:], texts, strict=True)
        found = {name: int(text) for name, text in counts if text != "0"}
        assert found == {row["status"]: row["orders"] for row in expected}
