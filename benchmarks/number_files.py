"""What reading a list costs, as a multiple of what the library behind it takes.

`python -m benchmarks.numbers` runs this first. Each file is read in turn by the library
alone and as the tap reads it; the ratios are those of the shortest processor times. The
library makes an object of Python of each value, as the tap has to: decoding a column of
Parquet without that is shown for comparison.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import logging
import sys
import tempfile
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pyarrow as pa
from msgspec import Struct
from pyarrow.parquet import ParquetFile, ParquetWriter

from benchmarks.numbers import numbers, write_csv, write_parquet
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


def write_quoted_csv(path: Path, count: int) -> None:
    """Write numbers between two other columns, with quotes around all values."""
    with path.open("w") as file:
        file.write(f'"supplier","{_COLUMN}","amount"\n')
        file.writelines(f'"Foo, Ltd.","{each}","7.50"\n' for each in numbers(count))


def read_csv(path: Path) -> None:
    """Read a file with the standard library alone."""
    with path.open(newline="") as file:
        deque(csv.reader(file), 0)


def read_parquet(path: Path) -> None:
    """Decode a column with pyarrow alone, without an object for each value."""
    with ParquetFile(path, buffer_size=1024 * 1024, pre_buffer=False) as parquet:
        deque(
            parquet.iter_batches(_ROWS_PER_BATCH, columns=[_COLUMN], use_threads=False),
            0,
        )


def read_values(path: Path) -> None:
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


class Case(Struct, frozen=True):
    """A file, and what it is measured against.

    Attributes:
        suffix: The format.
        write: Writes it.
        read: Reads it with the library alone.
        most: How many times as long the tap may take; nothing where that is only shown.
    """

    suffix: str
    write: Callable[[Path, int], None]
    read: Callable[[Path], None]
    most: float = float("inf")


CASES = {
    "csv, against csv.reader": Case("csv", write_csv, read_csv, 1.2),
    "csv of three quoted columns": Case("csv", write_quoted_csv, read_csv),
    "text of parquet, against pyarrow": Case("parquet", write_parquet, read_values, 2),
    "the same, without its objects": Case("parquet", write_parquet, read_parquet),
    "integers of parquet": Case("parquet", write_integers, read_values, 4),
    "the same, without their objects": Case("parquet", write_integers, read_parquet),
}


def measure(case: Case, count: int) -> tuple[float, float]:
    """Return how long the library and the tap take at the least, in seconds."""
    with tempfile.TemporaryDirectory(prefix="numbers-") as folder:
        path = Path(folder) / f"numbers.{case.suffix}"
        case.write(path, count)
        shortest = {case.read: float("inf"), read_as_the_tap: float("inf")}
        for _ in range(_REPEATS):
            for read, before in shortest.items():
                began = time.process_time()
                read(path)
                shortest[read] = min(before, time.process_time() - began)
    return shortest[case.read], shortest[read_as_the_tap]


def main() -> int:
    """Measure, print a line for each case, and return 1 where one takes too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--numbers", type=int, default=10_000_000)
    count = parser.parse_args().numbers
    # A column of integers is a warning, which is known here.
    logging.disable(logging.WARNING)
    is_slow = False
    print(
        "Reading all of a list, as a multiple of the library alone (processor time)\n"
    )
    for name, case in CASES.items():
        alone, ours = measure(case, count)
        nanoseconds = round(ours / count * 1e9)
        limit = "" if case.most == float("inf") else f", at most {case.most}"
        print(f"{name:34}{ours / alone:6.2f}{limit:14}{nanoseconds:6} ns a number")
        is_slow = is_slow or ours > case.most * alone
    return int(is_slow)


if __name__ == "__main__":
    sys.exit(main())
