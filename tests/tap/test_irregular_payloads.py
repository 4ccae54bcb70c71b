"""The most irregular answers: what can be read is, and the rest is told."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.tap.scenes import Played, play_named
from tests.tap.upstream import Reply, json_reply
from tests.tap.worlds import (
    appzen,
    collection,
    customer,
    number_path,
    orders_path,
    partner_center,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.tap.upstream import Upstream

OWN = Path(__file__).resolve().parents[1] / "payloads"


@pytest.fixture(scope="module")
def irregular() -> Played:
    """A run that reads our most irregular orders and purchase order."""

    def scene(upstream: Upstream) -> Mapping[str, Any]:
        upstream.answer("/v1/customers", json_reply(collection([customer("c1")])))
        orders = Reply((OWN / "partner_center/orders--irregular.json").read_bytes())
        upstream.answer(orders_path("c1"), orders)
        body = (OWN / "appzen/purchase-order--irregular-lines.json").read_bytes()
        upstream.answer(number_path("IRR-0014"), Reply(body))
        return {
            "config": {
                "partner_center": partner_center(upstream),
                "appzen": appzen(upstream, ["IRR-0014"]),
            }
        }

    return play_named({"irregular": scene})["irregular"]


def test_irregular_lines_have_keys_of_their_own_and_are_issues(
    irregular: Played,
) -> None:
    run = irregular.run
    keys = [line["line_key"] for line in run.records("purchase_order_lines")]
    odd = [i["record_key"] for i in run.issues(kind="irregular_line")]

    assert keys == [
        "1",
        "1#2",
        "6.1",
        "6.1#2",
        "7",
        "7#2",
        "id:000451",
        "row:8",
        "007",
        "A-1",
        "id:00019",
        "id:000451#2",
        "8",
        "9",
    ]
    assert odd == [
        f"IRR-0014/{key}"
        for key in keys
        if key.startswith(("id:", "row:")) or "#" in key
    ]
    assert run.records("purchase_orders")[0]["line_count"] == 14


def test_irregular_values_are_read_or_null_with_an_issue(irregular: Played) -> None:
    run = irregular.run
    unreadable = {
        (i["stream"], i["record_key"], i["field"])
        for i in run.issues(kind="unreadable_value")
    }
    number = "IRR-0014"
    lines = ("purchase_order_lines", f"{number}/9")
    odd_order = "5e8b21cd-7f06-4a93-a2d8-0c94f3b6e715/5b83a1d6c0f7"

    assert unreadable == {
        ("purchase_orders", number, "end_date"),
        ("purchase_orders", number, "total_amount.amount"),
        ("purchase_order_lines", f"{number}/A-1", "line_number"),
        ("purchase_order_lines", f"{number}/8", "taxable_flag"),
        (*lines, "quantity"),
        (*lines, "unit_price"),
        (*lines, "line_vat_breakdown"),
        (*lines, "line_allocations[0]"),
        (*lines, "closed_flag"),
        (*lines, "closed_date"),
        (*lines, "amortization_schedule_details.id"),
        ("orders", "c1/d27b6ef09a54", "creationDate"),
        ("order_line_items", f"{odd_order}/1", "quantity"),
    }
    line = run.records("purchase_order_lines")[12]
    assert line["quantity"] == Decimal("12.50")
    assert line["closed_flag"] is True
    assert line["cancel_flag"] is False
    assert line["amount"] == {"amount": Decimal("37.50"), "currency": "978"}
    assert line["gl_code"] == "4000.10"
    assert line["contractor_start_date"] is None


def test_records_of_irregular_answers_that_have_no_key_are_issues(
    irregular: Played,
) -> None:
    run = irregular.run

    assert [i["stream"] for i in run.issues(kind="invalid_record")] == [
        "orders",
        "order_line_items",
    ]
    assert [r["id"] for r in run.records("orders")] == ["d27b6ef09a54", "5b83a1d6c0f7"]
    assert run.status == 0
    assert b"waiting_for_the_harvest" in run.output
    assert "approval_route" in " ".join(run.warnings)
