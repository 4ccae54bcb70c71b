"""The activity log: orders that were created or changed.

*Get a record of Partner Center activity by user*, *Auditing resources*.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

import msgspec

from tap_purchase_orders.sandbox.customers import company_name, link
from tap_purchase_orders.sandbox.instants import (
    DAY,
    TICKS_PER_SECOND,
    date_text,
    parse_instant,
    utc_text,
)
from tap_purchase_orders.sandbox.messages import json_text
from tap_purchase_orders.sandbox.order_history import order_histories
from tap_purchase_orders.sandbox.order_payloads import order_payload
from tap_purchase_orders.sandbox.partner_center_errors import refused
from tap_purchase_orders.sandbox.seeded_random import Draws

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_purchase_orders.sandbox.messages import Call
    from tap_purchase_orders.sandbox.order_history import OrderHistory
    from tap_purchase_orders.sandbox.world import World

_LOOK_BACK_DAYS = 90
_DEFAULT_DAYS = 30
_DEFAULT_SIZE = 100
# An upload comes within ten days of its order; so nothing older can matter.
_LONGEST_UPLOAD_DAYS = 10


_OPERATIONS = {
    "order": "create_order",
    "subscription": "update_subscription",
    "transfer": "update_transfer",
    "new_commerce_migration": "create_new_commerce_migration",
}


class _Activity(NamedTuple):
    """One entry: when it was, whose it was, and what was done to what."""

    at: int
    customer: int
    slot: int
    resource: str
    operation: str


class _Filter(msgspec.Struct):
    """The one condition that a query may have."""

    field: str = msgspec.field(name="Field")
    value: str = msgspec.field(name="Value")
    operator: str = msgspec.field(name="Operator")


class ActivityLog:
    """The log of one partner.

    Orders and uploads are the partner's own doing and leave records; what Microsoft
    does (provisioning, reviews) leaves none here: the documents do not say that it
    does, so a reader must not count on it.

    Args:
        world: What there is.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._known_until = 0
        self._known: list[_Activity] = []

    def page(self, call: Call, now: int) -> dict[str, Any]:
        """Return one page of the records of some days, oldest first.

        Raises:
            RefusedError: A parameter cannot be used, or the days are too long ago.
        """
        query = call.query
        today = now - now % DAY
        default_start = date_text(today - _DEFAULT_DAYS * DAY)
        start = _day(query.get("startDate", default_start))
        end = _day(query.get("endDate", date_text(today))) + DAY
        if start < today - _LOOK_BACK_DAYS * DAY:
            raise refused(400, 3000, "The start date is more than 90 days ago.")
        size = _count(query.get("size", str(_DEFAULT_SIZE))) or _DEFAULT_SIZE
        offset = _count(query.get("offset", "0"))
        last = now if end > now else end - 1
        found = self._found(start, last, query.get("filter"))
        records = [self._record(entry) for entry in found[offset : offset + size]]
        parameters = f"startDate={date_text(start)}&endDate={date_text(end - DAY)}"
        if "filter" in query:
            parameters += f"&filter={quote(query['filter'], safe='')}"
        links = {
            "self": link(f"/auditrecords?{parameters}&size={size}&offset={offset}")
        }
        if offset + size < len(found):
            uri = f"/auditrecords?{parameters}&size={size}&offset={offset + size}"
            links["next"] = link(uri)
        return {
            "totalCount": len(records),
            "items": records,
            "links": links,
            "attributes": {"objectType": "Collection"},
        }

    def _found(self, first: int, last: int, text: str | None) -> list[_Activity]:
        condition = _condition(text)
        if condition and condition.field == "CustomerId":
            customer = self._world.customer_index(condition.value)
            if customer is None:
                return []
            entries = self._entries(customer, last)
            return sorted(entry for entry in entries if first <= entry.at <= last)
        known = self._until_the_end_of(last)
        begin = bisect_left(known, first, key=lambda entry: entry.at)
        end = bisect_right(known, last, key=lambda entry: entry.at)
        found = known[begin:end]
        if condition is None:
            return found
        wanted = condition.value.lower()
        if condition.field == "ResourceType":
            return [entry for entry in found if entry.resource == wanted]
        return [
            entry
            for entry in found
            if wanted in company_name(self._world, entry.customer).lower()
        ]

    def _until_the_end_of(self, last: int) -> list[_Activity]:
        """Return all entries until the end of a day, in the order of time.

        Looks at every customer once for each day that is asked about, and is the one
        thing about the world that is kept: it takes 3 seconds and 10 MB for 100,000
        customers.
        """
        if last >= self._known_until:
            self._known_until = last - last % DAY + DAY
            customers = range(self._world.customers)
            self._known = sorted(
                entry
                for customer in customers
                for entry in self._entries(customer, self._known_until)
            )
        return self._known

    def _entries(self, customer: int, until: int) -> Iterator[_Activity]:
        if not self._world.has_relationship(customer):
            return
        oldest = self._world.epoch - _LOOK_BACK_DAYS * DAY
        since = oldest - _LONGEST_UPLOAD_DAYS * DAY
        for order in order_histories(self._world, customer, until, since):
            made = order.created + TICKS_PER_SECOND
            by = order.made_by
            yield _Activity(made, customer, order.slot, by, _OPERATIONS[by])
            if (at := order.uploaded) is not None:
                yield _Activity(at, customer, order.slot, "order", "update_order")

    def _record(self, entry: _Activity) -> dict[str, Any]:
        order = next(
            order
            for order in order_histories(self._world, entry.customer, entry.at)
            if order.slot == entry.slot
        )
        payload = order_payload(self._world, order, entry.at, include_price=False)
        return {
            "partnerId": Draws(self._world.seed, "credentials").guid(),
            "customerId": payload["referenceCustomerId"],
            "customerName": company_name(self._world, entry.customer),
            "userPrincipalName": "admin@partner.onmicrosoft.example",
            "resourceType": entry.resource,
            "resourceNewValue": json_text(_new_value(entry, payload)).decode(),
            "operationType": entry.operation,
            "operationDate": utc_text(entry.at),
            "operationStatus": "succeeded",
            "customizedData": (
                list(_customized_data(order, payload))
                if entry.resource == "order"
                else []
            ),
            "attributes": {"objectType": "AuditRecord"},
        }


