"""Partner Center's REST API, as far as customers and their orders need it.

*Get a list of customers*, *Get a customer by ID*, *Get all of a customer's orders*,
*Get an order by ID*, *Get order provisioning status*, *Headers*, *API throttling
guidance*.
"""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any

from tap_purchase_orders.sandbox.activity_log import ActivityLog
from tap_purchase_orders.sandbox.customer_pages import CustomerPages
from tap_purchase_orders.sandbox.customers import link, whole_customer
from tap_purchase_orders.sandbox.messages import Reply, json_reply
from tap_purchase_orders.sandbox.order_children import (
    activation_links,
    attachments_of,
    provisioning_of,
)
from tap_purchase_orders.sandbox.order_history import order_histories
from tap_purchase_orders.sandbox.order_payloads import order_payload
from tap_purchase_orders.sandbox.partner_center_errors import (
    RefusedError,
    documented,
    rate_limited,
    refused,
)
from tap_purchase_orders.sandbox.routes import Routes
from tap_purchase_orders.sandbox.tokens import OldAudienceError, TokenRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_purchase_orders.sandbox.context import State
    from tap_purchase_orders.sandbox.limits import SlidingLimit
    from tap_purchase_orders.sandbox.messages import Asked, Call
    from tap_purchase_orders.sandbox.order_history import OrderHistory

Claims = dict[str, Any]

_ORDER = "v1/customers/{customer}/orders/{order}"
_ROUTES = Routes(
    "partner_center",
    (
        ("customers", "v1/customers"),
        ("customers", "v1/customers/{customer}"),
        ("orders", "v1/customers/{customer}/orders"),
        ("orders", _ORDER),
        ("order_attachments", f"{_ORDER}/attachments"),
        ("order_provisioning_status", f"{_ORDER}/provisioningstatus"),
        ("activation_links", f"{_ORDER}/lineitems/{{line}}/activationlinks"),
        ("auditrecords", "v1/auditrecords"),
        ("unknown", "v1/*"),
    ),
)

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
# In the order of the enumeration BillingCycleType.
_BILLING_TYPES = (
    *("unknown", "monthly", "annual", "none", "onetime", "triennial", "biennial"),
)
# Limits are published for the resources customer and order; what hangs below an order
# counts as order here.
_LIMITED_ALONE = ("customers", "auditrecords")


