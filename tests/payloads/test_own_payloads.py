"""What the tests that read the payloads beside this file may count on."""

from __future__ import annotations

import codecs
import json
import re
from pathlib import Path
from typing import Any

import pytest

PARTNER_CENTER = Path(__file__).resolve().parent / "partner_center"
APPZEN = Path(__file__).resolve().parent / "appzen"

BODIES = sorted([*PARTNER_CENTER.iterdir(), *APPZEN.iterdir()])


def body_of(path: Path) -> Any:
    return json.loads(path.read_bytes().decode("utf-8-sig"))


def orders() -> list[dict[str, Any]]:
    return [
        order
        for path in PARTNER_CENTER.glob("order*")
        for body in [body_of(path)]
        for order in body.get("items", [body])
    ]


@pytest.mark.parametrize("path", BODIES, ids=lambda path: path.name)
def test_a_body_has_a_byte_order_mark_if_its_name_says_so(path: Path) -> None:
    marked = path.read_bytes().startswith(codecs.BOM_UTF8)

    assert marked == path.name.endswith(".with-bom.body")
    assert body_of(path)


def test_one_partner_center_body_has_a_byte_order_mark() -> None:
    assert list(PARTNER_CENTER.glob("*.with-bom.body"))


def test_a_page_of_customers_links_to_the_next_by_a_header_token() -> None:
    first = body_of(PARTNER_CENTER / "customers-page-1.json")
    last = body_of(PARTNER_CENTER / "customers-page-2.json")

    (header,) = first["links"]["next"]["headers"]
    assert header["key"] == "MS-ContinuationToken"
    assert header["value"] not in first["links"]["next"]["uri"]
    assert "next" not in last["links"]


def test_orders_come_with_ids_in_every_documented_form() -> None:
    ids = {order["id"] for order in orders() if "id" in order}

    assert {len(identifier) for identifier in ids} == {12, 33, 36}
    # One pair differs only by upper and lower case.
    assert len({identifier.lower() for identifier in ids}) == len(ids) - 1


def test_orders_come_with_dates_in_every_documented_form() -> None:
    time_of_day = re.compile(r":\d\d(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$")
    forms = [time_of_day.search(order["creationDate"]) for order in orders()]

    assert {len(form[1] or "") for form in forms if form} == {0, 1, 2, 3, 4, 7}
    assert {form[2] for form in forms if form} == {"Z", "+00:00", "-08:00", "+05:30"}
    # One date cannot be read at all.
    assert forms.count(None) == 1


def test_orders_come_in_every_purchase_order_state_and_with_no_status() -> None:
    statuses = {order.get("status") for order in orders()}

    assert {
        None,
        "pending_po_upload",
        "po_upload_complete",
        "pending_review",
        "po_review_rejected",
        "completed",
    } <= statuses


def test_a_cancelled_line_keeps_its_place_with_quantity_0() -> None:
    order = body_of(PARTNER_CENTER / "order--with-a-cancelled-line.json")

    assert [line["quantity"] for line in order["lineItems"]] == [0, 17]


def test_line_numbers_of_a_purchase_order_are_kept_as_they_are_written() -> None:
    path = APPZEN / "purchase-order--irregular-lines.json"
    written = re.findall(r'"line_number": ([^,]+),', path.read_text("utf-8"))

    assert len(body_of(path)["purchase_order_lines"]) == 14
    assert written == (
        ["1", "1.0", "6.1", "6.10", "7", "7", '"007"', '"A-1"', '""', "null", "8", "9"]
    )


def test_amounts_of_a_purchase_order_have_more_digits_than_a_double() -> None:
    written = (APPZEN / "purchase-order--full.json").read_text("utf-8")

    assert '"amount": 12345678901234.123456789,' in written
    assert '"amount": 100.00,' in written
