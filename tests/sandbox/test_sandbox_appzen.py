"""The sandbox's AppZen, as strict as the documents."""

from __future__ import annotations

import datetime as dt
import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tap_purchase_orders.sandbox.process import Sandbox
from tests.sandboxes import DAY_SECONDS, NOW, Caller

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests

FAST = 100_000


@pytest.fixture(scope="module")
def caller() -> Iterator[Caller]:
    with (
        Sandbox(now=NOW, freeze_clock=True, appzen_requests_per_second=FAST) as sandbox,
        Caller(sandbox) as result,
    ):
        yield result


def orders(caller: Caller) -> dict[str, dict[str, Any]]:
    """Return every purchase order there is, its numbers as exact decimals."""
    answers = {number: caller.purchase_order(number) for number in caller.numbers()}
    return {
        number: json.loads(answer.content, parse_float=Decimal)
        for number, answer in answers.items()
        if answer.status_code == 200
    }


def lines(caller: Caller) -> list[dict[str, Any]]:
    return [
        line
        for order in orders(caller).values()
        for line in order["purchase_order_lines"]
    ]


def assert_error(answer: requests.Response, status: int, message: str) -> None:
    assert answer.status_code == status
    body = answer.json()
    assert body.keys() == {"timestamp", "status", "error", "message"}
    assert body["status"] == status
    assert re.fullmatch(rf"Error code : [0-9a-f]{{8}} - {message}.*", body["message"])
    assert re.fullmatch(r"\S{10}T\S{8}\.\d{3}\+0000", body["timestamp"])
    assert answer.headers["x-correlation-id"]


def test_each_number_answers_with_itself_as_one_segment(caller: Caller) -> None:
    found = orders(caller)

    for number, order in found.items():
        assert order["purchase_order_number"] == number
    assert len(found) == 40
    together = "".join(found)
    assert set("/ #?%+;&=") <= set(together)
    assert not together.isascii()
    assert any(number.startswith("000") for number in found)


def test_the_settings_hold_a_few_numbers_that_do_not_exist(caller: Caller) -> None:
    missing = set(caller.numbers()) - orders(caller).keys()

    assert len(missing) == 3
    for number in missing:
        answer = caller.purchase_order(number)
        assert_error(answer, 404, "The resource you specified cannot be not found")


@pytest.mark.parametrize(
    "changed",
    [
        {"api_key": "wrong"},
        {"customer_id": "0"},
        {"customer_key": "wrong"},
        {"api_key": None},
        {"customer_id": None},
        {"customer_key": None},
    ],
)
def test_all_three_headers_are_demanded(
    changed: dict[str, str | None], caller: Caller
) -> None:
    path = "purchase-order/purchase-order-number/1"

    answer = caller.appzen(path, **changed)

    assert_error(answer, 401, "Unable to authenticate credentials")


def test_numbers_are_matched_as_they_are(caller: Caller) -> None:
    number = next(n for n in caller.numbers() if n.startswith("PO-"))

    for other in (number.lower(), f" {number}", number[3:]):
        assert caller.purchase_order(other).status_code == 404


def test_the_suggested_test_of_the_credentials_is_answered(caller: Caller) -> None:
    answer = caller.appzen("generate-upload-url")

    assert answer.status_code == 200
    body = answer.json()
    assert body.keys() == {"url", "uuid", "expires"}
    assert body["url"].endswith(body["uuid"])
    assert body["expires"].endswith("Z")
    assert caller.appzen("generate-upload-url", api_key="wrong").status_code == 401


def test_other_paths_are_404(caller: Caller) -> None:
    for path in ("purchase-order", "purchase-orders", "purchase-order/search"):
        assert caller.appzen(path).status_code == 404


def test_every_answer_has_a_correlation_id(caller: Caller) -> None:
    answers = [caller.purchase_order(number) for number in caller.numbers()[:2]]

    assert len({answer.headers["x-correlation-id"] for answer in answers}) == 2


def test_amounts_keep_their_digits(caller: Caller) -> None:
    texts = [caller.purchase_order(number).text for number in caller.numbers()]

    assert any('"amount":12345678901234.123456789,' in text for text in texts)
    assert any('"amount":100.00,' in text for text in texts)


def test_a_total_is_the_exact_sum_of_its_lines(caller: Caller) -> None:
    for order in orders(caller).values():
        amounts = [
            Decimal(line["amount"]["amount"]) for line in order["purchase_order_lines"]
        ]
        if amounts:
            assert order["total_amount"]["amount"] == sum(amounts)


