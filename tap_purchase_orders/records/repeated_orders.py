"""Orders that come twice in one response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from tap_purchase_orders.exact_json import decode_body
from tap_purchase_orders.records.orders import unusable

if TYPE_CHECKING:
    import datetime as dt

    from tap_purchase_orders.records.issues import Issue
    from tap_purchase_orders.records.orders import OrderReader, OrderSummary


def conflict(
    reader: OrderReader, first: OrderSummary, last: OrderSummary, moment: dt.datetime
) -> Issue | None:
    """Return the issue that two orders of one id are whose records differ.

    Args:
        reader: Makes records of orders.
        first: The one that came first, which is not emitted.
        last: The one that is.
        moment: When the answer had arrived.
    """
    if first.raw == last.raw:
        return None
    # The same order is read in another way where one beside it is odd.
    raw = _as_sent(first)
    records, others = (
        reader.read_by_field(order, moment)
        for order in (replace(first, raw=raw), replace(last, raw=_as_sent(last)))
    )
    if (records.header, records.lines) == (others.header, others.lines):
        return None
    message = f"the response has two orders {first.id} that differ; this one came first"
    return unusable(message, f"{first.customer_id}/{first.id}", raw, moment)


def _as_sent(summary: OrderSummary) -> Any:
    """Return an order as it was sent, but for what no schema knows."""
    raw = summary.raw
    return decode_body(msgspec.json.encode(raw)) if isinstance(raw, Struct) else raw
