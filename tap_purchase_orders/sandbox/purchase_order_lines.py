"""The lines of a purchase order as AppZen shows them.

Members: *Get Details of a Purchase Order by Purchase Order Number* and the Swagger
of the Autonomous AP APIs, version 2.0.3.
"""

from __future__ import annotations

from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any

from tap_purchase_orders.sandbox.instants import DAY, date_text

if TYPE_CHECKING:
    from tap_purchase_orders.sandbox.purchase_order_life import PurchaseOrder
    from tap_purchase_orders.sandbox.seeded_random import Draws
    from tap_purchase_orders.sandbox.world import World

# The usual 28 digits would round the products of long amounts.
_EXACT = Context(prec=60)
_LONG_AMOUNT = Decimal("12345678901234.123456789")
_ROUND_AMOUNT = Decimal("100.00")
# Of so many purchase orders one has a long amount, and of so many one a round one.
_LONG_CYCLE = 101
_ROUND_CYCLE = 13
# Of so many lines one has a price of six decimals, and one a broken quantity.
_ODD_CYCLE = 40
# What most things cost, from and to, and how such prices end, in hundredths.
_PRICES = ((4, 60), (60, 400), (60, 400), (400, 2_500), (2_500, 9_000))
_PRICE_ENDS = (0, 0, 0, 50, 90, 95, 99)
_QUANTITIES = (1, 1, 1, 2, 2, 3, 4, 5, 6, 8, 10, 10, 12, 15, 20, 24, 25, 30, 40, 50)
# By currency, what a thing for 1 costs, in units that are not divided further.
_UNDIVIDED = {"JPY": 150}
_CENTS = Decimal("0.01")

_GOODS = (
    ("WB-120", "Whiteboard 120 cm", "each"),
    ("CH-7", 'Chair "Rev 7", grey', "each"),
    ("PAL-A4", "Paper A4, 80 g/m²", "pallet"),
    ("SVC-1", "Installation service", "hour"),
    ("", "Frachtkosten", "package"),
)
_LINE_TYPES = (("GOODS", "QUANTITY", "PO_POLICY_THREE_WAY_MATCH"),) * 3 + (
    ("SERVICE", "AMOUNT", "PO_POLICY_TWO_WAY_MATCH"),
    ("FREIGHT", "NONE_MATCH_BASIS", "PO_NONE_MATCH_TYPE"),
)


def money(amount: Decimal, currency: str) -> dict[str, Any]:
    """Return an amount with its currency."""
    return {"amount": amount, "currency": currency}


def sum_of_lines(lines: list[dict[str, Any]]) -> Decimal:
    """Return the exact sum of the amounts of lines that this module made."""
    total = Decimal("0.00")
    for line in lines:
        total = _EXACT.add(total, line["amount"]["amount"])
    return total


def line_payload(
    world: World, order: PurchaseOrder, position: int, now: int
) -> dict[str, Any]:
    """Return one line as it is read at an instant.

    Args:
        world: The world.
        order: The purchase order.
        position: The place of the line, counted from 0.
        now: The instant.
    """
    draws = world.draws("purchase-order-line", order.index, position)
    prices, drawn = draws.choose(_PRICES), draws.below(10**6)
    quantity = Decimal(draws.choose(_QUANTITIES))
    has_broken_quantity = draws.chance(1 / _ODD_CYCLE)
    # A line may have another currency than the header.
    currency = "GBP" if draws.chance(0.05) else order.currency
    price = _unit_price(order.index, position, currency, prices, drawn)
    if price == _LONG_AMOUNT:
        quantity = Decimal(1)
    elif has_broken_quantity:
        quantity += Decimal("0.375")
    amount = _EXACT.multiply(price, quantity)
    is_cancelled = draws.chance(0.04)
    received = order.received_share(now)
    received_amount = _EXACT.multiply(amount, received)
    if amount == amount.quantize(_minor_unit(currency)):
        received_amount = received_amount.quantize(_minor_unit(currency))
    is_closed = order.closed <= now
    code, description, unit = draws.choose(_GOODS)
    line_type, match_basis, match_type = draws.choose(_LINE_TYPES)
    gl_code = f"1002.369.922.0000.{draws.below(10**4):04d}"
    po_line_id = str(990000 + order.index * 100 + position)
    payload: dict[str, Any] = {
        "po_line_id": po_line_id,
        "line_number": _line_number(world, order.index, position),
        "gl_code": gl_code,
        "line_item_code": code,
        "line_description": description,
        "quantity": quantity,
        "unit_price": money(price, currency),
        "price_per_unit": price,
        "amount": money(amount, currency),
        "line_vat_amount": money(Decimal("20.50"), currency),
        "line_vat_breakdown": [
            {
                "vat_id": "gst_1232ext",
                "code": "GST",
                "rate": Decimal("20.5"),
                "vat_amount": money(Decimal("20.50"), currency),
                "jurisdiction_code": "IN",
            }
        ],
        "line_allocations": _allocations(draws, gl_code, amount, quantity),
        "contractor_name": draws.choose((None, "Ada Contractor")),
        "contractor_start_date": date_text(order.first_receipt),
        "closed_flag": is_closed,
        "closed_by": "bob.buyer" if is_closed else None,
        "closed_date": date_text(order.closed) if is_closed else None,
        "closed_reason": "Fully invoiced" if is_closed else None,
        "cancel_flag": is_cancelled,
        "cancel_date": date_text(order.first_receipt) if is_cancelled else None,
        "cancel_reason": "No longer needed" if is_cancelled else None,
        "taxable_flag": draws.chance(0.8),
        "tax_code_id": "TX-1",
        "tax_name": "GST",
        "type_1099": draws.choose((None, "MISC")),
        "committed_amount": money(amount, currency),
        "amount_limit": money(_EXACT.add(amount, Decimal(100)), currency),
        "unit_list_price": money(_EXACT.add(price, Decimal("0.10")), currency),
        "base_list_price": money(price, currency),
        "uninvoiced_amount": money(_EXACT.subtract(amount, received_amount), currency),
        "received_amount": money(received_amount, currency),
        "progress_payment_rate": 0,
        "item_category": "Office",
        "item_category_id": "CAT-7",
        "hazard_class_id": draws.choose((None, "UN1263")),
        "unit_of_measure": unit,
        "committed_quantity": quantity,
        "ordered_quantity": quantity,
        "received_quantity": quantity * received,
        "uninvoiced_quantity": quantity - quantity * received,
        "service_line_start_date": date_text(order.first_receipt),
        "service_line_end_date": date_text(order.last_receipt),
        "match_basis": match_basis,
        "match_type": match_type,
        "line_type": line_type,
        "purchase_order_line_status": "Closed" if is_closed else "Open",
        "appzen_purchase_order_line_status": "PO_CLOSED" if is_closed else "PO_ISSUED",
        "purchase_requisition_id": f"REQ-{draws.between(1, 999)}",
        "buyer": "Bob Buyer",
        "custom_json": {},
    }
    if draws.chance(0.3):
        _add_amortization(payload, draws, order)
    if draws.chance(0.3):
        conditions = [condition(draws, order.number, po_line_id, currency)]
        payload["po_line_conditions"] = conditions
    return payload


