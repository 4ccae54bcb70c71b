"""Answers in the form of both APIs, made once and cut to one size.

The sandbox's own generators make them, so they follow the documents as the sandbox
does. Orders and purchase orders repeat after some hundreds under other identifiers.
"""

from __future__ import annotations

import codecs
import datetime as dt
import uuid
import zlib
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from tap_purchase_orders.sandbox.customers import link, listed_customer
from tap_purchase_orders.sandbox.instants import parse_instant
from tap_purchase_orders.sandbox.messages import json_text
from tap_purchase_orders.sandbox.order_history import order_histories
from tap_purchase_orders.sandbox.order_payloads import order_payload
from tap_purchase_orders.sandbox.purchase_orders import purchase_order_payload
from tap_purchase_orders.sandbox.world import World

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LINES_PER_ORDER = 3
LINES_PER_PURCHASE_ORDER = 10

_EPOCH = parse_instant("2024-01-01")
# Two years later all that was ordered has come to rest: nothing is followed.
_NOW = parse_instant("2026-01-01")
_AT_REST = frozenset({"completed", "cancelled", None})
# No two customers or purchase orders of a sandbox are alike; these many are enough.
_CUSTOMER_FORMS = 50
_MOST_ORDERS = 25
_PURCHASE_ORDER_FORMS = 100
# One record in so many is odd, where some are to be.
_ODD_EVERY = 100
_CUSTOMER_MARK = str(uuid.UUID(int=0))
_NUMBER_MARK = "@number@"
_ACTIVE_THE_DAY_BEFORE = 100


