"""Buffers numbers in a private temporary file."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, Self

import msgspec

from tap_purchase_orders.number_sources.error_messages import in_words, source_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

_MOST_IN_MEMORY_BYTES = 1024 * 1024


class Buffer:
    """A list of texts, in memory while it is short; a context manager.

    The file has no name, or can be opened by its owner only; it is gone with the
    process at the latest.
    """

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(  # noqa: SIM115  # see __exit__
            _MOST_IN_MEMORY_BYTES
        )
        self._encode = msgspec.json.Encoder().encode
        self.count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def write(self, texts: Iterable[str]) -> None:
        """Add texts at the end.

        Raises:
            SourceError: There is no space for them.
        """
        lines = [self._encode(text) for text in texts]
        self.count += len(lines)
        try:
            self._file.writelines(line + b"\n" for line in lines)
        except OSError as error:
            problem = (
                f"the numbers do not fit into the directory for temporary files "
                f"({in_words(error)}); TMPDIR names another"
            )
            raise source_error(problem, "query") from error

    def read(self) -> Iterator[str]:
        """Yield all texts in their order."""
        decode = msgspec.json.Decoder(str).decode
        self._file.seek(0)
        yield from map(decode, self._file)
