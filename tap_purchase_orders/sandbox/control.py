"""The control API: clock, requests, faults, sign-in, and the truth."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from tap_purchase_orders.sandbox.customers import whole_customer
from tap_purchase_orders.sandbox.faults import read_script
from tap_purchase_orders.sandbox.instants import (
    TICKS_PER_SECOND,
    parse_instant,
    utc_text,
)
from tap_purchase_orders.sandbox.messages import Reply, json_reply
from tap_purchase_orders.sandbox.order_children import attachments_of
from tap_purchase_orders.sandbox.order_history import order_histories
from tap_purchase_orders.sandbox.purchase_order_numbers import index_of_number
from tap_purchase_orders.sandbox.purchase_orders import purchase_order_payload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_purchase_orders.sandbox.context import State
    from tap_purchase_orders.sandbox.messages import Call
    from tap_purchase_orders.sandbox.partner_center import PartnerCenter

BASE_PATH = "_sandbox"
# Counting looks at every order; in a larger world only if it is asked for.
_COUNTED_CUSTOMERS = 2_000


class _MoveClock(msgspec.Struct, forbid_unknown_fields=True):
    """Move by so many seconds, or to an instant."""

    advance_seconds: float | None = None
    now: str | None = None


class _Release(msgspec.Struct, forbid_unknown_fields=True):
    """Let the answers go that a fault rule holds under a name."""

    hold: str


class Control:
    """Answers control calls, from this machine only and without credentials.

    Args:
        state: The running sandbox.
        partner_center: Knows which orders are listed.
    """

    def __init__(self, state: State, partner_center: PartnerCenter) -> None:
        self._state = state
        self._world = state.world
        self._clock = state.clock
        self._partner_center = partner_center
        self._calls: dict[tuple[str, ...], Callable[[Call], Any]] = {
            ("GET", "world"): self._world_now,
            ("POST", "clock"): self._move_clock,
            ("GET", "requests"): self._requests,
            ("POST", "requests", "reset"): self._reset_requests,
            ("GET", "faults"): self._fault_counts,
            ("POST", "faults"): self._replace_faults,
            ("POST", "faults", "release"): self._release,
            ("POST", "tokens", "revoke"): self._revoke_tokens,
            ("GET", "sign-in"): self._sign_in,
            ("POST", "sign-in"): self._change_sign_in,
            ("GET", "refresh-tokens"): self._refresh_tokens,
            ("POST", "refresh-tokens"): self._issue_refresh_token,
            ("POST", "federated-tokens"): self._issue_federated_token,
            ("GET", "truth", "customers"): self._true_customers,
            ("GET", "truth", "orders"): self._true_orders,
            ("GET", "truth", "order-attachments"): self._true_attachments,
            ("GET", "truth", "purchase-orders"): self._true_purchase_orders,
        }

    def answer(self, call: Call) -> Reply:
        """Return the answer of a control call; mistakes are 400 with a message."""
        if not call.is_local:
            return json_reply(403, {"error": "control calls come from this machine"})
        answer = self._calls.get((call.method, *call.segments[1:]))
        if answer is None:
            return json_reply(404, {"error": "no such control call"})
        try:
            return json_reply(200, answer(call))
        except (ValueError, msgspec.MsgspecError) as error:
            return json_reply(400, {"error": str(error)})

    def _world_now(self, call: Call) -> dict[str, Any]:
        now = self._clock.now()
        sizes = asdict(self._world) | {"epoch": utc_text(self._world.epoch)}
        body: dict[str, Any] = {"now": utc_text(now), **sizes}
        wanted = call.query.get("counts") == "1"
        if wanted or self._world.customers <= _COUNTED_CUSTOMERS:
            body |= self._counts(now)
        return body

    def _requests(self, call: Call) -> dict[str, Any]:
        return self._state.log.summary(with_entries=call.query.get("log") == "1")

    def _reset_requests(self, _call: Call) -> dict[str, bool]:
        self._state.log.reset()
        return {"reset": True}

    def _replace_faults(self, call: Call) -> dict[str, int]:
        rules = read_script(call.body)
        self._state.faults.replace(rules)
        return {"rules": len(rules)}

    def _fault_counts(self, _call: Call) -> list[dict[str, int]]:
        return self._state.faults.counts()

    def _release(self, call: Call) -> dict[str, str]:
        release = msgspec.json.decode(call.body, type=_Release)
        self._state.faults.release(release.hold)
        return {"released": release.hold}

    def _revoke_tokens(self, _call: Call) -> dict[str, bool]:
        self._state.tokens.revoke_all()
        return {"revoked": True}

    def _sign_in(self, _call: Call) -> dict[str, Any]:
        return self._state.sign_in.summary()

    def _change_sign_in(self, call: Call) -> dict[str, Any]:
        self._state.sign_in.rules.change(call.body)
        return self._state.sign_in.summary()

    def _refresh_tokens(self, _call: Call) -> dict[str, Any]:
        return self._state.sign_in.refresh_tokens.summary()

    def _issue_refresh_token(self, _call: Call) -> dict[str, str]:
        return {"refresh_token": self._state.sign_in.refresh_tokens.issue()}

    def _issue_federated_token(self, call: Call) -> dict[str, str]:
        claims = msgspec.json.decode(call.body or b"{}", type=dict[str, Any])
        return {"federated_token": self._state.sign_in.federation.token(claims)}

    def _true_customers(self, _call: Call) -> list[Any]:
        customers = range(self._world.customers)
        return [whole_customer(self._world, index) for index in customers]

    def _counts(self, now: int) -> dict[str, Any]:
        orders: Counter[str] = Counter()
        uploads: Counter[str] = Counter()
        for customer in range(self._world.customers):
            for order in order_histories(self._world, customer, now):
                orders[order.status_at(now)] += 1
                if order.is_upload:
                    uploads[order.status_at(now)] += 1
        return {
            "orders_by_status": dict(sorted(orders.items())),
            "uploads_by_status": dict(sorted(uploads.items())),
        }

    def _move_clock(self, call: Call) -> dict[str, str]:
        move = msgspec.json.decode(call.body, type=_MoveClock)
        if move.now is not None:
            self._clock.advance(parse_instant(move.now) - self._clock.now())
        self._clock.advance(int((move.advance_seconds or 0) * TICKS_PER_SECOND))
        return {"now": utc_text(self._clock.now())}

    def _asked_customers(self, call: Call) -> Iterator[int]:
        """Yield the customers that a call is about and whose orders can be read."""
        customers: Any = range(self._world.customers)
        if customer_id := call.query.get("customer"):
            index = self._world.customer_index(customer_id)
            customers = [] if index is None else [index]
        yield from filter(self._world.has_relationship, customers)

    def _true_orders(self, call: Call) -> list[Any]:
        orders_at = partial(
            self._partner_center.orders_at,
            now=self._clock.now(),
            include_price=call.query.get("include_price") == "true",
            include_system_purchases=call.query.get("include_system_purchases")
            == "true",
        )
        return [
            order
            for customer in self._asked_customers(call)
            for order in orders_at(customer)
        ]

    def _true_attachments(self, call: Call) -> list[Any]:
        now = self._clock.now()
        return [
            {
                "referenceCustomerId": self._world.customer_id(customer),
                "orderId": order.order_id,
                **attachment,
            }
            for customer in self._asked_customers(call)
            for order in order_histories(self._world, customer, now)
            if order.uploaded is not None and order.uploaded <= now
            for attachment in attachments_of(self._world, order, now)
        ]

    def _true_purchase_orders(self, call: Call) -> list[Any]:
        indexes: Any = range(self._world.purchase_orders)
        if (number := call.query.get("number")) is not None:
            index = index_of_number(self._world, number)
            indexes = [] if index is None else [index]
        now = self._clock.now()
        return [purchase_order_payload(self._world, index, now) for index in indexes]
