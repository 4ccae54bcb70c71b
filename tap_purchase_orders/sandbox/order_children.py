"""Attachments, provisioning status and activation links of an order.

*Attaching a purchase order and completing PO details*, *Get order provisioning
status*, *Get activation link by order line item*.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_purchase_orders.sandbox.customers import link
from tap_purchase_orders.sandbox.order_payloads import order_payload
from tap_purchase_orders.sandbox.partner_center_errors import refused

if TYPE_CHECKING:
    from tap_purchase_orders.sandbox.order_history import OrderHistory
    from tap_purchase_orders.sandbox.world import World


def attachments_of(world: World, order: OrderHistory, now: int) -> list[dict[str, Any]]:
    """Return the files uploaded by now: none before the upload is complete.

    Raises:
        RefusedError: 404, for orders with oddities: whether an order without files
            answers an empty collection or this is not documented.
    """
    if order.uploaded is None or order.uploaded > now:
        if world.is_odd("attachments", order.customer, order.slot):
            raise refused(404, 20000, "No attachments were found.")
        return []
    draws = world.draws("attachments", order.customer, order.slot)
    names = [f"PO_Part{number}.pdf" for number in range(1, draws.between(2, 4))]
    if draws.chance(0.3):
        names.append("Tender.pdf")
    return [
        {
            "attachmentId": draws.hex(14),
            "fileName": name,
            "sizeInKB": draws.between(1, 4000),
            "attachmentType": f"{'Tender' if name[0] == 'T' else 'PO'}Attachment",
        }
        for name in names
    ]


def provisioning_of(
    world: World, order: OrderHistory, now: int
) -> list[dict[str, Any]] | None:
    """Return the provisioning of each line; None if the order does not link to it."""
    payload = order_payload(world, order, now, include_price=False)
    if "provisioningStatus" not in payload["links"]:
        return None
    status = {"completed": "fulfilled", "cancelled": "unfulfilled"}.get(
        order.status_at(now), "prefulfillmentpending"
    )
    return [
        {
            "orderLineItemId": line["lineItemNumber"],
            "lineItemNumber": line["lineItemNumber"],
            "status": status,
            "quantityProvisioningInformation": [
                {"quantity": line["quantity"], "status": status}
            ],
        }
        for line in payload["lineItems"]
    ]


def activation_links(order: OrderHistory, line: str) -> list[dict[str, Any]]:
    """Return the activation link of a line: a thing that no reader should ask for."""
    uri = f"https://activation.example/{order.order_id}/{line}"
    return [{"lineItemNumber": int(line) if line.isdigit() else 0, "link": link(uri)}]
