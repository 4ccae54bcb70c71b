"""Checks the numbers and dates of many decoded objects at once.

A body has hundreds of objects of a dozen kinds. All of one kind are checked together,
one nesting level after the other, in C; checked one by one, most of the time would go
into calls.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain, product
from operator import attrgetter
from typing import Any, TypeAlias

from msgspec import UNSET, Raw, Struct, field

from tap_purchase_orders.records.values import to_date, to_date_time

_KEPT_TEXTS = 4096
_NO_DATES = (None, UNSET)

Get: TypeAlias = Callable[[Any], Any]


class Spelling:
    """How dates of one kind are spelled in records; safe on any thread.

    Args:
        spell: Spells a text so, or raises `UnreadableError`.
    """

    def __init__(self, spell: Get) -> None:
        self._spell = lru_cache(_KEPT_TEXTS)(spell)
        # The same dates come again and again, and nearly all are spelled so already.
        self._known: set[Any] = {*_NO_DATES}

    def are_known(self, members: Iterable[Any]) -> bool:
        """Return whether these dates are known to be spelled as records have them."""
        return self._known.issuperset(members)

    def of(self, members: Sequence[Any]) -> list[Any]:
        """Return dates as records have them; what is no text stays as it is.

        Raises:
            UnreadableError: One is no date.
        """
        spelled = [
            self._spell(member) if isinstance(member, str) else member
            for member in members
        ]
        if len(self._known) > _KEPT_TEXTS:
            self._known = {*_NO_DATES}
        self._known.update(spelled)
        return spelled


DATE = Spelling(to_date)
DATE_TIME = Spelling(to_date_time)


class Level:
    """The objects of one schema, wherever in a body they stand.

    Args:
        numbers: Their members that hold numbers, as these were sent.
        dates: Those that hold dates, by how these are spelled.
        deselected_fields: Those that no record has.
        objects: Those that hold an object, with its level.
        arrays: Those that hold an array of objects, with their level.

    Attributes:
        shape: The same for levels of which the same is left to do; empty if nothing is.
    """

    def __init__(
        self,
        *,
        numbers: Sequence[str],
        dates: Mapping[Spelling, Sequence[str]],
        deselected_fields: Sequence[str],
        objects: Mapping[str, Level],
        arrays: Mapping[str, Level],
    ) -> None:
        self._numbers = _members(numbers)
        self._number_names = numbers
        self._dates = [_Dates(names, spelling) for spelling, names in dates.items()]
        self._left_out = [(name, attrgetter(name)) for name in deselected_fields]
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
        own = (*numbers,), (*dates.items(),), (*deselected_fields,)
        members = [(*x.objects, None, *x.arrays, shape) for shape, x in below.items()]
        self.shape: Hashable = (own, *members) if any(own) or members else ()

    def finish(self, values: Sequence[Any], sent: list[Raw]) -> None:
        """Make the members of some objects as records have them.

        Args:
            values: The objects.
            sent: Takes all numbers as they were sent, null among them.

        Raises:
            UnreadableError: A date is none.
        """
        if self._numbers is not None:
            sent.extend(filter(None, self._numbers.of(values)))
        for dates in self._dates:
            dates.respell(values)
        for name, get in self._left_out:
            if any(map(get, values)):
                for value in values:
                    setattr(value, name, UNSET)
        for objects, arrays, level in self._below:
            if found := _found(objects, arrays, values):
                level.finish(found, sent)

    def respell_numbers(self, values: Sequence[Any], spell: Get) -> None:
        """Spell all numbers of some objects, and of those within, in another way."""
        for value, name in product(values, self._number_names):
            if number := getattr(value, name):
                setattr(value, name, spell(number))
        for objects, arrays, level in self._below:
            if found := _found(objects, arrays, values):
                level.respell_numbers(found, spell)


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


class _Dates:
    """Members of objects that hold dates of one kind.

    Args:
        names: Their names.
        spelling: How they are spelled in records.
    """

    def __init__(self, names: Sequence[str], spelling: Spelling) -> None:
        self._names = names
        self._members = _Members(names)
        self._spelling = spelling

    def respell(self, values: Sequence[Any]) -> None:
        """Spell the dates of all these objects as records have them.

        Raises:
            UnreadableError: One is no date.
        """
        if self._spelling.are_known(self._members.of(values)):
            return
        before = list(self._members.of(values))
        after = self._spelling.of(before)
        if after != before:
            places = product(values, self._names)
            for (value, name), old, new in zip(places, before, after, strict=True):
                if new != old:
                    setattr(value, name, new)


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