class Bodies:
    """The bodies of answers, without and with odd records.

    Args:
        is_odd: Whether one record in a hundred has an oddity that the documents show
            or leave room for, and that changes neither its key nor its lines.
    """

    def __init__(self, *, is_odd: bool) -> None:
        self._orders = list(_order_forms(is_odd=is_odd))
        self._purchase_orders = list(_purchase_order_forms(is_odd=is_odd))

    def customers(self, start: int, size: int, customers: int) -> bytes:
        """Return a page of the list of customers (*Get a list of customers*)."""
        end = min(start + size, customers)
        links: dict[str, Any] = {"self": link(f"/customers?size={size}")}
        if end < customers:
            token = {"key": "MS-ContinuationToken", "value": str(end)}
            uri = f"/customers?size={size}&seekOperation=Next"
            links["next"] = link(uri) | {"headers": [token]}
        world = _world(odd_rate=0.0)
        items = []
        for index in range(start, end):
            text = json_text(listed_customer(world, index)).decode()
            items.append(text.replace(world.customer_id(index), customer_id(index)))
        return _collection(items, links)

    def orders(self, customer: str, per_customer: int, open_every: int) -> bytes:
        """Return a customer's orders (*Get all of a customer's orders*).

        Args:
            customer: The customer.
            per_customer: How many there are.
            open_every: One in so many customers has an open one; 0: none.
        """
        number = uuid.UUID(customer).int
        forms = self._orders[number % len(self._orders)][:per_customer]
        items = [form.replace(_CUSTOMER_MARK, customer) for form in forms]
        if open_every and number % open_every == 0:
            items[0] = items[0].replace('"status":"completed"', '"status":"pending"')
        path = f"/customers/{customer}/orders"
        return _collection(items, {"self": link(path)})

    def purchase_order(self, segment: str) -> bytes:
        """Return a purchase order (*Get Details of a Purchase Order*).

        Args:
            segment: Its number as it stands in the path.
        """
        number = unquote(segment)
        place = zlib.crc32(number.encode()) % len(self._purchase_orders)
        form = self._purchase_orders[place]
        return form.replace(_NUMBER_MARK, number).encode()

    def activity(self, customers: int, active: int, now: dt.datetime) -> bytes:
        """Return activity of the day before, and news (*Auditing resources*).

        Args:
            customers: How many customers there are.
            active: How many of them had activity half an hour ago.
            now: The time by the upstream's clock.
        """
        before, lately = now - dt.timedelta(days=1), now - dt.timedelta(minutes=30)
        old = range(min(customers, _ACTIVE_THE_DAY_BEFORE))
        # Spread over all customers.
        new = range(0, customers, -(-customers // active)) if active else range(0)
        moments = [
            *((index, before) for index in old),
            *((index, lately) for index in new),
        ]
        items = [_activity(index, moment) for index, moment in moments]
        return _collection(items, {"self": link("/auditrecords")})


def customer_id(index: int) -> str:
    """Return the identifier of a customer, counted from 0."""
    return str(uuid.UUID(int=(1 << 100) + index))


def _activity(index: int, moment: dt.datetime) -> str:
    return json_text(
        {
            "customerId": customer_id(index),
            "resourceType": "order",
            "operationType": "update_order",
            "operationDate": f"{moment:%Y-%m-%dT%H:%M:%S}.5217119Z",
            "operationStatus": "succeeded",
            "customizedData": [{"key": "OrderId", "value": f"{index:012x}"}],
            "attributes": {"objectType": "AuditRecord"},
        }
    ).decode()


def _collection(items: Iterable[str], links: dict[str, Any]) -> bytes:
    texts = list(items)
    body = (
        f'{{"totalCount":{len(texts)},"items":[{",".join(texts)}],'
        f'"links":{json_text(links).decode()},'
        f'"attributes":{{"objectType":"Collection"}}}}'
    )
    # Bodies of Partner Center begin with a byte order mark.
    return codecs.BOM_UTF8 + body.encode()


def _world(*, odd_rate: float) -> World:
    return World(
        # No order of one world is also in the other.
        seed=6 if odd_rate else 7,
        epoch=_EPOCH,
        customers=1_000_000,
        without_relationship=0,
        orders_per_customer=_MOST_ORDERS,
        # More than are wanted, so that they can be cut to one number.
        lines_per_order=2 * LINES_PER_ORDER,
        purchase_orders=1_000_000,
        lines_per_purchase_order=2 * LINES_PER_PURCHASE_ORDER,
        invoices=0,
        odd_rate=odd_rate,
    )


def _order_forms(*, is_odd: bool) -> Iterator[list[str]]:
    """Yield the orders of one customer after another, as text."""
    usual, odd = _orders(_world(odd_rate=0.0)), _orders(_world(odd_rate=1.0))
    for customer in range(_CUSTOMER_FORMS):
        first = customer * _MOST_ORDERS
        yield [
            next(odd if is_odd and place % _ODD_EVERY == 0 else usual)
            for place in range(first, first + _MOST_ORDERS)
        ]


def _orders(world: World) -> Iterator[str]:
    for customer in count():
        for order in order_histories(world, customer, _NOW):
            payload = order_payload(world, order, _NOW, include_price=False)
            lines = payload["lineItems"]
            if payload.get("status") in _AT_REST and len(lines) >= LINES_PER_ORDER:
                payload["lineItems"] = lines[:LINES_PER_ORDER]
                text = json_text(payload).decode()
                yield text.replace(world.customer_id(customer), _CUSTOMER_MARK)


def _purchase_order_forms(*, is_odd: bool) -> Iterator[str]:
    usual, odd = (_purchase_orders(_world(odd_rate=rate)) for rate in (0.0, 1.0))
    for place in range(_PURCHASE_ORDER_FORMS):
        yield next(odd if is_odd and place % _ODD_EVERY == 0 else usual)


def _purchase_orders(world: World) -> Iterator[str]:
    for index in count():
        payload = purchase_order_payload(world, index, _NOW)
        lines = payload.get("purchase_order_lines") or []
        # The last ones: an oddity is on the last line.
        lines = lines[-LINES_PER_PURCHASE_ORDER:]
        if _has_plain_keys(lines):
            payload["purchase_order_lines"] = lines
            number = json_text(payload["purchase_order_number"]).decode()
            text = json_text(payload).decode()
            yield text.replace(number, f'"{_NUMBER_MARK}"')


def _has_plain_keys(lines: list[dict[str, Any]]) -> bool:
    """Return whether there are ten lines whose numbers are different whole ones."""
    numbers = {line["line_number"] for line in lines}
    is_whole = all(isinstance(number, int) for number in numbers)
    return is_whole and len(numbers) == LINES_PER_PURCHASE_ORDER
