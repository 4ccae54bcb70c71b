"""The formats in which a file may have the numbers, by what its name ends in."""

from __future__ import annotations

import importlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from tap_purchase_orders.extras import how_to_install
from tap_purchase_orders.number_sources.error_messages import source_error
from tap_purchase_orders.number_sources.files.json_array import numbers_of_json
from tap_purchase_orders.number_sources.files.text_formats import (
    numbers_of_csv,
    numbers_of_json_lines,
    numbers_of_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_purchase_orders.number_sources.files.options import FileOptions
    from tap_purchase_orders.number_sources.files.stored_file import StoredFile

PACKINGS = (".gz", ".zst")
PARQUET = "parquet"
WORKBOOKS = ("ods", "xls", "xlsb", "xlsm", "xlsx")


class Format(Struct, frozen=True):
    """The format of a file.

    Attributes:
        name: The suffix, without the point.
        packing: `.gz`, `.zst`, or nothing.
    """

    name: str
    packing: str = ""

    def numbers(self, file: StoredFile, options: FileOptions) -> Iterator[list[str]]:
        """Yield the numbers in a file of the format, many at a time.

        Raises:
            SourceError: It cannot be read.
        """
        if self.name in _TEXTS:
            return _TEXTS[self.name](file, self.packing, options)
        if self.name == PARQUET:
            return iter(parquet().numbers_of_parquet(file, options))
        return iter(_workbook().numbers_of_workbook(file, options))


def format_of(name: str, wanted: str | None = None) -> Format | None:
    """Return the format of a file, none for one that is not known.

    Args:
        name: The name of the file.
        wanted: The format of the settings.
    """
    suffixes = [suffix.removeprefix(".") for suffix in _suffixes(name)]
    packing = f".{suffixes[-1]}" if suffixes and f".{suffixes[-1]}" in PACKINGS else ""
    if packing:
        suffixes.pop()
    kind = wanted or (suffixes[-1] if suffixes else "")
    if kind in _TEXTS:
        return Format(kind, packing)
    return Format(kind) if kind in (PARQUET, *WORKBOOKS) and not packing else None


def parquet() -> Any:
    """Return the module that reads Parquet.

    Raises:
        SourceError: What it needs is not installed.
    """
    return _module("parquet", "pyarrow", "parquet")


def _workbook() -> Any:
    return _module("workbook", "python_calamine", "excel")


def _module(name: str, needed: str, extra: str) -> Any:
    try:
        return importlib.import_module(f"{__package__}.{name}")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != needed:
            raise
        problem = f"needs the package {needed}: {how_to_install(extra)}"
        raise source_error(problem, "path") from error


def _suffixes(name: str) -> list[str]:
    return PurePosixPath(name.lower()).suffixes


def _numbers_of_tsv(
    file: StoredFile, packing: str, options: FileOptions
) -> Iterator[list[str]]:
    delimiter = options.delimiter or "\t"
    return numbers_of_csv(file, packing, replace(options, delimiter=delimiter))


_TEXTS: dict[str, Callable[[StoredFile, str, FileOptions], Iterator[list[str]]]] = {
    "csv": numbers_of_csv,
    "json": numbers_of_json,
    "jsonl": numbers_of_json_lines,
    "ndjson": numbers_of_json_lines,
    "tsv": _numbers_of_tsv,
    "txt": numbers_of_text,
}
TEXTS = tuple(_TEXTS)
