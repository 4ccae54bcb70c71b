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
from typing import TYPE_CHECKING, Any, cast

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
        against: What reads it with the library alone, by what that is, and how many
            times as long the tap may take; none where that is only shown.
    """

    suffix: str
    write: Callable[[Path, int], None]
    against: dict[str, tuple[Callable[[Path], None], float | None]]


def _parquet_readers(most: float) -> dict[str, Any]:
    return {"pyarrow": (read_values, most), "pyarrow, no objects": (read_parquet, None)}


CASES = {
    "csv": Case("csv", write_csv, {"csv.reader": (read_csv, 1.2)}),
    "csv, three quoted columns": Case(
        "csv", write_quoted_csv, {"csv.reader": (read_csv, None)}
    ),
    "text of parquet": Case("parquet", write_parquet, _parquet_readers(2)),
    "integers of parquet": Case("parquet", write_integers, _parquet_readers(4)),
}


def measure(case: Case, count: int) -> dict[Callable[[Path], None], float]:
    """Return how long each of its readers and the tap take at the least, in seconds."""
    readers = [read_as_the_tap, *(read for read, _ in case.against.values())]
    shortest = dict.fromkeys(readers, float("inf"))
    with tempfile.TemporaryDirectory(prefix="numbers-") as folder:
        path = Path(folder) / f"numbers.{case.suffix}"
        case.write(path, count)
        for _ in range(_REPEATS):
            for read, before in shortest.items():
                began = time.process_time()
                read(path)
                shortest[read] = min(before, time.process_time() - began)
    return shortest


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
        shortest = measure(case, count)
        ours = shortest[read_as_the_tap]
        for library, (read, most) in case.against.items():
            ratio = ours / shortest[read]
            limit = "" if most is None else f"at most {most}"
            nanoseconds = round(ours / count * 1e9)
            print(
                f"{name:27}{library:21}{ratio:5.2f}  {limit:13}"
                f"{nanoseconds:5} ns a number",
                flush=True,
            )
            is_slow = is_slow or (most is not None and ratio > most)
    return int(is_slow)


if __name__ == "__main__":
    sys.exit(main())