class PartnerCenter:
    """Answers for one partner.

    Args:
        state: The running sandbox.
        limit: The rate limit, for each resource.
    """

    def __init__(self, state: State, limit: SlidingLimit) -> None:
        self._world = state.world
        self._clock = state.clock
        self._tokens = state.tokens
        self._rules = state.sign_in.rules
        self._limit = limit
        self._pages = CustomerPages(state.world)
        self._activity = ActivityLog(state.world)
        self._reads: dict[str, Callable[[Call, Asked, Claims], Any]] = {
            "customers": self._customers,
            "orders": self._orders,
            "order_attachments": self._attachments,
            "order_provisioning_status": self._provisioning_status,
            "activation_links": self._activation_links,
            "auditrecords": self._audit_records,
        }

    def asked(self, call: Call) -> Asked | None:
        """Return what a call asks of Partner Center, or None."""
        version, *rest = call.segments
        # *Rest swagger specs*: the version is 1 or 1.0.
        return _ROUTES.asked(("v1" if version == "v1.0" else version, *rest))

    def throttled(self, asked: Asked) -> Reply | None:
        """Refuse a call beyond the limit of its resource."""
        name = asked.resource if asked.resource in _LIMITED_ALONE else "orders"
        wait_seconds = self._limit.wait_seconds(name)
        return rate_limited(wait_seconds) if wait_seconds else None

    def finish(self, reply: Reply, call: Call) -> None:
        """Add the headers of every answer; identifiers sent along are given back."""
        for name in ("MS-RequestId", "MS-CorrelationId"):
            reply.headers.setdefault(name, call.headers.get(name) or str(uuid.uuid4()))
        vector = call.headers.get("MS-CV") or f"{uuid.uuid4().hex[:16]}.0"
        reply.headers.setdefault("MS-CV", vector)
        reply.headers.setdefault("MS-ServerId", "000001")
        reply.headers.setdefault("X-Locale", call.headers.get("X-Locale") or "en-US")

    def answer(self, call: Call, asked: Asked) -> Reply:
        """Return what was asked for, behind a byte order mark, or an error."""
        try:
            claims = self._claims(call)
        except RefusedError as refusal:
            return refusal.reply
        reply = self._answer(call, asked, claims)
        # *Partner Center authentication*: a way to find out before it is enforced.
        is_asked = call.headers.get("ValidateMfa", "").lower() == "true"
        if is_asked and _is_of_a_user(claims):
            is_compliant = "true" if _has_two_factors(claims) else "false"
            reply.headers["isMfaCompliant"] = is_compliant
        return reply

    def _answer(self, call: Call, asked: Asked, claims: Claims) -> Reply:
        try:
            self._check_factors(claims)
            if call.method != "GET":
                raise refused(405, 0, "The sandbox only reads.")
            read = self._reads.get(asked.resource)
            if read is None:
                raise refused(404, 1000, "The resource was not found.")
            body = read(call, asked, claims)
        except RefusedError as refusal:
            return refusal.reply
        return json_reply(200, body, byte_order_mark=True)

    def orders_at(
        self,
        customer: int,
        now: int,
        *,
        include_price: bool,
        include_system_purchases: bool,
    ) -> list[dict[str, Any]]:
        """Return the orders of a customer that the list shows at an instant."""
        return [
            order_payload(self._world, order, now, include_price=include_price)
            for order in order_histories(self._world, customer, now)
            if order.listed <= now
            and (include_system_purchases or not order.is_system_purchase)
        ]

    def _claims(self, call: Call) -> Claims:
        authorization = call.headers.get("authorization")
        if authorization is None:
            raise RefusedError(documented(800001))
        try:
            return self._tokens.check(authorization)
        except OldAudienceError as error:
            raise RefusedError(documented(900420, str(error))) from error
        except TokenRefusedError as error:
            raise refused(401, 400, f"Access denied: {error}.") from error

    def _check_factors(self, claims: Claims) -> None:
        # *Partner Center authentication*: asked of users' tokens, not of applications.
        is_lacking = _is_of_a_user(claims) and not _has_two_factors(claims)
        if is_lacking and self._rules.mfa_enforced:
            raise RefusedError(documented(900421))

    def _customer(self, asked: Asked) -> int:
        customer_id = asked.names["customer"]
        if not _GUID.fullmatch(customer_id):
            raise refused(400, 2000, "Customer Id must be a GUID.")
        index = self._world.customer_index(customer_id)
        if index is None:
            raise refused(404, 60003, f"Customer {customer_id} was not found.")
        return index

    def _customer_with_orders(self, asked: Asked) -> int:
        customer = self._customer(asked)
        if not self._world.has_relationship(customer):
            raise RefusedError(documented(20002))
        return customer

    def _order(self, asked: Asked) -> OrderHistory:
        customer = self._customer_with_orders(asked)
        order_id = asked.names["order"]
        if _GUID.fullmatch(order_id):
            order_id = order_id.lower()
        now = self._clock.now()
        for order in order_histories(self._world, customer, now):
            if order.order_id == order_id:
                return order
        raise refused(404, 20000, f"Order {order_id} was not found.")

    def _customers(self, call: Call, asked: Asked, _claims: Claims) -> Any:
        if "customer" not in asked.names:
            return self._pages.page(call)
        return whole_customer(self._world, self._customer(asked))

    def _orders(self, call: Call, asked: Asked, _claims: Claims) -> Any:
        include_price = _flag(call, "include_price")
        now = self._clock.now()
        if "order" in asked.names:
            order = self._order(asked)
            return order_payload(self._world, order, now, include_price=include_price)
        include_system = _flag(call, "include_system_purchases")
        customer = self._customer_with_orders(asked)
        orders = self.orders_at(
            customer,
            now,
            include_price=include_price,
            include_system_purchases=include_system,
        )
        if billing_type := call.query.get("billingType"):
            wanted = _known_billing_type(billing_type)
            orders = [order for order in orders if _billing_type(order) == wanted]
        uri = f"/customers/{self._world.customer_id(customer)}/orders"
        return collection(orders, link(uri))

    def _attachments(self, call: Call, asked: Asked, _claims: Claims) -> Any:
        if "application/json" not in call.headers.get("accept", ""):
            # *Get attachments for an order* of the REST reference: a required header.
            raise refused(406, 3000, "The header Accept: application/json is required.")
        order = self._order(asked)
        return collection(attachments_of(self._world, order, self._clock.now()))

    def _provisioning_status(self, _call: Call, asked: Asked, claims: Claims) -> Any:
        if not _is_of_a_user(claims):
            raise RefusedError(documented(900329))
        lines = provisioning_of(self._world, self._order(asked), self._clock.now())
        if lines is None:
            raise refused(404, 800007, "Provisioning information was not found.")
        return collection(lines)

    def _activation_links(self, _call: Call, asked: Asked, _claims: Claims) -> Any:
        return collection(activation_links(self._order(asked), asked.names["line"]))

    def _audit_records(self, call: Call, _asked: Asked, _claims: Claims) -> Any:
        return self._activity.page(call, self._clock.now())


def collection(items: list[Any], self_link: Any = None) -> dict[str, Any]:
    """Return a collection; `totalCount` is the number of items in the response."""
    body: dict[str, Any] = {"totalCount": len(items), "items": items}
    if self_link:
        body["links"] = {"self": self_link}
    return body | {"attributes": {"objectType": "Collection"}}


def _flag(call: Call, name: str) -> bool:
    text = call.query.get(name, "false").lower()
    if text not in ("true", "false"):
        raise refused(400, 3000, f"The value of {name} must be true or false.")
    return text == "true"


def _is_of_a_user(claims: Claims) -> bool:
    return "scp" in claims


def _has_two_factors(claims: Claims) -> bool:
    return "mfa" in claims.get("amr", ())


def _known_billing_type(text: str) -> str:
    """Return a billing type as it is compared; the reference has them as numbers."""
    if text.isascii() and text.isdigit() and int(text) < len(_BILLING_TYPES):
        return _BILLING_TYPES[int(text)]
    name = text.replace("_", "").lower()
    if name not in _BILLING_TYPES:
        raise refused(400, 900126, f"The value {text!r} of billingType is not known.")
    return name


def _billing_type(order: dict[str, Any]) -> str:
    return str(order["billingCycle"]).replace("_", "").lower()
