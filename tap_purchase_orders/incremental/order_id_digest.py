"""A digest of seven characters of a customer's order ids, which reveals new ones."""

from __future__ import annotations

import base64
import hashlib
from itertools import chain, combinations
from math import comb
from typing import TYPE_CHECKING

from msgspec import Struct

from tap_purchase_orders.incremental.record_digests import base64_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_COUNT_BITS = 10
_TOTAL_BITS = 32
_COUNTS = 1 << _COUNT_BITS
_TOTALS = 1 << _TOTAL_BITS
# Eight characters of Base64 are six bytes; the last one is always the same.
_BYTES = 6
_SPARE_BITS = 8 * _BYTES - _COUNT_BITS - _TOTAL_BITS
_LENGTH = 7
_END = "A"
# Among so few choices no other has the same digest by chance.
_MOST_CHOICES = 5000


class ListedIds(Struct, frozen=True):
    """How many ids there are, and the total of their digests, both truncated.

    They can be added and subtracted: those of this run less those of the last run are
    the digest of the new ids.

    Attributes:
        count: How many ids, modulo 1,024.
        total: The total of their digests, modulo 2 to the 32nd.
    """

    count: int = 0
    total: int = 0

    @property
    def grows_by(self) -> int:
        """The count as a difference, which may be negative."""
        return self.count if self.count < _COUNTS // 2 else self.count - _COUNTS

    @property
    def text(self) -> str:
        """As the state holds it."""
        number = self.count << _TOTAL_BITS | self.total
        encoded = (number << _SPARE_BITS).to_bytes(_BYTES, "big")
        return base64_text(encoded)[:_LENGTH]

    def __sub__(self, other: ListedIds) -> ListedIds:
        """Return the digest without other ids."""
        return ListedIds(
            (self.count - other.count) % _COUNTS, (self.total - other.total) % _TOTALS
        )

    def __add__(self, other: ListedIds) -> ListedIds:
        """Return the digest of both together."""
        return ListedIds(
            (self.count + other.count) % _COUNTS, (self.total + other.total) % _TOTALS
        )


def listed_ids(ids: Iterable[str]) -> ListedIds:
    """Return the digest of some ids, whatever their order."""
    texts = [one.encode("utf-8", "surrogatepass") for one in ids]
    digests = [hashlib.blake2b(text, digest_size=4).digest() for text in texts]
    total = sum([int.from_bytes(digest, "big") for digest in digests])
    return ListedIds(len(texts) % _COUNTS, total % _TOTALS)


def listed_ids_of(text: str) -> ListedIds:
    """Return the digest that a state holds.

    Raises:
        ValueError: The text is no such digest.
    """
    if len(text) != _LENGTH:
        msg = "not a digest of ids"
        raise ValueError(msg)
    number = int.from_bytes(base64.urlsafe_b64decode(text + _END), "big")
    number >>= _SPARE_BITS
    return ListedIds(number >> _TOTAL_BITS, number % _TOTALS)


def newcomers(
    difference: ListedIds, groups: Sequence[Sequence[str]], others: Sequence[str]
) -> set[str] | None:
    """Return which ids are new, by their digest; none if that cannot be found.

    Tried are some of the groups together with some of the others: all choices of these
    if they are not too many, else the first or the last ones.

    Args:
        difference: The digest of the new ids, less that of the ids that are gone.
        groups: Ids that are new together or not at all, the likeliest last.
        others: All other ids that may be new.
    """
    each = [listed_ids([one]) for one in others]
    for chosen in range((1 << len(groups)) - 1, -1, -1):
        taken = [group for place, group in enumerate(groups) if chosen >> place & 1]
        missing = difference
        for group in taken:
            missing -= listed_ids(group)
        for places in _choices(len(others), missing.grows_by):
            if sum((each[place] for place in places), ListedIds()) == missing:
                return {*chain.from_iterable(taken), *(others[it] for it in places)}
    return None


def _choices(count: int, size: int) -> Iterator[Sequence[int]]:
    """Yield ways to choose so many of a sequence, by their indexes."""
    if not 0 <= size <= count:
        return
    if comb(count, size) <= _MOST_CHOICES:
        yield from combinations(range(count), size)
        return
    yield range(size)
    yield range(count - size, count)
