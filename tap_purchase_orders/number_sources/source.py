"""What a source of purchase order numbers is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


@dataclass(frozen=True, slots=True)
class NumberSource:
    """One place that purchase order numbers come from, registered under its name.

    Calling it with the `purchase_order_numbers` section gives the numbers, lazily and
    in a stable order. A plug-in may register any callable of that shape; this class
    adds the checking of its keys.

    Attributes:
        settings: The keys of the section that it reads, `source` apart.
        required: Those of them that must be given.
        numbers: Yields the numbers as text, exactly as they are to be asked for.
        mistakes: Returns a line for each thing that is wrong with the section, as
            far as that can be told without reading the source.
        count: Returns how many numbers there are, none where that is not known
            beforehand.
        identity: Tells one list from another without reading it to its end, where
            the source can do that. An interrupted run is resumed in the same list.
    """

    settings: tuple[str, ...]
    required: tuple[str, ...]
    numbers: Callable[[Mapping[str, Any]], Iterator[str]]
    mistakes: Callable[[Mapping[str, Any]], list[str]] = lambda _: []
    count: Callable[[Mapping[str, Any]], int | None] = lambda _: None
    identity: Callable[[Mapping[str, Any]], str] = lambda _: ""

    def __call__(self, section: Mapping[str, Any]) -> Iterator[str]:
        """Return the numbers that the section gives."""
        return self.numbers(section)
