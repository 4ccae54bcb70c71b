"""Seeded random values: the only source of chance in the sandbox."""

from __future__ import annotations

from hashlib import blake2b
from struct import Struct
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

T = TypeVar("T")

# One digest gives sixteen draws of 32 bits.
_BLOCK = Struct(">16I")
_URL_SAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"


class Draws:
    """An endless run of draws that depends on a seed and a path only.

    The standard library's generator would do, but costs ten times as much to start,
    and a world of 100,000 customers starts one for each thing it shows.

    Args:
        seed: The seed of the world.
        path: What the draws are for, for example `"order", 3, 0`.
    """

    __slots__ = ("_key", "_round", "_values")

    def __init__(self, seed: int, *path: int | str) -> None:
        self._key = "/".join(map(str, (seed, *path))).encode()
        self._round = 0
        self._values: Iterator[int] = iter(())

    def _next(self) -> int:
        for value in self._values:
            return value
        salt = self._round.to_bytes(blake2b.SALT_SIZE)
        block = blake2b(self._key, digest_size=_BLOCK.size, salt=salt).digest()
        self._round += 1
        self._values = iter(_BLOCK.unpack(block))
        return next(self._values)

    def below(self, bound: int) -> int:
        """Return a whole number from 0 to `bound - 1`; `bound` is below 2**32."""
        return self._next() * bound >> 32

    def between(self, first: int, last: int) -> int:
        """Return a whole number from `first` to `last`, both included, of any size."""
        width = last - first + 1
        if width < 1 << 20:
            return first + self.below(width)
        return first + ((self._next() << 32 | self._next()) * width >> 64)

    def chance(self, probability: float) -> bool:
        """Return whether something of this probability happens."""
        return self._next() < probability * (1 << 32)

    def choose(self, options: Sequence[T]) -> T:
        """Return one of the options, all equally likely."""
        return options[self.below(len(options))]

    def weighted(self, options: Sequence[tuple[T, int]]) -> T:
        """Return one of the options, each as likely as its weight says."""
        point = self.below(sum(weight for _, weight in options))
        for option, weight in options:
            point -= weight
            if point < 0:
                return option
        return options[-1][0]

    def hex(self, length: int) -> str:
        """Return that many lower-case hexadecimal digits."""
        digits = ""
        while len(digits) < length:
            digits += f"{self._next():08x}"
        return digits[:length]

    def url_safe(self, length: int) -> str:
        """Return that many characters of `[A-Za-z0-9_-]`."""
        return "".join(self.choose(_URL_SAFE) for _ in range(length))

    def guid(self) -> str:
        """Return a GUID in lower case."""
        return as_guid(self.hex(32))


def as_guid(digits: str) -> str:
    """Return 32 hexadecimal digits in the form of a random (version 4) GUID."""
    variant = "89ab"[int(digits[16], 16) & 3]
    return (
        f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}"
        f"-{variant}{digits[17:20]}-{digits[20:32]}"
    )


def guid_of(seed: int, kind: str, index: int) -> str:
    """Return the GUID of the index-th thing of a kind.

    `index_of` finds the index again without a table, so that a world of any size
    costs no memory.
    """
    tail = as_guid("0" * 8 + _digest(f"{seed}/{kind}/{index}", 12))[8:]
    return f"{index ^ _mask(seed, kind, tail):08x}{tail}"


def index_of(seed: int, kind: str, guid: str) -> int | None:
    """Return the index of a GUID made by `guid_of`, or None for any other text."""
    guid = guid.lower()
    try:
        index = int(guid[:8], 16) ^ _mask(seed, kind, guid[8:])
    except ValueError:
        return None
    return index if guid_of(seed, kind, index) == guid else None


def _mask(seed: int, kind: str, tail: str) -> int:
    return int(_digest(f"{seed}/{kind}/{tail}", 4), 16)


def _digest(text: str, size: int) -> str:
    return blake2b(text.encode(), digest_size=size).hexdigest()
