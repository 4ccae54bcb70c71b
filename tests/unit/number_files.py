"""Files of numbers, in every format that is read."""

from __future__ import annotations

import csv
import gzip
import io
import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
import zstandard
from pyarrow import parquet

from tap_purchase_orders.errors import SourceError
from tap_purchase_orders.number_sources.registry import number_source
from tests.unit.source_contexts import items_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

COLUMN = "number"
PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".zst": zstandard.compress,
}
TEXT_FORMATS = (".txt", ".csv", ".jsonl")


def as_txt(texts: Sequence[str]) -> bytes:
    return "".join(f"{text}\n" for text in texts).encode()


def as_csv(texts: Sequence[str]) -> bytes:
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerows([["row", COLUMN], *enumerate(texts)])
    return file.getvalue().encode()


def as_jsonl(texts: Sequence[Any]) -> bytes:
    rows = (json.dumps({"row": 1, COLUMN: text}) for text in texts)
    return as_txt(list(rows))


def as_parquet(values: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    column = values if isinstance(values, pa.Array) else pa.array(values, pa.string())
    rows = pa.array(range(len(column)))
    parquet.write_table(pa.table({"row": rows, COLUMN: column}), file, **options)
    return file.getvalue()


WRITERS: dict[str, Callable[[Sequence[str]], bytes]] = {
    ".txt": as_txt,
    ".csv": as_csv,
    ".jsonl": as_jsonl,
    ".parquet": as_parquet,
}


class Folder:
    """A folder in which each file is read as soon as it is written."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, name: str, content: bytes, column: str | None = COLUMN) -> list[Any]:
        (self.path / name).write_bytes(content)
        return items_of(self.section(name, column))

    def refusal(self, name: str, content: bytes, column: str | None = COLUMN) -> str:
        with pytest.raises(SourceError) as caught:
            self.read(name, content, column)
        message = str(caught.value)
        assert len(message.splitlines()) == 1
        assert name in message
        return message

    def section(self, name: str, column: str | None = None) -> dict[str, Any]:
        section = {"source": "file", "path": str(self.path / name)}
        return section if column is None else {**section, "column": column}

    def identity(self, name: str, content: bytes) -> str:
        (self.path / name).write_bytes(content)
        section = self.section(name)
        return number_source(section).identity(section)
