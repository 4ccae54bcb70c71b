"""Mutated payloads, read in one go and field by field: the same bytes and issues.

A few of each in every run of the tests; `make fuzz` and `make soak` go on for longer.
"""

from __future__ import annotations

import os
import random
import time
from typing import TYPE_CHECKING, Any

import pytest

from tap_purchase_orders.config import DecimalType
from tap_purchase_orders.records.orders import OrderReader
from tap_purchase_orders.records.purchase_orders import PurchaseOrderReader
from tests.unit.json_values import PAYLOADS
from tests.unit.mutations import mutated
from tests.unit.two_readings import (
    ORDER_SELECTIONS,
    PURCHASE_ORDER_SELECTIONS,
    orders,
    purchase_order,
    without_unknown,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_purchase_orders.records.encoded_records import Deselected

# How long all of them take together, and where the chances begin.
SECONDS = float(os.environ.get("FUZZ_SECONDS", "0"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))
ROUNDS = 8
# Of a reader that has learned what is odd from what came before.
KEPT = 20
DECIMAL_TYPES = (None, None, DecimalType(38, 9), DecimalType(5, 2))

PATHS = [
    *sorted((PAYLOADS / "partner_center").glob("orders--*")),
    *sorted((PAYLOADS / "appzen").glob("purchase-order--*")),
]


def seeds() -> Iterator[int]:
    """Yield what mutates each round."""
    ends_at = time.monotonic() + SECONDS / len(PATHS)
    seed = SEED
    while seed < SEED + ROUNDS or time.monotonic() < ends_at:
        yield seed
        seed += 1


def check_orders(
    in_one_go: OrderReader, by_field: OrderReader, body: bytes, deselected: Deselected
) -> None:
    found = orders(in_one_go, body, deselected)
    expected = orders(by_field, body, deselected)
    # What an earlier body had that is unknown may be named only now.
    assert without_unknown(found) == without_unknown(expected)


def check_purchase_order(
    in_one_go: PurchaseOrderReader,
    by_field: PurchaseOrderReader,
    body: bytes,
    deselected: Deselected,
) -> None:
    found = purchase_order(in_one_go, body, deselected)
    expected = purchase_order(by_field, body, deselected)
    assert without_unknown(found) == without_unknown(expected)


@pytest.mark.timeout(300 + 2 * SECONDS)
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_both_readings_make_the_same_of_a_mutated_payload(path: Any) -> None:
    of_orders = path.name.startswith("orders--")
    selections = ORDER_SELECTIONS if of_orders else PURCHASE_ORDER_SELECTIONS
    reader: Any = OrderReader if of_orders else PurchaseOrderReader
    check: Any = check_orders if of_orders else check_purchase_order
    body = path.read_bytes()
    for seed in seeds():
        if seed % KEPT == SEED % KEPT:
            deselected = random.Random(seed).choice([*selections.values()])  # noqa: S311
            decimal_type = random.Random(seed).choice(DECIMAL_TYPES)  # noqa: S311
            in_one_go = reader(deselected, decimal_type)
            by_field = reader(None, decimal_type)
        changed = mutated(body, random.Random(f"{path.name} {seed}"))  # noqa: S311
        try:
            check(in_one_go, by_field, changed, deselected)
        except Exception as error:
            error.add_note(f"FUZZ_SEED={seed}, without {deselected}: {changed!r}")
            raise
