"""Remembers which numbers have come up, in bounded memory."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import sqlite3
    from types import TracebackType

# Some 30 MB of texts; beyond that a database on disk costs less than it saves.
_MOST_IN_MEMORY = 200_000
_DATABASE_CACHE_KIB = 32 * 1024


class SeenSet:
    """A set of numbers that may be larger than memory; for one thread.

    The numbers themselves are kept, not digests of them: none may be taken for
    another. What does not fit into memory goes to a private temporary file, which the
    system removes with the process at the latest.

    Args:
        most_in_memory: From how many on a file is used.
    """

    def __init__(self, most_in_memory: int = _MOST_IN_MEMORY) -> None:
        self._most_in_memory = most_in_memory
        self._recent: set[bytes] = set()
        self._older: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.clear()

    def add(self, number: str) -> bool:
        """Take in a number; return whether it is new."""
        key = _key(number)
        if key in self._recent or (self._older is not None and self._is_older(key)):
            return False
        self._put(key)
        return True

    def put(self, number: str) -> None:
        """Take in a number; that takes half the time of asking whether it is new."""
        self._put(_key(number))

    def clear(self) -> None:
        """Forget all numbers."""
        self._recent.clear()
        if self._older is not None:
            self._older.close()
            self._older = None

    def _put(self, key: bytes) -> None:
        self._recent.add(key)
        if len(self._recent) >= self._most_in_memory:
            self._move_to_disk()

    def _is_older(self, key: bytes) -> bool:
        assert self._older is not None  # noqa: S101  # a caller has looked
        asked = self._older.execute("SELECT 1 FROM seen WHERE number = ?", (key,))
        with closing(asked) as found:
            return found.fetchone() is not None

    def _move_to_disk(self) -> None:
        if self._older is None:
            # Few runs come here, and it is a library of its own.
            import sqlite3  # noqa: PLC0415

            # No name: a file that only this connection can reach.
            self._older = sqlite3.connect("", isolation_level=None)
            for pragma in ("journal_mode = OFF", "synchronous = OFF"):
                self._older.execute(f"PRAGMA {pragma}").close()
            self._older.execute(f"PRAGMA cache_size = -{_DATABASE_CACHE_KIB}").close()
            self._older.execute(
                "CREATE TABLE seen (number BLOB PRIMARY KEY) WITHOUT ROWID"
            ).close()
        self._older.execute("BEGIN").close()
        # In order: neighbours share a page.
        self._older.executemany(
            "INSERT OR IGNORE INTO seen VALUES (?)",
            ((key,) for key in sorted(self._recent)),
        ).close()
        self._older.execute("COMMIT").close()
        self._recent.clear()


def _key(number: str) -> bytes:
    return number.encode("utf-8", "surrogatepass")
