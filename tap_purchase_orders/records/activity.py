"""Reads the activity log of Partner Center."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_purchase_orders.instants import Instant, instant_or_none

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# What makes or changes orders, by the resource that it is recorded under: besides the
# calls for orders themselves, a change of a subscription's seats, an accepted transfer,
# and a migration to new commerce (*Auditing resources*, .NET SDK 3.4).
RESOURCES = ("order", "subscription", "transfer", "new_commerce_migration")
_NAMES = frozenset(name.replace("_", "") for name in RESOURCES)


def latest_order_activity(items: Iterable[Any], moment: Instant) -> dict[str, Instant]:
    """Return each customer's latest order activity; ids in lower case.

    Source: Partner Center, *Get a record of Partner Center activity by user*.

    Args:
        items: The items of all pages of the log.
        moment: Stands for a time that cannot be read: rather read once too often.
    """
    latest: dict[str, Instant] = {}
    for raw in items:
        if not isinstance(raw, dict) or not _is_about_orders(raw):
            continue
        customer_id = raw.get("customerId")
        if not isinstance(customer_id, str):
            continue
        key = customer_id.lower()
        active = instant_or_none(raw.get("operationDate")) or moment
        latest[key] = max(latest.get(key, active), active)
    return latest


def _is_about_orders(raw: Mapping[str, Any]) -> bool:
    # A service that does not know the filter may answer with records of all kinds.
    resource = raw.get("resourceType")
    return isinstance(resource, str) and resource.lower().replace("_", "") in _NAMES
