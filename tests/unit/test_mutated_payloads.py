"""Mutated documented payloads: no crash, no invalid record, no line lost.

A few of each in every run of the tests; `make fuzz` goes on for ten minutes.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import random
import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import Struct

from tap_purchase_orders.exact_json import NotJsonError
from tap_purchase_orders.records.customers import CustomerReader
from tap_purchase_orders.records.encoded_records import Encoded
from tap_purchase_orders.records.issues import Issue
from tap_purchase_orders.records.order_children import OrderChildReader
from tap_purchase_orders.records.orders import OrderReader, OrderSummary
from tap_purchase_orders.records.purchase_orders import PurchaseOrderReader
from tests.unit.json_values import PAYLOADS, wire_errors
from tests.unit.mutations import mutated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOW = dt.datetime(2026, 3, 10, 12, tzinfo=dt.UTC)
CUSTOMER = "5e8b21cd-7f06-4a93-a2d8-0c94f3b6e715"
# `make fuzz` sets how long all of them take together, and where the chances begin.
SECONDS = float(os.environ.get("FUZZ_SECONDS", "0"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))
ROUNDS = 30


def seeds() -> Iterator[int]:
    """Yield what mutates each round."""
    ends_at = time.monotonic() + SECONDS / len(CHECKS)
    seed = SEED
    while seed < SEED + ROUNDS or time.monotonic() < ends_at:
        yield seed
        seed += 1


def valid(stream: str, records: Any) -> int:
    """Return how many records there are; each must be valid by its schema."""
    if isinstance(records, Encoded):
        lines = records.lines.splitlines()
        assert len(lines) == records.count
        records = [json.loads(line, parse_float=Decimal) for line in lines]
    for record in records:
        assert wire_errors(stream, record) == []
    return len(records)


def valid_issues(issues: list[Issue]) -> None:
    for issue in issues:
        assert wire_errors("extraction_issues", issue.record()) == []


def lost(issues: list[Issue], stream: str) -> int:
    """Return how many rows of a stream were not emitted, and said to be."""
    kinds = [(issue.stream, issue.kind) for issue in issues]
    return kinds.count((stream, "invalid_record"))


def lines_of(raw: Any, name: str) -> int:
    """Return how many lines an object has, however it was decoded."""
    lines = getattr(raw, name) if isinstance(raw, Struct) else raw.get(name)
    return len(lines) if isinstance(lines, list) else 0


def check_orders(body: bytes, deselected: Any) -> None:
    reader = OrderReader(deselected)
    page = reader.decode(body)
    items = page.get("items") if isinstance(page, dict) else None
    for raw in items if isinstance(items, list) else []:
        summary = reader.summary(raw, CUSTOMER, NOW)
        if isinstance(summary, Issue):
            valid_issues([summary])
            continue
        count = lines_of(summary.raw, "lineItems")
        order = reader.read([summary], NOW)[0]
        stream = "order_line_items"
        if deselected is None:
            assert valid("orders", [order.header]) == 1
            there = valid(stream, order.lines)
        else:
            assert valid("orders", order.header) == 1
            there = sum(valid(stream, lines) for lines in order.lines)
        assert there + lost(order.issues, stream) == count
        valid_issues(order.issues)


def check_purchase_order(body: bytes, deselected: Any) -> None:
    reader = PurchaseOrderReader(deselected)
    value = reader.decode(body)
    if not isinstance(value, dict | Struct):
        return
    count = lines_of(value, "purchase_order_lines")
    order = reader.read(value, "asked-for", NOW)
    stream = "purchase_order_lines"
    if deselected is None:
        assert valid("purchase_orders", [order.header]) == 1
        there = valid(stream, order.lines)
        keys = [line["line_key"] for line in order.lines]
        assert len(set(keys)) == len(keys)
    else:
        assert valid("purchase_orders", order.header) == 1
        there = sum(valid(stream, lines) for lines in order.lines)
    assert there + lost(order.issues, stream) == count
    valid_issues(order.issues)


def check_children(body: bytes, stream: str, key: str) -> None:
    page = OrderReader().decode(body)
    items = page.get("items") if isinstance(page, dict) else None
    if not isinstance(items, list):
        return
    summary = OrderSummary({}, CUSTOMER, "o-1", None, None)
    children = OrderChildReader(stream, key).read(items, summary, NOW)
    there = valid(stream, children.records)
    assert there + lost(children.issues, stream) == len(items)
    valid_issues(children.issues)


def check_customers(body: bytes, _: None = None) -> None:
    value = OrderReader().decode(body)
    items = value.get("items", [value]) if isinstance(value, dict) else []
    for raw in items if isinstance(items, list) else []:
        customer_id = CustomerReader.key(raw, NOW)
        if isinstance(customer_id, Issue):
            valid_issues([customer_id])
        else:
            customer = CustomerReader().read(raw, customer_id, NOW)
            assert valid("customers", [customer.record]) == 1
            valid_issues(customer.issues)


ORDER_ARRAYS = {"orders": ("lineItems",), "order_line_items": ()}
LINE_ARRAYS = {"purchase_orders": ("purchase_order_lines",), "purchase_order_lines": ()}
CHECKS: dict[str, tuple[str, Callable[..., None], tuple[Any, ...]]] = {
    **{
        f"{way}-{path.name}": (f"partner_center/{path.name}", check_orders, (ways,))
        for path in sorted((PAYLOADS / "partner_center").glob("orders--*"))
        for way, ways in (("fields", None), ("compiled", ORDER_ARRAYS))
    },
    **{
        f"{way}-{path.name}": (f"appzen/{path.name}", check_purchase_order, (ways,))
        for path in sorted((PAYLOADS / "appzen").glob("purchase-order--*"))
        for way, ways in (("fields", None), ("compiled", LINE_ARRAYS))
    },
    "attachments": (
        "partner_center/attachments.json",
        check_children,
        ("order_attachments", "attachmentId"),
    ),
    "provisioning": (
        "partner_center/provisioning-status.json",
        check_children,
        ("order_provisioning_status", "lineItemNumber"),
    ),
    "customers": ("partner_center/customers-page-1.json", check_customers, ()),
    "customer": ("partner_center/customer--by-id.json", check_customers, ()),
}


@pytest.mark.timeout(300 + 2 * SECONDS)
@pytest.mark.parametrize("name", CHECKS)
def test_a_mutated_payload_is_read_or_becomes_an_issue(name: str) -> None:
    path, check, arguments = CHECKS[name]
    body = (PAYLOADS / path).read_bytes()
    for seed in seeds():
        changed = mutated(body, random.Random(f"{name} {seed}"))  # noqa: S311
        try:
            check(changed, *arguments)
        except NotJsonError:
            continue
        except Exception as error:
            error.add_note(f"FUZZ_SEED={seed}: {changed!r}")
            raise
