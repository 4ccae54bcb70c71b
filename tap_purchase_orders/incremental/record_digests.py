"""Short digests of the records that were emitted, as the state holds them."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_BYTES = 6
# 36 bits: one change in seventy billions goes unseen.
_LENGTH = 6
_HEX_LENGTH = 2 * _BYTES


def digest_of(parts: Iterable[bytes]) -> str:
    """Return the digest of some bytes."""
    digest = hashlib.blake2b(digest_size=_BYTES)
    for part in parts:
        digest.update(part)
    return _text(digest.digest())


def carried_over(digest: str) -> str:
    """Return the digest of a state, which earlier versions wrote as twelve digits."""
    if len(digest) != _HEX_LENGTH:
        return digest
    try:
        return _text(bytes.fromhex(digest))
    except ValueError:
        return digest


def _text(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).decode()[:_LENGTH]
