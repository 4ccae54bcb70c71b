"""The source `list`: numbers in the settings."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th

from tap_purchase_orders.number_sources.source import SECTION, NumberSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def _numbers(section: Mapping[str, Any]) -> Iterator[str]:
    """Yield the numbers of an array as they are, those of one text without blanks."""
    numbers = section["numbers"]
    if isinstance(numbers, str):
        if numbers.strip():
            # A trailing comma does not stand for one more number.
            listed = numbers.rstrip().removesuffix(",").split(",")
            yield from (number.strip() for number in listed)
        return
    yield from map(str, numbers)


def _mistakes(section: Mapping[str, Any]) -> list[str]:
    numbers = section["numbers"]
    return [
        f"`{SECTION}.numbers[{position}]` must be text"
        for position, number in enumerate(numbers if isinstance(numbers, list) else ())
        if isinstance(number, bool) or not isinstance(number, str | int)
    ]


def _identity(section: Mapping[str, Any]) -> str:
    return hashlib.sha256(repr(list(_numbers(section))).encode()).hexdigest()


SOURCE = NumberSource(
    numbers=lambda section, _: _numbers(section),
    settings=(
        th.Property(
            "numbers",
            th.CustomType({"type": ["array", "string", "null"]}),
            title="Purchase order numbers",
            description=(
                "Source `list`: an array of texts, or one comma-separated text."
            ),
        ),
    ),
    required=("numbers",),
    mistakes=_mistakes,
    count=lambda section: sum(1 for _ in _numbers(section)),
    identity=_identity,
)
