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
from typing import Any, NamedTuple, TypeAlias

from msgspec import UNSET, Raw, Struct, field

from tap_purchase_orders.records.values import to_date, to_date_time

_KEPT_TEXTS = 4096
_NO_DATES = (None, UNSET)

Get: TypeAlias = Callable[[Any], Any]


class Spelling:
    """How dates of one kind are spelled in records; safe on any thread.

    Args:
        spell: Spells a text so, or raises `UnreadableError`.

    Attributes:
        known: Texts, and what is none, that are spelled as records have them.
    """

    def __init__(self, spell: Get) -> None:
        self._spell = lru_cache(_KEPT_TEXTS)(spell)
        # The same dates come again and again, and nearly all are spelled so already.
        self.known: set[Any] = {*_NO_DATES}

    def of(self, members: Sequence[Any]) -> list[Any]:
        """Return dates as records have them; what is no text stays as it is.

        Raises:
            UnreadableError: One is no date.
        """
        spelled = [
            self._spell(member) if isinstance(member, str) else member
            for member in members
        ]
        if len(self.known) > _KEPT_TEXTS:
            self.known = {*_NO_DATES}
        self.known.update(spelled)
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
        self._number_names = numbers
        own = _Own(
            _members(numbers),
            [_Dates(names, spelling) for spelling, names in dates.items()],
            [(name, attrgetter(name)) for name in deselected_fields],
        )
        # Objects of one shape are one kind, whatever they are members of: a line has a
        # dozen amounts, each with its currency.
        below: dict[Hashable, _Below] = {}
        for name, level in objects.items():
            below.setdefault(level.shape, _Below(level)).objects.append(name)
        for name, level in arrays.items():
            below.setdefault(level.shape, _Below(level)).arrays.append(name)
        below.pop((), None)
        # This level and all below it, each with the place of the one above it.
        self._all = [_Part(self, own, 0)]
        for each in below.values():
            first, *others = each.level._all  # noqa: SLF001  # one of its own kind
            place = len(self._all)
            found = _members(each.objects), _members(each.arrays)
            self._all.append(first._replace(objects=found[0], arrays=found[1]))
            self._all += [part._replace(above=part.above + place) for part in others]
        names = (*numbers,), (*dates.items(),), (*deselected_fields,)
        members = [(*x.objects, None, *x.arrays, shape) for shape, x in below.items()]
        self.shape: Hashable = (names, *members) if any(names) or members else ()

    def finish(self, values: Sequence[Any], sent: list[Raw]) -> None:
        """Make the members of some objects as records have them.

        Args:
            values: The objects.
            sent: Takes all numbers as they were sent, null among them.

        Raises:
            UnreadableError: A date is none.
        """
        for (_, (numbers, all_dates, left_out), *_), found in self._found(values):
            if numbers is not None:
                sent.extend(filter(None, numbers.flat(map(numbers.get, found))))
            for dates in all_dates:
                flat, get = dates.members
                if not dates.spelling.known.issuperset(flat(map(get, found))):
                    dates.respell(found)
            for name, get in left_out:
                if any(map(get, found)):
                    for value in found:
                        setattr(value, name, UNSET)

    def respell_numbers(self, values: Sequence[Any], spell: Get) -> None:
        """Spell all numbers of some objects, and of those within, in another way."""
        for (level, *_), found in self._found(values):
            for value, name in product(found, level._number_names):  # noqa: SLF001
                if number := getattr(value, name):
                    setattr(value, name, spell(number))

    def _found(self, values: Sequence[Any]) -> list[tuple[_Part, Sequence[Any]]]:
        """Return the levels of which there are objects, with these."""
        found = [values]
        for _, _, above, objects, arrays in self._all[1:]:
            within = found[above]
            here: list[Any] = []
            if within and objects is not None:
                here += filter(None, objects.flat(map(objects.get, within)))
            if within and arrays is not None:
                items = filter(None, arrays.flat(map(arrays.get, within)))
                here += filter(None, chain.from_iterable(items))
            found.append(here)
        return [pair for pair in zip(self._all, found, strict=True) if pair[1]]


class _Below(Struct):
    """The members that hold objects of one shape."""

    level: Level
    objects: list[str] = field(default_factory=list)
    arrays: list[str] = field(default_factory=list)


class _Members(NamedTuple):
    """Some members of objects: `flat(map(get, values))` is those of all of them.

    Attributes:
        flat: Of one name, what is got is the member itself, else a tuple.
        get: Returns those of one object.
    """

    flat: Callable[[Iterable[Any]], Iterable[Any]]
    get: Get


class _Dates:
    """Members of objects that hold dates of one kind.

    Args:
        names: Their names.
        spelling: How they are spelled in records.
    """

    def __init__(self, names: Sequence[str], spelling: Spelling) -> None:
        self._names = names
        self.members = _members_of(names)
        self.spelling = spelling

    def respell(self, values: Sequence[Any]) -> None:
        """Spell the dates of all these objects as records have them.

        Raises:
            UnreadableError: One is no date.
        """
        before = list(self.members.flat(map(self.members.get, values)))
        after = self.spelling.of(before)
        if after != before:
            places = product(values, self._names)
            for (value, name), old, new in zip(places, before, after, strict=True):
                if new != old:
                    setattr(value, name, new)


class _Own(NamedTuple):
    """What is to be done with the members of objects."""

    numbers: _Members | None
    dates: list[_Dates]
    left_out: list[tuple[str, Get]]


class _Part(NamedTuple):
    """A level within another.

    Attributes:
        level: It.
        own: What is to be done with the members of its objects.
        above: The place of the level above it.
        objects: The members there that hold one of its objects.
        arrays: The members there that hold an array of them.
    """

    level: Level
    own: _Own
    above: int
    objects: _Members | None = None
    arrays: _Members | None = None


def _members_of(names: Sequence[str]) -> _Members:
    flat = iter if len(names) == 1 else chain.from_iterable
    return _Members(flat, attrgetter(*names))


def _members(names: Sequence[str]) -> _Members | None:
    return _members_of(names) if names else None
