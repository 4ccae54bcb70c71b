"""Reads the activity log of Partner Center."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tap_purchase_orders.instants import Instant, instant_or_none


def latest_order_activity(items: Iterable[Any], moment: Instant) -> dict[str, Instant]:
    """Return each customer's latest order activity; ids in lower case.

    Source: Partner Center, *Get a record of Partner Center activity by user*.

    Args:
        items: The items of all pages of the log.
        moment: Stands for a time that cannot be read: rather read once too often.
    """
    latest: dict[str, Instant] = {}
    for raw in items:
        if not isinstance(raw, Mapping) or not _is_about_an_order(raw):
            continue
        customer_id = raw.get("customerId")
        if not isinstance(customer_id, str):
            continue
        key = customer_id.lower()
        active = instant_or_none(raw.get("operationDate")) or moment
        latest[key] = max(latest.get(key, active), active)
    return latest


def _is_about_an_order(raw: Mapping[str, Any]) -> bool:
    # A service that does not know the filter may answer with records of all kinds.
    resource = raw.get("resourceType")
    return isinstance(resource, str) and resource.lower() == "order"