def _new_value(entry: _Activity, order: dict[str, Any]) -> Any:
    """Return what was written: the order, or what made it."""
    lines = order["lineItems"]
    subscriptions = [line.get("subscriptionId") for line in lines]
    match entry.resource:
        case "subscription":
            return {
                "Id": subscriptions[0],
                "OrderId": order["id"],
                "Quantity": lines[0]["quantity"],
            }
        case "transfer":
            made = [{"Id": each, "OrderId": order["id"]} for each in subscriptions]
            return {"Status": "complete", "LineItems": made}
        case "new_commerce_migration":
            return {
                "NewCommerceSubscriptionId": subscriptions[0],
                "NewCommerceOrderId": order["id"],
                "Status": "Completed",
            }
    return _pascal(order)


def _customized_data(
    order: OrderHistory, payload: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    yield {"key": "OrderId", "value": order.order_id}
    yield {"key": "BillingCycle", "value": payload["billingCycle"].capitalize()}
    for line in payload["lineItems"]:
        number = line["lineItemNumber"]
        values = {
            "OfferId": line["offerId"],
            "SubscriptionId": line.get("subscriptionId"),
            "SubscriptionName": line["friendlyName"],
            "Quantity": str(line["quantity"]),
            "PartnerOnRecord": line.get("partnerIdOnRecord"),
        }
        for name, value in values.items():
            yield {"key": f"{name}-{number}", "value": value}


def _pascal(value: Any) -> Any:
    """Return a copy whose members begin with a capital, as in audit records."""
    if isinstance(value, list):
        return [_pascal(item) for item in value]
    if not isinstance(value, dict):
        return value
    copy = {name[:1].upper() + name[1:]: _pascal(item) for name, item in value.items()}
    if "LineItemNumber" in copy:
        # Here, and only here, what has no value is null instead of left out.
        for name in ("SubscriptionId", "ParentSubscriptionId", "PartnerIdOnRecord"):
            copy.setdefault(name, None)
    return copy


def _condition(text: str | None) -> _Filter | None:
    if text is None:
        return None
    try:
        condition = msgspec.json.decode(text, type=_Filter)
    except msgspec.MsgspecError as error:
        raise refused(400, 3000, "The filter cannot be read.") from error
    known = {
        "CustomerId": "equals",
        "ResourceType": "equals",
        "CompanyName": "substring",
    }
    if known.get(condition.field, "").lower() != condition.operator.lower():
        raise refused(400, 3000, "The filter's field or operator is not known.")
    return condition


def _day(text: str) -> int:
    try:
        return parse_instant(date.fromisoformat(text).isoformat())
    except ValueError as error:
        raise refused(400, 3000, "Dates are whole days: yyyy-mm-dd.") from error


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise refused(400, 3000, "size and offset are whole numbers.")
    return int(text)
