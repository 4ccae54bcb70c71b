"""Reads numbers from one column of a Parquet file, batch by batch."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow.parquet import ParquetFile

from tap_purchase_orders.number_sources.columns import chosen_column, column_of
from tap_purchase_orders.number_sources.error_messages import source_error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_purchase_orders.number_sources.stored_file import StoredFile

_ROWS_PER_BATCH = 10_000
# With a buffer, a column is read piece by piece; without, a row group at once.
_BUFFER_BYTES = 1024 * 1024
_TEXT = (
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_string_view,
    pa.types.is_null,
)
# As older writers have text.
_BYTES = (pa.types.is_binary, pa.types.is_large_binary)
_NUMBERS = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)


def numbers_of_parquet(file: StoredFile, column: str | None) -> Iterator[str]:
    """Yield the values of a column.

    Raises:
        SourceError: It cannot be read, has no such column, or one of another type.
    """
    with _parquet(file) as parquet:
        schema = parquet.schema_arrow
        place = chosen_column(column, schema.names, file.shown)
        name = schema.names[place]
        values = column_of(file.shown, name)
        kind = schema.field(place).type
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        is_bytes = _is_any(_BYTES, kind)
        if _is_any(_NUMBERS, kind):
            values.warn_of_numbers()
        elif not is_bytes and not _is_any(_TEXT, kind):
            problem = f"column {name!r} of {file.shown} has the type {kind}, not text"
            raise source_error(problem, "column")
        row = 0
        batches = parquet.iter_batches(
            _ROWS_PER_BATCH, columns=[name], use_threads=False
        )
        for batch in batches:
            for value in batch.column(name).to_pylist():
                row += 1
                known = _decoded(value, row, name, file) if is_bytes else value
                text = values.text(known, row)
                if text is not None:
                    yield text.strip()
        values.end()


def row_count(file: StoredFile) -> int:
    """Return how many rows there are.

    Raises:
        SourceError: The file cannot be read.
    """
    with _parquet(file) as parquet:
        return int(parquet.metadata.num_rows)


@contextmanager
def _parquet(file: StoredFile) -> Iterator[Any]:
    with (
        file.opened() as stored,
        ParquetFile(
            stored,
            buffer_size=_BUFFER_BYTES,
            pre_buffer=False,
            # Of pages that have one; without, a damaged page may pass for a good one.
            page_checksum_verification=True,
        ) as parquet,
    ):
        yield parquet


def _is_any(kinds: tuple[Any, ...], kind: Any) -> bool:
    return any(is_kind(kind) for is_kind in kinds)


def _decoded(value: Any, row: int, name: str, file: StoredFile) -> Any:
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError as error:
        problem = f"column {name!r} of {file.shown} is not UTF-8 in row {row}"
        raise source_error(problem, "column") from error
