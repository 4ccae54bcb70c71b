"""What is left to do with decoded objects: a level of them at a time.

A body has hundreds of objects of a dozen kinds. Whatever is done for each kind at once
is done in C; done for each object by itself, most of the time would go into calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain, product
from operator import attrgetter
from typing import Any, NamedTuple, TypeAlias

from msgspec import UNSET

from tap_purchase_orders.reading.records import as_it_is
from tap_purchase_orders.reading.values import to_date, to_date_time

_KEPT_TEXTS = 4096

Get: TypeAlias = Callable[[Any], Any]


class Date(NamedTuple):
    """A member that holds a date, and what spells one as records have it."""

    name: str
    spelled: Get


class Level:
    """The objects of one schema, wherever in a body they stand.

    Args:
        numbers: Their members that hold numbers, as these were sent.
        dates: Those that hold dates.
        anything: Those that hold any JSON value.
        left_out: Those that no record has.
        objects: Those that hold an object, with its level.
        arrays: Those that hold an array of objects, with their level.
    """

    def __init__(  # noqa: PLR0913  # each is one kind of member
        self,
        *,
        numbers: Sequence[str],
        dates: Iterable[Date],
        anything: Iterable[str],
        left_out: Sequence[str],
        objects: Mapping[str, Level],
        arrays: Mapping[str, Level],
    ) -> None:
        # Of several names, what is got is a tuple: so of one, too.
        names = numbers if len(numbers) > 1 else [*numbers, *numbers]
        self._numbers = attrgetter(*names) if names else None
        self._dates = [(name, attrgetter(name), spelled) for name, spelled in dates]
        self._anything = list(map(attrgetter, anything))
        self._left_out = left_out
        below = [(_one, objects), (_several, arrays)]
        self._below = [
            (attrgetter(name), found, level)
            for found, members in below
            for name, level in members.items()
            if level.has_work
        ]

    @property
    def has_work(self) -> bool:
        """Whether anything is left to do with such objects."""
        own = (self._numbers, self._dates, self._anything, self._left_out)
        return any(own) or bool(self._below)

    def finish(self, values: Sequence[Any], sent: list[Any]) -> None:
        """Make the members of some objects as records have them.

        Args:
            values: The objects.
            sent: Takes all numbers as they were sent, null among them, and what is
                falsy where there is none.

        Raises:
            UnreadableError: A date is none, or a value of any type is beyond all
                bounds.
        """
        if self._numbers is not None:
            sent.extend(chain.from_iterable(map(self._numbers, values)))
        for name, get, spelled in self._dates:
            before = list(map(get, values))
            after = list(map(spelled, before))
            if after != before:
                for value, member in zip(values, after, strict=True):
                    setattr(value, name, member)
        for get in self._anything:
            for member in filter(None, map(get, values)):
                as_it_is(member)
        for name, value in product(self._left_out, values):
            setattr(value, name, UNSET)
        for get, found, level in self._below:
            if objects := list(filter(None, found(map(get, values)))):
                level.finish(objects, sent)


def _one(members: Iterable[Any]) -> Iterable[Any]:
    return members


def _several(arrays: Iterable[Any]) -> Iterable[Any]:
    return chain.from_iterable(filter(None, arrays))


# The same dates come again and again.
@lru_cache(_KEPT_TEXTS)
def spelled_date(text: Any) -> Any:
    """Return a date as records have it; what is no text stays as it is."""
    return to_date(text) if isinstance(text, str) else text


@lru_cache(_KEPT_TEXTS)
def spelled_date_time(text: Any) -> Any:
    """Return a date-time as records have it; what is no text stays as it is."""
    return to_date_time(text) if isinstance(text, str) else text
