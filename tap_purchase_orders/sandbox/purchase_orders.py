"""Purchase orders as AppZen shows them.

Members: *Get Details of a Purchase Order by Purchase Order Number* and the Swagger
of the Autonomous AP APIs, version 2.0.3.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tap_purchase_orders.sandbox.instants import DAY, date_text
from tap_purchase_orders.sandbox.purchase_order_life import purchase_order
from tap_purchase_orders.sandbox.purchase_order_lines import (
    condition,
    line_payload,
    money,
    sum_of_lines,
)

if TYPE_CHECKING:
    from tap_purchase_orders.sandbox.purchase_order_life import PurchaseOrder
    from tap_purchase_orders.sandbox.seeded_random import Draws
    from tap_purchase_orders.sandbox.world import World

_ENTITIES = (("1002", "Acme Inc"), ("0003", "Acme GmbH"), ("FR-7", "Acme Société"))
_OPEN_WORDS = ("Issued", "Approved", "Open", "RELEASED")
_CLOSED_WORDS = ("Closed", "Finally Closed", "Cancelled")
_PEOPLE = ("Jane Doe", "Karl Müller", "Aiko Tanaka", "R. O'Neil")
_COMMENTS = ("", "Urgent", "Deliver to dock 4\nRing twice", "Ünïcode ✓")
_CUSTOM_JSON: tuple[dict[str, Any], ...] = (
    {},
    {"cost_owner": "Facilities"},
    {"code-region": {"name": "us-east", "id": "region1s"}, "tags": ["a", 1, None]},
)
_RATES = {"EUR": Decimal("1.0874"), "JPY": Decimal("0.0066512309")}


def purchase_order_payload(world: World, index: int, now: int) -> dict[str, Any]:
    """Return a purchase order with its lines as it is read at an instant."""
    order = purchase_order(world, index)
    draws = world.draws("purchase-order-payload", index)
    is_closed = order.closed <= now
    entity_id, entity_name = draws.choose(_ENTITIES)
    lines = [
        line_payload(world, order, position, now)
        for position in range(_line_count(world, order, draws))
    ]
    amount = sum_of_lines(lines)
    if not lines:
        amount = Decimal(draws.between(1, 10**6)) / 100
    words = _CLOSED_WORDS if is_closed else _OPEN_WORDS
    payload: dict[str, Any] = {
        "purchase_order_number": order.number,
        "entity_id": entity_id,
        "entity_name": entity_name,
        "supplier_id": f"{draws.below(10**7):07d}",
        "gl_code": f"{entity_id}.369.922.0000.{draws.below(10**4):04d}",
        "payment_term_id": str(draws.between(8900000, 8900099)),
        "external_unique_id": f"XP-{draws.below(10**6):06d}",
        "comments": draws.choose(_COMMENTS),
        "exchange_rate": _exchange_rate(order.currency, draws),
        "start_date": date_text(order.issued),
        "end_date": date_text(order.closed + 30 * DAY),
        "total_amount": money(amount, order.currency),
        "amount_limit": money(amount + 100, order.currency),
        "min_release_amount": money(Decimal("1.5"), order.currency),
        "email_address": "buyer@acme.example",
        "purchase_requisition_id": draws.choose((None, f"REQ-{draws.below(10**5)}")),
        "purchase_order_type": order.kind,
        "purchase_order_status": draws.choose(words),
        "appzen_purchase_order_status": "PO_CLOSED" if is_closed else "PO_ISSUED",
        "ship_to_location": draws.choose(("HQ", "Warehouse North", "")),
        "ship_to_location_id": f"LOC-{draws.between(1, 9)}",
        "requester": draws.choose(_PEOPLE),
        "custom_json": draws.choose(_CUSTOM_JSON),
        "purchase_order_lines": lines,
    }
    if draws.chance(0.3):
        payload["po_conditions"] = [condition(draws, order.number, "", order.currency)]
    if world.is_odd("purchase-order", index):
        _make_odd(payload, draws)
    return payload


def _line_count(world: World, order: PurchaseOrder, draws: Draws) -> int:
    if order.kind == "Contract" and draws.chance(0.6):
        return 0
    return draws.between(1, max(1, 2 * world.lines_per_purchase_order - 1))


def _exchange_rate(currency: str, draws: Draws) -> dict[str, Any]:
    if currency not in _RATES or draws.chance(0.3):
        # No rate comes back as a hollow object in the documented sample.
        currency_pair = {"from_currency_code": "", "to_currency_code": ""}
        return {"conversion_rate": 0, **currency_pair}
    return {
        "conversion_rate": _RATES[currency],
        "from_currency_code": currency,
        "to_currency_code": "USD",
    }


def _make_odd(payload: dict[str, Any], draws: Draws) -> None:
    """Give a purchase order an oddity for which the documents leave room."""
    lines: list[dict[str, Any]] = payload["purchase_order_lines"]
    oddities: list[tuple[dict[str, Any], str, Any]] = [
        (payload, "start_date", ""),
        (payload, "purchase_order_lines", None),
        (payload, "sandbox_unknown_member", {"added": "without notice"}),
        (payload, "purchase_order_date", payload["start_date"]),
        (payload, "custom_json", None),
    ]
    if lines:
        last = lines[-1]
        oddities += [
            (last, "line_number", lines[0]["line_number"]),
            (last, "line_number", None),
            (last, "line_number", "1-A"),
            (last, "quantity", str(last["quantity"])),
            (last["amount"], "amount", str(last["amount"]["amount"])),
            (last, "contractor_start_date", ""),
        ]
    record, member, value = draws.choose(oddities)
    record[member] = value
    if draws.chance(0.2):
        del payload["purchase_order_lines"]
