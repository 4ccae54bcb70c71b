"""The sandbox's world: what follows from a seed, and what holds for every seed."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_purchase_orders.sandbox.instants import (
    DAY,
    MINUTE,
    offset_text,
    parse_instant,
    ticks_of,
    utc_text,
    zero_offset_text,
)
from tap_purchase_orders.sandbox.messages import json_text
from tap_purchase_orders.sandbox.order_history import OrderHistory, order_histories
from tap_purchase_orders.sandbox.order_payloads import order_payload
from tap_purchase_orders.sandbox.process import Sandbox
from tap_purchase_orders.sandbox.purchase_order_life import purchase_order
from tap_purchase_orders.sandbox.purchase_order_numbers import (
    all_numbers,
    index_of_number,
    number_of,
)
from tap_purchase_orders.sandbox.purchase_orders import purchase_order_payload
from tap_purchase_orders.sandbox.seeded_random import Draws, guid_of, index_of
from tap_purchase_orders.sandbox.world import World
from tests.sandboxes import NOW, Caller

EPOCH = parse_instant(NOW)
EVER = EPOCH + 3 * 365 * DAY

seeds = st.integers(min_value=0, max_value=2**31)
indexes = st.integers(min_value=0, max_value=10**7)
instants = st.integers(
    min_value=parse_instant("2018-01-01"), max_value=parse_instant("2030-01-01")
)


def world(
    seed: int,
    *,
    customers: int = 10**8,
    purchase_orders: int = 10**8,
    odd_rate: float = 0.0,
) -> World:
    return World(
        seed=seed,
        epoch=EPOCH,
        customers=customers,
        without_relationship=0,
        orders_per_customer=6,
        lines_per_order=2,
        purchase_orders=purchase_orders,
        lines_per_purchase_order=3,
        invoices=10**6,
        odd_rate=odd_rate,
    )


def histories(seed: int, customer: int) -> list[OrderHistory]:
    return list(order_histories(world(seed), customer, EVER))


def served_bytes(**options: object) -> list[bytes]:
    """Return all customers, orders and purchase orders as they come over the wire."""
    with (
        Sandbox(
            now=NOW, freeze_clock=True, appzen_requests_per_second=10**6, **options
        ) as sandbox,
        Caller(sandbox) as caller,
    ):
        paths = [f"/v1/customers/{c['id']}" for c in caller.customers()]
        paths += [f"{path}/orders?include_price=true" for path in paths]
        answers = [caller.partner_center(path) for path in paths]
        answers += [caller.purchase_order(n) for n in caller.numbers()[:40]]
        return [answer.content for answer in answers]


def test_the_same_seed_gives_the_same_bytes() -> None:
    first = served_bytes(seed=7, customers=6)

    assert served_bytes(seed=7, customers=6) == first
    assert not set(served_bytes(seed=8, customers=6)) & set(first)


def test_the_same_epoch_gives_the_same_world_on_another_day() -> None:
    later = "2026-03-09T08:00:00Z"
    with Sandbox(now=NOW, freeze_clock=True, customers=6) as first:
        first.post("clock", {"now": later})
        moved = first.truth("orders")
    with Sandbox(epoch=NOW, now=later, freeze_clock=True, customers=6) as second:
        assert second.truth("orders") == moved


@given(seed=seeds, customer=indexes)
@settings(deadline=None)
def test_status_timelines_only_go_forward(seed: int, customer: int) -> None:
    for order in histories(seed, customer):
        times = [change.at for change in order.changes]
        assert times[0] == order.created
        assert times == sorted(set(times))
        statuses = [change.status for change in order.changes]
        assert all(a != b for a, b in pairwise(statuses))


@given(seed=seeds, customer=indexes)
@settings(deadline=None)
def test_every_upload_begins_with_pending_po_upload_and_is_reviewed(
    seed: int, customer: int
) -> None:
    for order in histories(seed, customer):
        statuses = [change.status for change in order.changes]
        assert ("pending_po_upload" in statuses) == order.is_upload
        if not order.is_upload:
            assert "po_upload_complete" not in statuses
            assert "po_review_rejected" not in statuses
        elif order.uploaded is None:
            assert statuses == ["pending_po_upload", "po_review_rejected"]
            assert order.changes[1].at == order.created + 90 * DAY
        else:
            assert statuses[:2] == ["pending_po_upload", "po_upload_complete"]
            assert statuses[2] == "po_review_rejected" or (
                statuses[2:4] == ["pending", "completed"]
            )


@given(seed=seeds, customer=indexes, now=instants)
@settings(deadline=None)
def test_no_order_shows_before_its_creation_and_all_within_15_minutes(
    seed: int, customer: int, now: int
) -> None:
    shown = {order.slot for order in order_histories(world(seed), customer, now)}

    for order in histories(seed, customer):
        assert (order.slot in shown) == (order.created <= now)
        assert order.created <= order.listed <= order.created + 15 * MINUTE


@given(seed=seeds, customer=indexes)
@settings(deadline=None)
def test_order_ids_are_unique_and_of_the_form_of_their_time(
    seed: int, customer: int
) -> None:
    orders = histories(seed, customer)

    assert len({order.order_id for order in orders}) == len(orders)
    for order in orders:
        form = {
            "legacy": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
            "modern": r"[A-Za-z0-9_-]{33}",
            "new_commerce": r"[0-9a-f]{12}",
        }[order.kind.era]
        assert re.fullmatch(form, order.order_id)


@given(seed=seeds, customer=indexes, days=st.integers(0, 600))
@settings(deadline=None, max_examples=50)
def test_an_order_stays_what_it_is_but_for_what_moves(
    seed: int, customer: int, days: int
) -> None:
    place = world(seed)
    for order in order_histories(place, customer, EPOCH):
        old = order_payload(place, order, EPOCH, include_price=False)
        new = order_payload(place, order, EPOCH + days * DAY, include_price=False)
        for payload in (old, new):
            payload.pop("status", None)
            payload["attributes"].pop("etag", None)
            for line in payload["lineItems"]:
                line.pop("subscriptionId", None)
                line.pop("quantity")
                if order.kind.era == "legacy":
                    line.pop("links", None)
        assert old == new


@given(seed=seeds, customer=indexes)
@settings(deadline=None)
def test_subscriptions_are_made_between_processing_and_completion(
    seed: int, customer: int
) -> None:
    for order in histories(seed, customer):
        if order.provisioned is not None:
            assert order.kind.has_subscription
            assert order.status_at(order.provisioned) != "pending_po_upload"
            completed = next(c.at for c in order.changes if c.status == "completed")
            assert order.created <= order.provisioned <= completed


@given(seed=seeds, index=indexes)
def test_identifiers_lead_back_to_what_they_name(seed: int, index: int) -> None:
    place = world(seed)

    customer_id = place.customer_id(index)
    assert place.customer_index(customer_id) == index
    assert place.customer_index(customer_id.upper()) == index
    assert index_of(seed, "invoice", customer_id) is None
    assert index_of(seed + 1, "customer", customer_id) is None
    assert index_of_number(place, number_of(place, index)) == index


@given(seed=seeds, text=st.text(max_size=40))
def test_other_texts_name_nothing(seed: int, text: str) -> None:
    place = world(seed)

    assert place.customer_index(text) is None
    found = index_of_number(place, text)
    assert found is None or number_of(place, found) == text


def test_what_lies_beyond_the_size_of_the_world_is_not_there() -> None:
    place = world(1, customers=3, purchase_orders=3)

    assert place.customer_index(guid_of(1, "customer", 3)) is None
    numbers = list(all_numbers(place))
    assert [index_of_number(place, n) for n in numbers] == [0, 1, 2, None, None, None]


@given(seed=seeds, index=indexes, days=st.integers(0, 900))
@settings(deadline=None)
def test_goods_never_go_back_and_lines_add_up(seed: int, index: int, days: int) -> None:
    order = purchase_order(world(seed), index)
    assert order.issued < order.first_receipt <= order.last_receipt <= order.closed

    shares = [order.received_share(EPOCH + day * DAY) for day in (0, days)]
    assert 0 <= shares[0] <= shares[1] <= 1
    payload = purchase_order_payload(world(seed), index, EPOCH + days * DAY)
    for line in payload["purchase_order_lines"]:
        left = line["uninvoiced_amount"]["amount"]
        assert left + line["received_amount"]["amount"] == line["amount"]["amount"]
        assert (
            line["amount"]["amount"] == line["quantity"] * line["unit_price"]["amount"]
        )


@given(seed=seeds)
@settings(deadline=None, max_examples=5)
def test_amounts_are_ordinary_but_for_a_few(seed: int) -> None:
    place = world(seed, purchase_orders=150)
    lines = [
        line
        for index in range(150)
        for line in purchase_order_payload(place, index, EPOCH)["purchase_order_lines"]
    ]
    usual = {"USD": 2, "EUR": 2, "GBP": 2, "JPY": 0}
    prices = [line["unit_price"] for line in lines]
    received = [line["received_amount"] for line in lines]
    ordinary = [
        price["amount"]
        for price in prices
        if 1 <= price["amount"] / (150 if price["currency"] == "JPY" else 1) < 10_000
        and decimals(price["amount"]) <= usual[price["currency"]]
    ]

    assert 0.9 < len(ordinary) / len(prices) < 1
    assert (
        sum(
            decimals(each["amount"].normalize()) <= usual[each["currency"]]
            for each in received
        )
        / len(received)
        > 0.9
    )
    # Round prices, and those that shops like.
    assert any(price % 1 == 0 for price in ordinary)
    assert any(str(price).endswith(".99") for price in ordinary)
    # What a reader could lose is still there: long digits, small ones, and broken ones.
    amounts = [price["amount"] for price in prices]
    assert Decimal("12345678901234.123456789") in amounts
    assert any(decimals(amount) == 6 for amount in amounts)
    assert any(str(line["quantity"]).endswith(".375") for line in lines)


def decimals(number: Decimal) -> int:
    return max(0, -int(number.as_tuple().exponent))


@given(seed=seeds, index=indexes, odd_rate=st.sampled_from((0.0, 1.0)))
@settings(deadline=None)
def test_everything_can_be_written_as_json(
    seed: int, index: int, odd_rate: float
) -> None:
    place = world(seed, odd_rate=odd_rate)

    assert json_text(purchase_order_payload(place, index, EPOCH))
    for order in order_histories(place, index, EPOCH):
        assert json_text(order_payload(place, order, EPOCH, include_price=True))


@given(ticks=instants)
def test_every_form_of_a_date_is_the_same_instant(ticks: int) -> None:
    milliseconds = ticks - ticks % 10_000

    assert re.fullmatch(r"\S{10}T\S{8}(\.\d{0,6}[1-9])?Z", utc_text(ticks))
    assert parse_instant(utc_text(ticks)) // 10 == ticks // 10
    for form in (offset_text, zero_offset_text):
        assert parse_instant(form(milliseconds)) == milliseconds
        assert re.search(r"\.\d{2,3}[+-]\d\d:\d\d$", form(ticks))


@given(seed=seeds, first=st.integers(-(2**63), 2**63), width=st.integers(0, 2**63))
def test_draws_stay_within_their_bounds(seed: int, first: int, width: int) -> None:
    draws = Draws(seed, "bounds", first)

    for _ in range(20):
        assert first <= draws.between(first, first + width) <= first + width


def test_draws_are_the_same_on_every_machine_and_version() -> None:
    draws = Draws(1, "pinned")

    assert [draws.below(1000) for _ in range(5)] == [86, 881, 283, 233, 670]
    assert draws.hex(12) == "a6b5e6e0ef64"


@pytest.mark.parametrize("text", ["12345678901234.123456789", "100.00", "0.10", "1"])
def test_amounts_are_written_with_the_digits_they_have(text: str) -> None:
    assert json_text({"amount": Decimal(text)}) == b'{"amount":%s}' % text.encode()


def test_instants_are_exact() -> None:
    moment = datetime(2022, 3, 8, 17, 38, 57, 521711, tzinfo=UTC)
    assert utc_text(ticks_of(moment) + 9) == "2022-03-08T17:38:57.5217119Z"