HEADER_MEMBERS = """
    purchase_order_number entity_id entity_name supplier_id gl_code payment_term_id
    external_unique_id comments exchange_rate start_date end_date total_amount
    amount_limit min_release_amount email_address purchase_requisition_id
    purchase_order_type purchase_order_status appzen_purchase_order_status
    ship_to_location ship_to_location_id requester custom_json po_conditions
    purchase_order_lines
"""
LINE_MEMBERS = """
    po_line_id line_number gl_code line_item_code line_description quantity unit_price
    price_per_unit amount line_vat_amount line_vat_breakdown line_allocations
    contractor_name contractor_start_date closed_flag closed_by closed_date
    closed_reason cancel_flag cancel_date cancel_reason taxable_flag tax_code_id
    tax_name type_1099 committed_amount amount_limit unit_list_price base_list_price
    uninvoiced_amount received_amount progress_payment_rate item_category
    item_category_id hazard_class_id unit_of_measure committed_quantity
    ordered_quantity received_quantity uninvoiced_quantity service_line_start_date
    service_line_end_date match_basis match_type line_type purchase_order_line_status
    appzen_purchase_order_line_status purchase_requisition_id buyer custom_json
    amortization_start_date amortization_end_date amortization_schedule_details
    hsn_sac_code po_line_conditions
"""


def test_all_members_of_the_swagger_are_there_and_no_others(caller: Caller) -> None:
    seen = {name for order in orders(caller).values() for name in order}
    seen_on_lines = {name for line in lines(caller) for name in line}

    assert seen == set(HEADER_MEMBERS.split())
    assert seen_on_lines == set(LINE_MEMBERS.split())


def test_some_contracts_have_no_lines(caller: Caller) -> None:
    empty = [o for o in orders(caller).values() if o["purchase_order_lines"] == []]

    assert empty
    assert {order["purchase_order_type"] for order in empty} == {"Contract"}


def test_time_brings_goods_and_closes_orders() -> None:
    with (
        Sandbox(now=NOW, freeze_clock=True, appzen_requests_per_second=FAST) as sandbox,
        Caller(sandbox) as caller,
    ):
        before = orders(caller)
        sandbox.advance(10 * DAY_SECONDS)
        after = orders(caller)

    status = "appzen_purchase_order_status"
    closed = [
        number
        for number, order in before.items()
        if order[status] == "PO_ISSUED" and after[number][status] == "PO_CLOSED"
    ]
    assert closed
    more = 0
    for number, order in before.items():
        for old, new in zip(
            *(o["purchase_order_lines"] for o in (order, after[number])), strict=True
        ):
            received = [line["received_amount"]["amount"] for line in (old, new)]
            assert received[0] <= received[1] <= new["amount"]["amount"]
            left = new["uninvoiced_amount"]["amount"]
            assert received[1] + left == new["amount"]["amount"]
            more += received[0] < received[1]
    assert more


def test_without_odd_rate_line_numbers_are_unique(caller: Caller) -> None:
    for order in orders(caller).values():
        numbers = [line["line_number"] for line in order["purchase_order_lines"]]
        assert len(set(numbers)) == len(numbers)


def test_odd_rate_brings_what_the_documents_leave_open() -> None:
    with (
        Sandbox(
            now=NOW,
            odd_rate=1,
            purchase_orders=200,
            appzen_requests_per_second=FAST,
        ) as sandbox,
        Caller(sandbox) as caller,
    ):
        found = orders(caller).values()

    every = [line for o in found for line in o.get("purchase_order_lines") or []]
    numbers = [line["line_number"] for line in every]
    assert any(order["start_date"] == "" for order in found)
    assert any("purchase_order_lines" not in order for order in found)
    assert any("sandbox_unknown_member" in order for order in found)
    assert None in numbers
    assert any(isinstance(number, str) for number in numbers)
    assert any(isinstance(line["quantity"], str) for line in every)
    assert any(
        len({str(line["line_number"]) for line in lines}) < len(lines)
        for lines in (o.get("purchase_order_lines") or [] for o in found)
    )


# Invoices

WEEK = dt.timedelta(days=7)
FIRST_DAY = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def search(caller: Caller, start: str, end: str) -> list[dict[str, str]]:
    answer = caller.appzen(
        "invoice/search",
        {"from-last-appzen-update-time": start, "to-last-appzen-update-time": end},
    )
    assert answer.status_code == 200, answer.text
    found: list[dict[str, str]] = answer.json()
    return found


