"""The report says what the tables made by dbt say, although it does without them."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.pipeline.dbt_build import MARTS, build, dbt
from tests.pipeline.loaded_world import SCHEMA, LoadedWorld, loaded_world
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
    dbt()
    world = loaded_world(request.config)
    built = build(world.postgres, as_of=AS_OF)
    assert built.status == 0, built.said
    return world


@pytest.fixture(scope="module")
def page(world: LoadedWorld, tmp_path_factory: pytest.TempPathFactory) -> Page:
    path = tmp_path_factory.mktemp("report") / "report.html"
    return write_report(world.postgres, SCHEMA, path)


def number(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


def sums(
    world: LoadedWorld, key: Callable[[dict[str, Any]], Any]
) -> dict[Any, list[Decimal]]:
    """Return the amounts of the mart, added up by a key."""
    found: dict[Any, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * len(AMOUNTS))
    for row in world.postgres.rows("SELECT * FROM purchase_order_commitments", MARTS):
        old = found[key(row)]
        found[key(row)] = [o + row[n] for o, n in zip(old, AMOUNTS, strict=True)]
    return found


def test_uploads_are_those_of_the_mart(world: LoadedWorld, page: Page) -> None:
    expected = [
        [
            row["customer_name"] or row["customer_id"],
            WHO[row["waits_for"]],
            str(row["age_days"]),
            f"{row['created_at']:%Y-%m-%d %H:%M}",
            f"{row['status_seen_at']:%Y-%m-%d %H:%M}",
            str(row["line_count"]),
            row["order_id"],
        ]
        for row in world.postgres.rows(
            "SELECT * FROM open_purchase_order_uploads ORDER BY created_at", MARTS
        )
    ]

    assert page.rows("oldest-uploads") == expected


def test_commitments_by_currency_are_those_of_the_mart(
    world: LoadedWorld, page: Page
) -> None:
    found = {
        row[0]: [number(text) for text in row[1 : 1 + len(AMOUNTS)]]
        for row in page.rows("commitments-by-currency")
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
        for supplier, *texts in page.rows(f"commitments-{place}"):
            if not supplier.endswith(" other suppliers"):
                amounts = [number(text) for text in texts[: len(AMOUNTS)]]
                assert amounts == expected[currency, supplier]
                compared += 1
    assert compared == sum(
        min(20, sum(key[0] == currency for key in expected)) for currency in currencies
    )
    assert NOTHING not in {row[0] for row in page.rows("commitments-1")}


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
