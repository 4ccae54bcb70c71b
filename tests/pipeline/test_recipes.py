"""The recipe for purchase orders and the ERP, over what the tap and a loader leave."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.pipeline.postgres import Postgres, loader, running_postgres
from tests.tap.tap import run_tap
from tests.tap.upstream import Upstream, json_reply
from tests.tap.worlds import appzen, appzen_error, purchase_order, serve_purchase_orders

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

RECIPES = Path(__file__).parents[2] / "docs" / "recipes"
PAGE = (RECIPES / "purchase-orders-and-erp.md").read_text(encoding="utf-8")
RECIPE = (RECIPES / "purchase-orders-and-erp.sql").read_text(encoding="utf-8")
RAW, VIEWS = "purchasing", "purchasing_views"
ISSUED = {
    "purchase_order_status": "Approved",
    "appzen_purchase_order_status": "PO_ISSUED",
}
CLOSED = {
    "purchase_order_status": "Finally Closed",
    "appzen_purchase_order_status": "PO_CLOSED",
}
CANCELLED = {
    "purchase_order_status": "CANCELLED",
    "appzen_purchase_order_status": "PO_CLOSED",
}
# What AppZen answers in the first run, and what in the second.
ANSWERS: Mapping[str, Sequence[Any]] = {
    "0001": (
        {**ISSUED, "lines": [{"line_number": 1}, {"line_number": 2}]},
        {**ISSUED, "lines": [{"line_number": 1}, {"line_number": 3}]},
    ),
    "0002": ({**ISSUED, "lines": [{"line_number": 1}]}, {**ISSUED, "lines": []}),
    "0003": ({**CLOSED, "lines": [{"line_number": 1}]},) * 2,
    "0004": (
        {
            **ISSUED,
            "lines": [
                {"line_number": 1, "cancel_flag": True, "cancel_reason": "No need"},
                {"line_number": 2, "closed_flag": True, "closed_reason": "Paid"},
                {"line_number": 3, "appzen_purchase_order_line_status": "PO_CLOSED"},
                {"line_number": 4, "cancel_flag": False, "closed_flag": False},
            ],
        },
    )
    * 2,
    "0005": (
        {
            **ISSUED,
            "lines": [
                {"line_number": 1, "cancel_flag": True},
                {"line_number": 2, "cancel_flag": True, "closed_flag": True},
            ],
        },
    )
    * 2,
    "0006": ({**CANCELLED, "lines": [{"line_number": 1, "closed_flag": True}]},) * 2,
    "X-7": (ISSUED, ISSUED),
    "never found": (404, 404),
    "found later": (404, ISSUED),
    "found once": (ISSUED, 404),
    "not read": (503, 503),
    "refused": (400, 400),
    "..": (200, 200),
}
ERP = (
    *("0001", "0002", "0003", "0004", "0005"),
    *("never found", "found later", "found once", "not read", "refused", ".."),
    *("6", "00x-7 ", "0042", "not in the list"),
)


@dataclass(frozen=True)
class Recipe:
    """A warehouse with the views of the recipe."""

    postgres: Postgres

    def answer(self, number: int) -> list[tuple[Any, ...]]:
        """Return the rows of one of the queries that the page shows."""
        queries = re.findall(r"^```sql\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
        rows = self.postgres.rows(queries[number], VIEWS)
        return [tuple(row.values()) for row in rows]


@pytest.fixture(scope="module")
def recipe() -> Iterator[Recipe]:
    loader()
    with running_postgres() as postgres:
        with Upstream() as upstream:
            config = {"appzen": appzen(upstream, list(ANSWERS))}
            for run in range(2):
                serve_purchase_orders(
                    upstream,
                    {number: reply(number, ANSWERS[number][run]) for number in ANSWERS},
                )
                read = run_tap(config)
                assert read.status == 1  # because of the 503
                postgres.load(read.output, RAW)
        postgres.make_schema(VIEWS)
        for _ in range(2):
            postgres.execute(RECIPE, VIEWS, RAW)
        with postgres.connected(VIEWS) as connection:
            for number in ERP:
                insert = "INSERT INTO erp_purchase_orders VALUES (%s)"
                connection.execute(insert, [number])
        yield Recipe(postgres)


def reply(number: str, answer: Any) -> Any:
    if isinstance(answer, int):
        return appzen_error(answer)
    fields = dict(answer)
    if "lines" in fields:
        fields["purchase_order_lines"] = fields.pop("lines")
    return json_reply(purchase_order(number, **fields))


def test_numbers_not_read_are_those_whose_latest_reading_failed(recipe: Recipe) -> None:
    rows = recipe.answer(0)

    assert [(number, kind, read is None) for number, kind, _, read in rows] == [
        ("..", "invalid_number", True),
        ("found once", "not_found", False),
        ("never found", "not_found", True),
        ("refused", "request_failed", True),
        ("not read", "unavailable", True),
    ]
    (once,) = [row for row in rows if row[0] == "found once"]
    assert once[3] < once[2]


def test_numbers_of_the_erp_without_a_purchase_order_have_their_reason(
    recipe: Recipe,
) -> None:
    assert recipe.answer(1) == [
        ("..", "invalid_number", None),
        ("0042", "never_asked", None),
        ("00x-7 ", "never_asked", "X-7"),
        ("6", "never_asked", "0006"),
        ("not in the list", "never_asked", None),
        ("never found", "not_found", None),
        ("refused", "request_failed", None),
        ("not read", "unavailable", None),
    ]


def test_purchase_orders_that_the_erp_does_not_have_are_named(recipe: Recipe) -> None:
    assert recipe.answer(2) == [("0006",), ("X-7",)]


def test_a_number_that_is_no_longer_found_is_in_the_warehouse_with_a_problem(
    recipe: Recipe,
) -> None:
    (row,) = recipe.postgres.rows(
        "SELECT * FROM erp_comparison WHERE purchase_order_number = 'found once'", VIEWS
    )

    assert row["is_in_erp"]
    assert row["is_in_warehouse"]
    assert row["problem"] == "not_found"


def test_lines_that_an_answer_no_longer_has_are_stale(recipe: Recipe) -> None:
    rows = recipe.answer(3)

    assert [row[:2] for row in rows] == [("0001", "2"), ("0002", "1")]
    assert all(seen < gone for *_, seen, gone in rows)


def test_current_lines_are_those_of_the_latest_answers(recipe: Recipe) -> None:
    rows = recipe.postgres.rows(
        "SELECT purchase_order_number AS n, array_agg(line_key ORDER BY line_key) AS k"
        " FROM current_purchase_order_lines GROUP BY 1",
        VIEWS,
    )

    assert {row["n"]: row["k"] for row in rows} == {
        "0001": ["1", "3"],
        "0003": ["1"],
        "0004": ["1", "2", "3", "4"],
        "0005": ["1", "2"],
        "0006": ["1"],
        "X-7": ["1"],
        "found later": ["1"],
        "found once": ["1"],
    }


def test_what_is_over_is_told_by_header_wording_and_lines(recipe: Recipe) -> None:
    assert recipe.answer(4) == [
        ("0003", "Finally Closed", True, False, False, 1, 0, 1),
        ("0005", "Approved", False, True, True, 2, 2, 0),
        ("0006", "CANCELLED", True, True, True, 1, 0, 0),
    ]


def test_single_lines_that_are_over_are_named(recipe: Recipe) -> None:
    assert recipe.answer(5) == [
        ("0004", "1", True, "No need", False, None),
        ("0004", "2", False, None, True, "Paid"),
        ("0004", "3", False, None, True, None),
        ("0005", "1", True, None, False, None),
        ("0005", "2", True, None, True, None),
        ("0006", "1", False, None, True, None),
    ]