def week(caller: Caller, number: int) -> list[str]:
    """Return the invoices of a week of the year, its last moment included."""
    start = FIRST_DAY + number * WEEK
    found = search(caller, start.isoformat(), (start + WEEK).isoformat())
    return [invoice["appzen-uuid"] for invoice in found]


def test_invoices_name_purchase_orders_on_headers_and_on_lines(caller: Caller) -> None:
    places = set()
    named = set()
    for invoice_id in {found for number in range(9) for found in week(caller, number)}:
        invoice = caller.appzen(f"invoice/{invoice_id}").json()
        on_header = set(invoice["purchase_order_numbers"])
        on_lines = {line["purchase_order_number"] for line in invoice["invoice_lines"]}
        named |= on_header | on_lines
        places |= {(n in on_header, n in on_lines) for n in on_header | on_lines if n}

    assert places == {(True, True), (True, False), (False, True)}
    assert named - {None} <= orders(caller).keys()


def test_an_invoice_search_says_when_each_was_processed(caller: Caller) -> None:
    start, end = "2026-01-10T00:00:00Z", "2026-01-16T12:00:00Z"
    found = search(caller, start, end)

    assert found
    for invoice in found:
        assert invoice.keys() == {
            "erp-invoice-id",
            "erp-invoice-status",
            "appzen-uuid",
            "appzen-invoice-status",
            "last-appzen-update-time",
        }
        processed = invoice["last-appzen-update-time"]
        assert re.fullmatch(r"\S{10}T\S{8}\.\d{3}Z", processed)
        assert start < processed < end


def test_both_ends_belong_to_an_invoice_search(caller: Caller) -> None:
    start = search(caller, "2026-01-10T00:00:00Z", "2026-01-16T12:00:00Z")[0]
    moment = start["last-appzen-update-time"]

    assert search(caller, moment, moment) == [start]
    assert search(caller, moment, "2026-01-16T12:00:00Z")[0] == start
    assert search(caller, "2026-01-10T00:00:00Z", moment) == [start]


def test_an_invoice_search_is_for_a_week_at_most(caller: Caller) -> None:
    times = {
        "from-last-appzen-update-time": "2026-01-10T00:00:00Z",
        "to-last-appzen-update-time": "2026-01-17T00:00:01Z",
    }

    assert search(caller, "2026-01-10T00:00:00Z", "2026-01-17T00:00:00Z")
    assert_error(caller.appzen("invoice/search", times), 400, "Invalid request")


def test_an_invoice_search_gives_a_thousand_at_most() -> None:
    with (
        Sandbox(now=NOW, freeze_clock=True, invoices=120 * 24 * 60) as sandbox,
        Caller(sandbox) as caller,
    ):
        day = search(caller, "2026-02-01T00:00:00Z", "2026-02-02T00:00:00Z")
        first = search(caller, "2026-02-01T00:00:00Z", "2026-02-01T12:00:00Z")

    assert len(day) == 1000
    assert 700 < len(first) < 740
    assert day[: len(first)] == first
    times = [found["last-appzen-update-time"] for found in day]
    assert times == sorted(times)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"from-last-appzen-update-time": "2026-01-01T00:00:00Z"},
        {
            "from-last-appzen-update-time": "soon",
            "to-last-appzen-update-time": "2026-01-01T00:00:00Z",
        },
        ["2026-01-01T00:00:00Z"],
    ],
)
def test_an_invoice_search_needs_both_ends(body: Any, caller: Caller) -> None:
    assert_error(caller.appzen("invoice/search", body), 400, "Invalid request")


def test_an_invoice_of_the_future_is_not_there_yet() -> None:
    start, end = "2026-03-03T00:00:00Z", "2026-03-10T00:00:00Z"
    with (
        Sandbox(now=NOW, freeze_clock=True) as sandbox,
        Caller(sandbox) as caller,
    ):
        assert search(caller, start, end) == []
        sandbox.advance(10 * DAY_SECONDS)
        newest = search(caller, start, end)[-1]["appzen-uuid"]
        assert caller.appzen(f"invoice/{newest}").status_code == 200
    with (
        Sandbox(now=NOW, freeze_clock=True) as sandbox,
        Caller(sandbox) as caller,
    ):
        assert caller.appzen(f"invoice/{newest}").status_code == 404
