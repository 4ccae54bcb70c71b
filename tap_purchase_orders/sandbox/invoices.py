"""Invoices, as far as they say which purchase orders exist.

The paths and the members used here are in the Swagger of the Autonomous AP APIs,
version 2.0.3. What else an invoice has is not imitated.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from tap_purchase_orders.sandbox.instants import (
    DAY,
    millisecond_text,
    whole_milliseconds,
)
from tap_purchase_orders.sandbox.purchase_order_numbers import number_of
from tap_purchase_orders.sandbox.seeded_random import guid_of, index_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_purchase_orders.sandbox.world import World

# Invoices are processed evenly, from so long before the epoch to so long after it:
# then those of a time are found without looking at the others.
_DAYS_BEFORE = 60
_DAYS_AFTER = 60
# Both are documented for the searches of master data, and nothing is for this one: who
# respects them is on the safe side.
_LONGEST_SEARCH = 7 * DAY
_MOST_FOUND = 1000

# Where a number stands that an invoice names: on its header, on a line of its own.
_PLACES = (((True, True), 6), ((True, False), 2), ((False, True), 2))


class TooLongError(ValueError):
    """The time of a search is longer than it may be."""


def found_invoices(
    world: World, start: int, end: int, now: int
) -> list[dict[str, Any]]:
    """Return the invoices processed by now from `start` to `end`, both included.

    As in the example of `find-invoice-result-spec`; of too many, the first.

    Raises:
        TooLongError: That is too long a time.
    """
    if end - start > _LONGEST_SEARCH:
        raise TooLongError
    latest = min(end, now)
    return [
        {
            "erp-invoice-id": _erp_id(index),
            "erp-invoice-status": "Ready for Review",
            "appzen-uuid": guid_of(world.seed, "invoice", index),
            "appzen-invoice-status": "PROCESSED",
            "last-appzen-update-time": millisecond_text(_processed_at(world, index)),
        }
        for index in islice(_processed_between(world, start, latest), _MOST_FOUND)
    ]


def invoice_payload(world: World, invoice_id: str, now: int) -> dict[str, Any] | None:
    """Return an invoice, or None if there is none with this identifier by now."""
    index = index_of(world.seed, "invoice", invoice_id)
    if index is None or index >= world.invoices:
        return None
    if _processed_at(world, index) > now:
        return None
    draws = world.draws("invoice", index)
    named = [
        (number_of(world, draws.below(world.purchase_orders)), draws.weighted(_PLACES))
        for _ in range(draws.weighted(((0, 1), (1, 6), (2, 3))))
        if world.purchase_orders
    ]
    on_lines = [number for number, (_, on_line) in named if on_line]
    return {
        "invoice_id": _erp_id(index),
        "purchase_order_numbers": [
            number for number, (on_header, _) in named if on_header
        ],
        "invoice_lines": [
            {"line_number": line, "purchase_order_number": number}
            # Freight, for example, is not ordered.
            for line, number in enumerate([*on_lines, None], start=1)
        ],
    }


def _processed_between(world: World, start: int, end: int) -> Iterator[int]:
    if not world.invoices:
        return
    # One earlier, as its time was cut to whole milliseconds.
    begin = max(0, (start - _first(world)) // _step(world))
    for index in range(begin, world.invoices):
        processed = _processed_at(world, index)
        if processed > end:
            return
        if processed >= start:
            yield index


def _processed_at(world: World, index: int) -> int:
    return whole_milliseconds(_first(world) + index * _step(world))


def _erp_id(index: int) -> str:
    return f"INV-{index:06d}"


def _first(world: World) -> int:
    # Half a step later: few invoices then come about when tests begin.
    return world.epoch - _DAYS_BEFORE * DAY + _step(world) // 2


def _step(world: World) -> int:
    return max(1, (_DAYS_BEFORE + _DAYS_AFTER) * DAY // world.invoices)
