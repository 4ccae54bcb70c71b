"""Orders as Partner Center shows them.

Members and their presence by era: *Order resources* and the samples of *Get all of a
customer's orders*, *Create an order*, *Checkout a cart* and *Cancel software
purchases*. What has no value is left out, as the service does.
"""

from __future__ import annotations

import base64
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tap_purchase_orders.sandbox import catalogue
from tap_purchase_orders.sandbox.customers import link
from tap_purchase_orders.sandbox.instants import (
    offset_text,
    parse_instant,
    utc_text,
    zero_offset_text,
)
from tap_purchase_orders.sandbox.order_lines import line_payload

if TYPE_CHECKING:
    from tap_purchase_orders.sandbox.order_history import OrderHistory
    from tap_purchase_orders.sandbox.seeded_random import Draws
    from tap_purchase_orders.sandbox.world import World

# Older legacy orders have neither status nor currency, and local time.
_STATUS_SINCE = parse_instant("2018-09-01")
_ZERO_OFFSET_SINCE = parse_instant("2019-01-01")

_PRICES = ("438.0", "12.5", "57.0", "1999.99", "0.35", "149.0")


def order_payload(
    world: World, order: OrderHistory, now: int, *, include_price: bool
) -> dict[str, Any]:
    """Return an order as it is read at an instant.

    Args:
        world: The world.
        order: The order.
        now: The instant; not before the order's creation.
        include_price: Whether prices are asked for.
    """
    draws = world.draws("order-payload", order.customer, order.slot)
    customer_id = world.customer_id(order.customer)
    path = f"/customers/{customer_id}/orders/{order.order_id}"
    lines = [
        line_payload(draws, order, number, path, now)
        for number in range(_line_count(world, order, draws))
    ]
    is_legacy = order.kind.era == "legacy"
    payload: dict[str, Any] = {
        "id": order.order_id,
        "referenceCustomerId": customer_id,
        "billingCycle": draws.choose(order.kind.billing_cycles),
        "lineItems": lines,
        "creationDate": _creation_date(order),
        **(_legacy_members(order, path, now) if is_legacy else {}),
        **({} if is_legacy else _modern_members(draws, order, path)),
    }
    if not is_legacy or order.created >= _STATUS_SINCE:
        payload["currencyCode"] = "USD"
        payload["status"] = order.status_at(now)
        payload["transactionType"] = _transaction_type(order, draws)
    if include_price:
        prices = world.draws("prices", order.customer, order.slot)
        total = sum((_add_price(prices, line) for line in lines), Decimal(0))
        payload["totalPrice"] = total
    if world.is_odd("order", order.customer, order.slot):
        _make_odd(payload, draws)
    return payload


def _line_count(world: World, order: OrderHistory, draws: Draws) -> int:
    if order.kind is catalogue.LEGACY_AZURE:
        return 1
    return draws.between(1, max(1, 2 * world.lines_per_order - 1))


def _creation_date(order: OrderHistory) -> str:
    if order.kind.era != "legacy":
        return utc_text(order.created)
    if order.created < _ZERO_OFFSET_SINCE:
        return offset_text(order.created)
    return zero_offset_text(order.created)


def _transaction_type(order: OrderHistory, draws: Draws) -> str:
    if order.is_system_purchase:
        return draws.choose(("SystemPurchase", "SystemBilling"))
    return "UserPurchase"


def _legacy_members(order: OrderHistory, path: str, now: int) -> dict[str, Any]:
    """Return what only GUID orders have: an etag of identifier and version."""
    version = {"id": order.order_id, "version": order.changes_until(now)}
    etag = base64.b64encode(json.dumps(version, separators=(",", ":")).encode())
    members: dict[str, Any] = {
        "links": {"self": link(path)},
        "attributes": {"etag": etag.decode(), "objectType": "Order"},
    }
    if order.created >= _STATUS_SINCE:
        members["alternateId"] = order.order_id
    return members


def _modern_members(draws: Draws, order: OrderHistory, path: str) -> dict[str, Any]:
    """Return what orders since the end of GUIDs have."""
    has_other_id = order.kind.era == "modern"
    client = {
        "marketplaceCountry": "US",
        "deviceFamily": "UniversalStore-PartnerCenter",
        "name": "Partner Center API",
    }
    return {
        "alternateId": draws.hex(12) if has_other_id else order.order_id,
        "currencySymbol": draws.choose(("$", "US$")),
        "links": {
            "self": link(path),
            "provisioningStatus": link(f"{path}/provisioningstatus"),
            "patchOperation": link(path, "PATCH"),
        },
        "client": client if draws.chance(0.3) else {},
        "attributes": {"objectType": "Order"},
    }


def _add_price(draws: Draws, line: dict[str, Any]) -> Decimal:
    """Add the prices to a line; return what it costs in all."""
    price = Decimal(draws.choose(_PRICES))
    quantity: int = line["quantity"]
    line["pricing"] = {
        "listPrice": price,
        "discountedPrice": price,
        "proratedPrice": price,
        "price": price,
        "extendedPrice": price * quantity,
    }
    return price * quantity


def _make_odd(payload: dict[str, Any], draws: Draws) -> None:
    """Give an order one of the oddities that samples or tables of the docs show."""
    first_line = payload["lineItems"][0]
    oddities: tuple[tuple[dict[str, Any], str, Any], ...] = (
        (payload, "billingCycle", "Annual"),
        (payload, "sandboxUnknownMember", {"added": "without notice"}),
        (payload, "lineItems", []),
        (first_line, "termDuration", ""),
        (first_line, "quantity", str(first_line["quantity"])),
        (first_line, "customTermEndDate", ""),
    )
    record, member, value = draws.choose(oddities)
    record[member] = value
