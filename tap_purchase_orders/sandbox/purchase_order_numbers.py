"""Purchase-order numbers, in the forms that ERPs give them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_purchase_orders.sandbox.world import World

# Everything that is awkward in the path of a URL, and zeros that must not get lost.
_FORMS = (
    "PO-{}",
    "{}",
    "000{}",
    "193-{}K",
    "FR/{}/A",
    "PO {} B",
    "{}#2",
    "{}?v=1&x=2",
    "50%{}",
    "Bestellung-Ü{}",
    "采购{}",
    "{}+1;a=b",
    "po-{}",
)
_FIRST = 4_500_000_000
_COUNTER = re.compile(r"\d{10,}")
_SEEDS_APART = 1_000_003
MISSING_NUMBERS = 3


def number_of(world: World, index: int) -> str:
    """Return the number of a purchase order, counted from 0."""
    counter = _first_counter(world) + index
    return _FORMS[counter % len(_FORMS)].format(counter)


def index_of_number(world: World, number: str) -> int | None:
    """Return which purchase order has a number, or None if there is none.

    Numbers are compared as they are: case, zeros and blanks matter.
    """
    for found in _COUNTER.findall(number):
        index = int(found) - _first_counter(world)
        if 0 <= index < world.purchase_orders and number_of(world, index) == number:
            return index
    return None


def all_numbers(world: World) -> Iterator[str]:
    """Yield every number there is, and last a few that do not exist."""
    for index in range(world.purchase_orders + MISSING_NUMBERS):
        yield number_of(world, index)


def _first_counter(world: World) -> int:
    return _FIRST + world.seed % 1000 * _SEEDS_APART
