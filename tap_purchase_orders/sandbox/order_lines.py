"""The line items of an order as Partner Center shows them.

*Order resources*, and the samples of *Create an order*, *Azure purchase savings plan*
and *Checkout a cart*.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tap_purchase_orders.sandbox import catalogue
from tap_purchase_orders.sandbox.customers import link

if TYPE_CHECKING:
    from tap_purchase_orders.sandbox.order_history import OrderHistory
    from tap_purchase_orders.sandbox.seeded_random import Draws

_CENTS = Decimal("0.01")
_LEGACY_PRODUCT = "/products/84A661C4-E949-4BD2-A560-ED7766FCAF2B"


def line_payload(
    draws: Draws, order: OrderHistory, number: int, path: str, now: int
) -> dict[str, Any]:
    """Return one line item as it is read at an instant.

    Args:
        draws: The draws of the order: as many are taken at any instant.
        order: The order.
        number: The number of the line, counted from 0.
        path: The path of the order.
        now: The instant.
    """
    kind = order.kind
    is_legacy = kind.era == "legacy"
    offer_id, name = draws.choose(kind.offers)
    subscription_id = draws.guid().upper() if is_legacy else draws.guid()
    is_provisioned = order.provisioned is not None and order.provisioned <= now
    quantity = draws.between(1, 25)
    line: dict[str, Any] = {
        "lineItemNumber": number,
        "offerId": offer_id,
        "friendlyName": name,
        # *Cancel software purchases*: a cancelled line keeps its place.
        "quantity": 0 if order.status_at(now) == "cancelled" else quantity,
    }
    if kind.terms:
        line["termDuration"] = draws.choose(kind.terms)
    line |= _partners(draws)
    if is_provisioned:
        line["subscriptionId"] = subscription_id
    if not is_legacy:
        line["transactionType"] = "New"
        line["links"] = _modern_links(kind, offer_id, f"{path}/lineitems/{number}")
    elif is_provisioned:
        line["links"] = _legacy_links(path, subscription_id, offer_id)
    if kind is catalogue.LICENCE:
        line |= _licence_members(draws)
    if kind is catalogue.SAVINGS_PLAN:
        line |= _savings_plan_members(draws)
    return line


def _partners(draws: Draws) -> dict[str, Any]:
    """Return the indirect resellers of a line; most have none."""
    if draws.chance(0.85):
        return {}
    partners: dict[str, Any] = {"partnerIdOnRecord": str(draws.between(10**6, 10**7))}
    if draws.chance(0.3):
        others = [str(draws.between(10**5, 10**7)) for _ in range(2)]
        partners["additionalPartnerIdsOnRecord"] = others
    return partners


def _licence_members(draws: Draws) -> dict[str, Any]:
    """Return the end of a coterminous term, which has no zone, and the next term."""
    members: dict[str, Any] = {}
    if draws.chance(0.2):
        members["customTermEndDate"] = f"{draws.between(2027, 2029)}-07-31T00:00:00"
    if draws.chance(0.2):
        members["renewsTo"] = {"termDuration": "P1Y"}
    return members


def _savings_plan_members(draws: Draws) -> dict[str, Any]:
    return {
        "provisioningContext": {
            "scope": draws.choose(("single", "shared")),
            "entitlementId": draws.guid(),
        },
        "purchaseCommitment": {
            "amount": draws.between(1, 400) * _CENTS,
            "currency": "usd",
            "grain": "hourly",
        },
    }


def _legacy_links(path: str, subscription_id: str, offer_id: str) -> dict[str, Any]:
    customer_path = path.partition("/orders/")[0]
    status = f"/subscriptions/{subscription_id}/provisioningstatus"
    return {
        "subscription": link(f"{customer_path}/subscriptions/{subscription_id}"),
        "sku": link(f"{_LEGACY_PRODUCT}/skus/{offer_id}"),
        "provisioningStatus": link(status),
    }


def _modern_links(
    kind: catalogue.Kind, offer_id: str, line_path: str
) -> dict[str, Any]:
    product, sku, availability = offer_id.split(":")
    sku_path = f"/products/{product}/skus/{sku}"
    links = {
        "product": link(f"/products/{product}?country=US"),
        "sku": link(f"{sku_path}?country=US"),
        "availability": link(f"{sku_path}/availabilities/{availability}?country=US"),
    }
    if kind is catalogue.MARKETPLACE:
        links["activationLinks"] = link(f"{line_path}/activationlinks")
    return links