def condition(
    draws: Draws, po_header_id: str, po_line_id: str, currency: str
) -> dict[str, Any]:
    """Return a charge, tax or discount of a purchase order or of one line."""
    planned = money(Decimal(draws.between(1, 99999)) / 100, currency)
    return {
        "scope": "LINE" if po_line_id else "HEADER",
        "po_header_id": po_header_id,
        "po_line_id": po_line_id,
        "condition_category": draws.choose(("CONDITION_FREIGHT", "CONDITION_TAX")),
        "condition_type": "FRA1",
        "condition_supplier_id": "CARRIER_001",
        "condition_basis": draws.choose(("AMOUNT_BASIS", "PERCENTAGE_BASIS")),
        "planned_amount": planned,
        "max_invoiceable_amount": planned,
        "uninvoiced_amount": planned,
        "is_statistical": draws.chance(0.5),
    }


def _unit_price(
    index: int, position: int, currency: str, prices: tuple[int, int], drawn: int
) -> Decimal:
    """Return the price of one, such as 1249.00; that of a few lines is odd.

    Args:
        index: The purchase order, counted from 0.
        position: The line, counted from 0.
        currency: Its currency.
        prices: From and to what the price is.
        drawn: A whole number below a million.
    """
    if position == 0 and index % _LONG_CYCLE == 1:
        return _LONG_AMOUNT
    if position == 0 and index % _ROUND_CYCLE == 0:
        return _ROUND_AMOUNT
    if drawn % _ODD_CYCLE == 0:
        return Decimal(drawn + 1).scaleb(-6)
    least, most = prices
    rest, place = divmod(drawn, most - least)
    if (rate := _UNDIVIDED.get(currency)) is not None:
        return Decimal((least + place) * rate)
    end = _PRICE_ENDS[rest % len(_PRICE_ENDS)]
    return (least + place) + end * _CENTS


def _minor_unit(currency: str) -> Decimal:
    return Decimal(1) if currency in _UNDIVIDED else _CENTS


def _line_number(world: World, index: int, position: int) -> int | Decimal:
    """Return 1, 2, 3 in most orders; 10, 20, 30 in some, and in some 1.1, 1.2."""
    form = world.draws("line-numbers", index).below(10)
    if form == 0:
        return (position + 1) * 10
    if form == 1:
        return 1 + Decimal(position + 1).scaleb(-len(str(position + 1)))
    return position + 1


def _allocations(
    draws: Draws, gl_code: str, amount: Decimal, quantity: Decimal
) -> list[dict[str, Any]]:
    if draws.chance(0.6):
        return []
    half = Decimal("0.5")
    return [
        {
            "external_allocation_id": draws.hex(8),
            "gl_code": gl_code,
            "amount": _EXACT.multiply(amount, half),
            "tax": Decimal("10.25"),
            "percentage": 50,
            "allocation_quantity": quantity * half,
        }
        for _ in range(2)
    ]


def _add_amortization(
    payload: dict[str, Any], draws: Draws, order: PurchaseOrder
) -> None:
    start, end = (
        date_text(order.first_receipt),
        date_text(order.first_receipt + 360 * DAY),
    )
    payload["amortization_start_date"] = f"{start}T11:01:00Z"
    payload["amortization_end_date"] = f"{end}T11:01:00Z"
    payload["amortization_schedule_details"] = {
        "id": draws.between(1, 9),
        "name": "12 months straight-line",
    }
    payload["hsn_sac_code"] = f"{draws.below(10**4):04d}"
