"""Small worlds for the local upstream, and settings that reach it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tests.tap.upstream import Reply, Upstream, json_reply

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# Planted in all settings; no run may ever show one of them.
SECRETS = {
    "token": "planted-bearer-token-3f9c1a",
    "access_token": "planted-access-token-b81e44",
    "client_secret": "planted-client-secret-77d0e2",
    "api_key": "planted-api-key-5a6b90",
    "customer_id": "planted-customer-id-e0c7f3",
    "customer_key": "planted-customer-key-19f2d8",
}
NUMBER_PATH = "/dictionary-data-services/purchase-order/purchase-order-number"


def partner_center(upstream: Upstream, **settings: Any) -> dict[str, Any]:
    """Return a section `partner_center` that reaches an upstream, and tries once."""
    auth = {"method": "bearer_token", "token": SECRETS["token"]}
    return {"api_url": upstream.url, "auth": auth, "max_tries": 1, **settings}


def appzen(
    upstream: Upstream, numbers: Sequence[Any] | str, **settings: Any
) -> dict[str, Any]:
    """Return a section `appzen` that reaches an upstream, and tries once."""
    names = ("api_key", "customer_id", "customer_key")
    return {
        "api_url": upstream.url,
        "auth": {"method": "api_key", **{name: SECRETS[name] for name in names}},
        "purchase_order_numbers": {"source": "list", "numbers": numbers},
        "max_tries": 1,
        "max_requests_per_second": 1000,
        **settings,
    }


def collection(items: Iterable[Any], **more: Any) -> dict[str, Any]:
    """Return a collection of Partner Center."""
    listed = list(items)
    return {
        "totalCount": len(listed),
        "items": listed,
        "attributes": {"objectType": "Collection"},
        **more,
    }


def customer(customer_id: str) -> dict[str, Any]:
    """Return a customer as the list of customers has it."""
    return {
        "id": customer_id,
        "companyProfile": {"companyName": f"Name of {customer_id}"},
    }


def order(order_id: str, customer_id: str, **fields: Any) -> dict[str, Any]:
    """Return an order at rest with one line item.

    Args:
        order_id: Its id.
        customer_id: Whose it is.
        fields: Fields to add or to replace.
    """
    return {
        "id": order_id,
        "referenceCustomerId": customer_id,
        "creationDate": "2026-03-01T10:00:00Z",
        "status": "completed",
        "lineItems": [{"lineItemNumber": 0, "offerId": "A:B:C", "quantity": 1}],
        **fields,
    }


def purchase_order(number: str, **fields: Any) -> dict[str, Any]:
    """Return a purchase order with one line."""
    return {
        "purchase_order_number": number,
        "entity_id": "E1",
        "supplier_id": "S1",
        "purchase_order_lines": [{"line_number": 1, "gl_code": "0100"}],
        **fields,
    }


def orders_path(customer_id: str) -> str:
    """Return the path of a customer's orders."""
    return f"/v1/customers/{customer_id}/orders"


def number_path(number: str) -> str:
    """Return the path of a purchase order."""
    return f"{NUMBER_PATH}/{quote(number, safe='')}"


def serve_customers(
    upstream: Upstream, orders: Mapping[str, Reply | Sequence[Any]]
) -> None:
    """Answer for a partner with these customers, each with its orders.

    Args:
        upstream: Who answers.
        orders: By customer id, the orders or another answer.
    """
    upstream.answer("/v1/customers", json_reply(collection(map(customer, orders))))
    for customer_id, items in orders.items():
        upstream.answer(
            f"/v1/customers/{customer_id}", json_reply(customer(customer_id))
        )
        reply = items if isinstance(items, Reply) else json_reply(collection(items))
        upstream.answer(orders_path(customer_id), reply)


def serve_purchase_orders(
    upstream: Upstream, orders: Mapping[str, Reply | Mapping[str, Any]]
) -> None:
    """Answer for these purchase orders, by their numbers."""
    for number, body in orders.items():
        reply = body if isinstance(body, Reply) else json_reply(body)
        upstream.answer(number_path(number), reply)


def partner_center_error(status: int, code: object, text: str = "No") -> Reply:
    """Return an error as most services of Partner Center word it."""
    body = {"code": code, "description": text, "data": [], "source": "PartnerFD"}
    return json_reply(body, status)


def appzen_error(status: int, text: str = "Error code : 0badc0de - No") -> Reply:
    """Return an error as AppZen words it."""
    body = {
        "timestamp": "2023-01-15T16:12:45.977+0000",
        "status": status,
        "error": "Not good",
        "message": text,
    }
    return json_reply(body, status, x_correlation_id="corr-appzen-1")


def selection(
    catalog: Mapping[str, Any], *streams: str, **fields: Mapping[str, bool]
) -> dict[str, Any]:
    """Return a catalog in which only the given streams are selected.

    Args:
        catalog: What `--discover` prints.
        streams: The streams to select.
        fields: By stream, whether single fields are selected.
    """
    chosen: dict[str, Any] = json.loads(json.dumps(catalog))
    for entry in chosen["streams"]:
        wanted = fields.get(entry["stream"], {})
        for part in entry["metadata"]:
            breadcrumb = part["breadcrumb"]
            if not breadcrumb:
                part["metadata"]["selected"] = entry["stream"] in streams
            elif breadcrumb[-1] in wanted:
                part["metadata"]["selected"] = wanted[breadcrumb[-1]]
    return chosen


def full_table(catalog: Mapping[str, Any], *streams: str) -> dict[str, Any]:
    """Return a catalog whose metadata ask for a full table of the given streams."""
    chosen: dict[str, Any] = json.loads(json.dumps(catalog))
    for entry in chosen["streams"]:
        for part in entry["metadata"]:
            if not part["breadcrumb"] and entry["stream"] in streams:
                part["metadata"]["replication-method"] = "FULL_TABLE"
    return chosen
