"""Short digests of the records that were emitted, as the state holds them."""

from __future__ import annotations

import hashlib
from binascii import b2a_base64
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_BYTES = 6
# 36 bits: one change in seventy billions goes unseen.
_LENGTH = 6
_IN_ADDRESSES = bytes.maketrans(b"+/", b"-_")
_HEX_LENGTH = 2 * _BYTES


def digest_of(parts: Iterable[bytes]) -> str:
    """Return the digest of some bytes."""
    digest = hashlib.blake2b(digest_size=_BYTES)
    for part in parts:
        digest.update(part)
    return base64_text(digest.digest())[:_LENGTH]


def carried_over(digest: str) -> str:
    """Return the digest of a state, which earlier versions wrote as twelve digits."""
    if len(digest) != _HEX_LENGTH:
        return digest
    try:
        return base64_text(bytes.fromhex(digest))[:_LENGTH]
    except ValueError:
        return digest


def base64_text(data: bytes) -> str:
    """Return bytes in Base64 with the alphabet of addresses."""
    return b2a_base64(data, newline=False).translate(_IN_ADDRESSES).decode()
