"""What is left to do with decoded objects: a level of them at a time.

A body has hundreds of objects of a dozen kinds. Whatever is done for each kind at once
is done in C; done for each object by itself, most of the time would go into calls.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain, product
from operator import attrgetter
from typing import Any, NamedTuple, TypeAlias

from msgspec import UNSET, Struct, field

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

    Attributes:
        shape: The same for levels of which the same is left to do; empty if nothing is.
    """

    def __init__(  # noqa: PLR0913  # each is one kind of member
        self,
        *,
        numbers: Sequence[str],
        dates: Sequence[Date],
        anything: Sequence[str],
        left_out: Sequence[str],
        objects: Mapping[str, Level],
        arrays: Mapping[str, Level],
    ) -> None:
        self._numbers = _members(numbers)
        self._dates = [(name, attrgetter(name), spelled) for name, spelled in dates]
        self._anything = _members(anything)
        self._left_out = left_out
        # Objects of one shape are one kind, whatever they are members of: a line has a
        # dozen amounts, each with its currency.
        below: dict[Hashable, _Below] = {}
        for name, level in objects.items():
            below.setdefault(level.shape, _Below(level)).objects.append(name)
        for name, level in arrays.items():
            below.setdefault(level.shape, _Below(level)).arrays.append(name)
        below.pop((), None)
        self._below = [
            (_members(each.objects), _members(each.arrays), each.level)
            for each in below.values()
        ]
        own = (*map(tuple, (numbers, dates, anything, left_out)),)
        members = [(*x.objects, None, *x.arrays, shape) for shape, x in below.items()]
        self.shape: Hashable = (own, *members) if any(own) or members else ()

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
            sent.extend(self._numbers.of(values))
        for name, get, spelled in self._dates:
            before = list(map(get, values))
            after = list(map(spelled, before))
            if after != before:
                for value, member in zip(values, after, strict=True):
                    setattr(value, name, member)
        if self._anything is not None:
            for member in filter(None, self._anything.of(values)):
                as_it_is(member)
        for name, value in product(self._left_out, values):
            setattr(value, name, UNSET)
        for objects, arrays, level in self._below:
            if found := _found(objects, arrays, values):
                level.finish(found, sent)


class _Below(Struct):
    """The members that hold objects of one shape."""

    level: Level
    objects: list[str] = field(default_factory=list)
    arrays: list[str] = field(default_factory=list)


class _Members:
    """Some members of objects.

    Args:
        names: Their names.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._get = attrgetter(*names)
        self._is_one = len(names) == 1

    def of(self, values: Iterable[Any]) -> Iterable[Any]:
        """Return the members of all these objects."""
        found = map(self._get, values)
        # Of one name, what is got is the member itself, else a tuple.
        return found if self._is_one else chain.from_iterable(found)


def _found(
    objects: _Members | None, arrays: _Members | None, values: Sequence[Any]
) -> list[Any]:
    """Return the objects that are members of others, or stand in arrays there."""
    found = [] if objects is None else list(filter(None, objects.of(values)))
    if arrays is not None:
        items = chain.from_iterable(filter(None, arrays.of(values)))
        found.extend(filter(None, items))
    return found


def _members(names: Sequence[str]) -> _Members | None:
    return _Members(names) if names else None


# The same dates come again and again.
@lru_cache(_KEPT_TEXTS)
def spelled_date(text: Any) -> Any:
    """Return a date as records have it; what is no text stays as it is."""
    return to_date(text) if isinstance(text, str) else text


@lru_cache(_KEPT_TEXTS)
def spelled_date_time(text: Any) -> Any:
    """Return a date-time as records have it; what is no text stays as it is."""
    return to_date_time(text) if isinstance(text, str) else text
