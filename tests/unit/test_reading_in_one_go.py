"""What is decoded in one go, and what is left to the reading field by field."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import Struct

from tap_purchase_orders.exact_json import json_text
from tap_purchase_orders.records.fast_reader import (
    CompiledSchema,
    HeaderAndRows,
    NotAsDocumentedError,
)
from tap_purchase_orders.records.orders import OrderReader
from tap_purchase_orders.records.purchase_orders import PurchaseOrderReader
from tests.unit.json_values import payload
from tests.unit.two_readings import (
    ORDER_SELECTIONS,
    PURCHASE_ORDER_SELECTIONS,
    orders,
    purchase_order,
    without_unknown,
)

if TYPE_CHECKING:
    from tap_purchase_orders.records.encoded_records import Deselected
    from tests.unit.json_values import Json

ORDERS = HeaderAndRows(
    "orders", "lineItems", "order_line_items", ("referenceCustomerId", "orderId")
)
ORDER = payload("partner_center/order--with-a-cancelled-line.json")
LINES = PURCHASE_ORDER_SELECTIONS["lines"]


def text_of(page: Json) -> bytes:
    return json_text(page).encode()


def page_of(schema: CompiledSchema, page: Json) -> Json:
    """Return what is beside the orders of a page that is decoded in one go."""
    members = schema.decode_page(text_of(page))
    found = members.pop("items")
    assert [order.id for order in found] == [order["id"] for order in page["items"]]
    return members


@pytest.mark.parametrize(
    "beside",
    [
        {},
        {"totalCount": 2, "attributes": {"objectType": "Collection"}},
        {"totalCount": 2, "links": {"next": {"uri": "/orders?page=2"}}},
    ],
)
def test_a_documented_page_is_decoded_in_one_go(beside: Json) -> None:
    schema = CompiledSchema(ORDERS)

    assert page_of(schema, {**beside, "items": [ORDER, ORDER]}) == beside


def test_what_no_document_has_beside_the_orders_slows_down_only_once() -> None:
    schema = CompiledSchema(ORDERS)
    page = {"@odata.count": 1, "continuation": "next", "items": [ORDER]}
    with pytest.raises(NotAsDocumentedError):
        schema.decode_page(text_of(page))
    schema.learn_page(page)

    assert page_of(schema, page) == {"@odata.count": 1, "continuation": "next"}


@pytest.mark.parametrize("deselected", ORDER_SELECTIONS.values())
@pytest.mark.parametrize("lines", [{}, {"lineItems": None}, {"lineItems": []}])
def test_an_order_without_lines_is_written_as_the_other_reading_has_it(
    lines: Json, deselected: Deselected
) -> None:
    page = text_of({"items": [{"id": "o-1", "status": "pending", **lines}]})

    in_one_go, by_field = (
        without_unknown(orders(reader, page, deselected))
        for reader in (OrderReader(deselected), OrderReader())
    )
    assert in_one_go == by_field


@pytest.mark.parametrize("deselected", PURCHASE_ORDER_SELECTIONS.values())
@pytest.mark.parametrize("lines", [None, []])
def test_a_purchase_order_without_lines_is_written_as_the_other_reading_has_it(
    lines: Any, deselected: Deselected
) -> None:
    body = text_of({"purchase_order_number": "1", "purchase_order_lines": lines})

    expected = purchase_order(PurchaseOrderReader(), body, deselected)
    in_one_go = PurchaseOrderReader(deselected)
    assert purchase_order(in_one_go, body, deselected) == expected


@pytest.mark.parametrize("known", [[], ["line_number"], ["status", "line_number"]])
def test_what_is_no_purchase_order_is_not_taken_for_one(known: list[str]) -> None:
    body: Json = dict.fromkeys(known)

    # By its members the client tells that it is none.
    assert PurchaseOrderReader(LINES).decode(json.dumps(body).encode()) == body


@pytest.mark.parametrize(
    "body",
    [
        {"purchase_order_number": "1"},
        {"purchase_order_lines": []},
        {"purchase_order_lines": [{"line_number": 1}]},
    ],
)
def test_a_number_or_lines_are_enough_for_a_purchase_order(body: Any) -> None:
    decoded = PurchaseOrderReader(LINES).decode(json.dumps(body).encode())

    assert isinstance(decoded, Struct)
