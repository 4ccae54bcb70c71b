from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING, cast

from tap_purchase_orders.config import Shard
from tap_purchase_orders.extraction.customer_list import CustomerList
from tap_purchase_orders.incremental.state import State

if TYPE_CHECKING:
    from tap_purchase_orders.clients.partner_center import PartnerCenter

COUNT = 10_000
# A place in the set of those seen, and one in the list of those to read.
PLACES_BYTES = 64


def test_an_id_is_kept_once_however_many_hold_it() -> None:
    ids = [f"5e8b21cd-7f06-4a93-a2d8-{number:012}" for number in range(COUNT)]
    client = cast("PartnerCenter", None)
    customers = CustomerList(client, State({}), Shard(0, 1), ids, emits=False)
    tracemalloc.start()
    try:
        taken = customers.take_given()
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert taken == ids
    assert held / COUNT < PLACES_BYTES
