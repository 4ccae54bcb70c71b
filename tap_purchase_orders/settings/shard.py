"""The share of the work that one process takes."""

from __future__ import annotations

import hashlib

from msgspec import Struct


class Shard(Struct, frozen=True):
    """One of `count` disjoint shares, which together are everything."""

    index: int
    count: int

    def takes(self, key: str) -> bool:
        """Return whether a customer id or purchase order number is in this share.

        The share is the first eight bytes of the key's SHA-256 (of its UTF-8 text),
        as a big-endian number, modulo `count`: the same on every platform.
        """
        if self.count == 1:
            return True
        digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
        return int.from_bytes(digest[:8], "big") % self.count == self.index
