"""Sorts purchase-order numbers by digest, on disk if there are many.

So where a run resumes does not depend on the order in which the source gives them.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from tap_purchase_orders.incremental.resume import DigestMark

# Some 30 MB of texts; beyond that a database on disk sorts them.
_MOST_IN_MEMORY = 200_000
_DATABASE_CACHE_KIB = 32 * 1024


class NumbersByDigest:
    """Those numbers of a list that come behind a place in the order of digests.

    What does not fit into memory goes to a private temporary file, which the system
    removes with the process at the latest. A context manager, for one thread.

    Args:
        mark: The place.
        most_in_memory: From how many on a file is used.

    Attributes:
        count: How many there are.
    """

    def __init__(self, mark: DigestMark, most_in_memory: int = _MOST_IN_MEMORY) -> None:
        self._mark = mark
        self._most_in_memory = most_in_memory
        self._recent: list[tuple[str, bytes]] = []
        self._stored: sqlite3.Connection | None = None
        self.count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._recent.clear()
        if self._stored is not None:
            self._stored.close()

    def add(self, number: str) -> bool:
        """Take in a number, each once; return whether it comes behind the mark."""
        digest = self._mark.digest(number)
        if digest <= self._mark.after:
            return False
        self.count += 1
        self._recent.append((digest, number.encode("utf-8", "surrogatepass")))
        if len(self._recent) >= self._most_in_memory:
            self._store()
        return True

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Yield digests and numbers in the order of the digests."""
        if self._stored is None:
            self._recent.sort()
            for digest, number in self._recent:
                yield digest, number.decode("utf-8", "surrogatepass")
            return
        self._store()
        found = self._stored.execute("SELECT digest, number FROM numbers ORDER BY 1, 2")
        with closing(found):
            for digest, number in found:
                yield digest, number.decode("utf-8", "surrogatepass")

    def _store(self) -> None:
        if self._stored is None:
            # Few runs come here, and it is a library of its own.
            import sqlite3  # noqa: PLC0415

            # No name: a file that only this connection can reach.
            self._stored = sqlite3.connect("", isolation_level=None)
            for pragma in ("journal_mode = OFF", "synchronous = OFF"):
                self._stored.execute(f"PRAGMA {pragma}").close()
            self._stored.execute(f"PRAGMA cache_size = -{_DATABASE_CACHE_KIB}").close()
            self._stored.execute(
                "CREATE TABLE numbers (digest TEXT, number BLOB, "
                "PRIMARY KEY (digest, number)) WITHOUT ROWID"
            ).close()
        self._stored.execute("BEGIN").close()
        # In order: neighbours share a page.
        self._stored.executemany(
            "INSERT INTO numbers VALUES (?, ?)", sorted(self._recent)
        ).close()
        self._stored.execute("COMMIT").close()
        self._recent.clear()
