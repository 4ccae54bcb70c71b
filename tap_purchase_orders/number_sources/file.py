"""The source `file`: text, CSV, JSON lines or Parquet."""

from __future__ import annotations

import logging
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from singer_sdk import typing as th

from tap_purchase_orders.number_sources.columns import USUAL_NAME
from tap_purchase_orders.number_sources.source import SECTION, NumberSource
from tap_purchase_orders.number_sources.stored_file import StoredFile
from tap_purchase_orders.number_sources.text_formats import (
    numbers_of_csv,
    numbers_of_json_lines,
    numbers_of_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TEXT_FORMATS = (".txt", ".csv", ".jsonl")
_PARQUET = ".parquet"
_PACKINGS = (".gz", ".zst")

logger = logging.getLogger(__name__)


class _Format(Struct, frozen=True):
    """What the suffixes of a name tell.

    Attributes:
        suffix: Of the format; nothing for an unknown one.
        packing: `.gz`, `.zst`, or nothing.
    """

    suffix: str
    packing: str = ""


def _format_of(name: str) -> _Format:
    suffixes = PurePosixPath(name.lower()).suffixes
    match suffixes[-2:]:
        case [*_, str(suffix)] if suffix == _PARQUET or suffix in _TEXT_FORMATS:
            return _Format(suffix)
        case [str(suffix), str(packing)] if (
            suffix in _TEXT_FORMATS and packing in _PACKINGS
        ):
            return _Format(suffix, packing)
        case _:
            return _Format("")


def _numbers(section: Mapping[str, Any]) -> Iterator[str]:
    file = StoredFile(section["path"])
    column = section.get("column")
    kind = _format_of(file.name)
    if kind.suffix == _PARQUET:
        from tap_purchase_orders.number_sources import parquet  # noqa: PLC0415  # heavy

        yield from parquet.numbers_of_parquet(file, column)
    elif kind.suffix == ".csv":
        yield from numbers_of_csv(file, kind.packing, column)
    elif kind.suffix == ".jsonl":
        yield from numbers_of_json_lines(file, kind.packing, column)
    else:
        if column is not None:
            logger.warning(
                "AppZen: `%s.column` says nothing about a .txt file", SECTION
            )
        yield from numbers_of_text(file, kind.packing)


def _mistakes(section: Mapping[str, Any]) -> list[str]:
    setting, path = f"`{SECTION}.path`", section["path"]
    if path.strip() == "-":
        return [f"{setting} must name a file: numbers cannot come by standard input"]
    file = StoredFile(path)
    if not _format_of(file.name).suffix:
        known = ", ".join((*_TEXT_FORMATS, _PARQUET))
        packed = " or ".join(_PACKINGS)
        rule = f"must end in one of: {known}; the first three with {packed} too"
        return [f"{setting} {rule}"]
    return [f"{setting} {mistake}" for mistake in file.mistakes()]


def _count(section: Mapping[str, Any]) -> int | None:
    file = StoredFile(section["path"])
    if _format_of(file.name).suffix != _PARQUET:
        return None
    from tap_purchase_orders.number_sources import parquet  # noqa: PLC0415  # heavy

    return parquet.row_count(file)


SOURCE = NumberSource(
    numbers=lambda section, _: _numbers(section),
    settings=(
        th.Property(
            "path",
            th.StringType(min_length=1),
            title="File of purchase order numbers",
            description=(
                "Source `file`: a path of this machine, or a URL that fsspec can read. "
                "`.txt` has one number a line; `.csv` (with a header), `.jsonl` and "
                "`.parquet` have them in a column. `.gz` or `.zst` may stand behind "
                "the first three."
            ),
        ),
        th.Property(
            "column",
            th.StringType(min_length=1),
            title="Column of the numbers",
            description=(
                f"Source `file`: the column that holds the numbers. By default the "
                f"only one, or the one named `{USUAL_NAME}`."
            ),
        ),
    ),
    required=("path",),
    mistakes=_mistakes,
    count=_count,
    identity=lambda section: StoredFile(section["path"]).version(),
)
