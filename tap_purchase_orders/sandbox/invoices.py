"""Invoices, as far as they say which purchase orders exist.

The paths and the members used here are in the Swagger of the Autonomous AP APIs,
version 2.0.3. What else an invoice has is not imitated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_purchase_orders.sandbox.draws import guid_of, index_of
from tap_purchase_orders.sandbox.instants import DAY
from tap_purchase_orders.sandbox.purchase_order_numbers import number_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_purchase_orders.sandbox.world import World

# Invoices are processed evenly, from so long before the epoch to so long after it:
# then those of a time are found without looking at the others.
_DAYS_BEFORE = 60
_DAYS_AFTER = 60


def processed_between(world: World, start: int, end: int) -> Iterator[str]:
    """Yield the identifiers of the invoices processed from `start` to `end`."""
    if not world.invoices:
        return
    first = _first(world)
    step = _step(world)
    begin = max(0, -((first - start) // step))
    for index in range(begin, world.invoices):
        processed = first + index * step
        if processed > end:
            return
        if processed >= start:
            yield guid_of(world.seed, "invoice", index)


def invoice_payload(world: World, invoice_id: str, now: int) -> dict[str, Any] | None:
    """Return an invoice, or None if there is none with this identifier by now."""
    index = index_of(world.seed, "invoice", invoice_id)
    if index is None or index >= world.invoices:
        return None
    if _first(world) + index * _step(world) > now:
        return None
    draws = world.draws("invoice", index)
    numbers = [
        number_of(world, draws.below(world.purchase_orders))
        for _ in range(draws.weighted(((0, 1), (1, 6), (2, 3))))
        if world.purchase_orders
    ]
    lines: list[dict[str, Any]] = [
        {"line_number": str(line), "purchase_order_number": number}
        for line, number in enumerate(numbers, start=1)
    ]
    lines.append({"line_number": str(len(lines) + 1), "purchase_order_number": None})
    return {"purchase_order_numbers": numbers, "invoice_lines": lines}


def _first(world: World) -> int:
    return world.epoch - _DAYS_BEFORE * DAY


def _step(world: World) -> int:
    return max(1, (_DAYS_BEFORE + _DAYS_AFTER) * DAY // world.invoices)
