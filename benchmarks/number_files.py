"""What reading a list costs, as a multiple of what the library behind it takes.

`python -m benchmarks.number_files` reads each file in turn with the library alone and
as the tap does, and prints the ratios of the shortest times.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import sys
import tempfile
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pyarrow as pa
from pyarrow.parquet import ParquetFile, ParquetWriter

from benchmarks.numbers import write_csv, write_parquet
from tap_purchase_orders.concurrency.cancellation import CancelToken
from tap_purchase_orders.number_sources.registry import number_source
from tap_purchase_orders.number_sources.source import SourceContext

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_purchase_orders.clients.appzen import AppZen

_COLUMN = "purchase_order_number"
_ROWS_PER_GROUP = 1_000_000
_ROWS_PER_BATCH = 10_000
_REPEATS = 3


def write_integers(path: Path, count: int) -> None:
    """Write numbers as a column of integers."""
    schema = pa.schema([(_COLUMN, pa.int64())])
    with ParquetWriter(path, schema) as writer:
        for begin in range(0, count, _ROWS_PER_GROUP):
            rows = range(begin, min(begin + _ROWS_PER_GROUP, count))
            column = [4_500_000_000 + row * 7_919_999 % count for row in rows]
            writer.write_table(pa.table({_COLUMN: column}, schema))


def read_csv(path: Path) -> None:
    """Read a file with the standard library alone."""
    with path.open(newline="") as file:
        deque(csv.reader(file), 0)


def read_parquet(path: Path) -> None:
    """Read a column with pyarrow alone, as it has it."""
    with ParquetFile(path, buffer_size=1024 * 1024, pre_buffer=False) as parquet:
        deque(
            parquet.iter_batches(_ROWS_PER_BATCH, columns=[_COLUMN], use_threads=False),
            0,
        )


def read_texts(path: Path) -> None:
    """Read a column with pyarrow alone, each value as an object of Python."""
    with ParquetFile(path, buffer_size=1024 * 1024, pre_buffer=False) as parquet:
        for batch in parquet.iter_batches(
            _ROWS_PER_BATCH, columns=[_COLUMN], use_threads=False
        ):
            batch.column(0).to_pylist()


def read_as_the_tap(path: Path) -> None:
    """Read all numbers of a file."""
    section = {"source": "file", "path": str(path)}
    now = dt.datetime.now(dt.UTC)
    nobody = cast("AppZen", None)
    occasion = SourceContext(None, now, nobody, workers=1, cancel_token=CancelToken())
    deque(number_source(section).numbers(section, occasion), 0)


CASES: dict[str, tuple[str, Callable[[Path, int], None], Callable[[Path], None]]] = {
    "csv, against csv.reader": ("csv", write_csv, read_csv),
    "text of parquet, against pyarrow": ("parquet", write_parquet, read_parquet),
    "the same, against its to_pylist": ("parquet", write_parquet, read_texts),
    "integers of parquet, against pyarrow": ("parquet", write_integers, read_parquet),
    "the same, against to_pylist": ("parquet", write_integers, read_texts),
}


def main() -> int:
    """Measure, and print a line for each case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--numbers", type=int, default=10_000_000)
    count = parser.parse_args().numbers
    for name, (suffix, write, read) in CASES.items():
        with tempfile.TemporaryDirectory(prefix="numbers-") as folder:
            path = Path(folder) / f"numbers.{suffix}"
            write(path, count)
            shortest = {read: float("inf"), read_as_the_tap: float("inf")}
            for _ in range(_REPEATS):
                for each in (read, read_as_the_tap):
                    began = time.process_time()
                    each(path)
                    spent = time.process_time() - began
                    shortest[each] = min(shortest[each], spent)
        alone, mine = shortest[read], shortest[read_as_the_tap]
        nanoseconds = mine / count * 1e9
        print(f"{name:38} {mine / alone:5.2f} times, {nanoseconds:4.0f} ns a number")
    return 0


if __name__ == "__main__":
    sys.exit(main())
