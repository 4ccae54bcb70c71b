"""The source `file`: text, CSV, JSON, Parquet or workbooks."""

from __future__ import annotations

import codecs
import logging
from itertools import chain
from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th

from tap_purchase_orders.number_sources.error_messages import source_error
from tap_purchase_orders.number_sources.files.columns import USUAL_NAME
from tap_purchase_orders.number_sources.files.formats import (
    PACKINGS,
    PARQUET,
    TEXTS,
    WORKBOOKS,
    format_of,
    parquet,
)
from tap_purchase_orders.number_sources.files.options import file_options
from tap_purchase_orders.number_sources.files.stored_file import StoredFile
from tap_purchase_orders.number_sources.source import SECTION, NumberSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_purchase_orders.number_sources.files.formats import Format

logger = logging.getLogger(__name__)


def _pages(section: Mapping[str, Any]) -> Iterator[list[str]]:
    """Yield the numbers of all files, many at a time."""
    options, is_said = file_options(section), False
    for file, kind in _files(section):
        if kind.name == "txt" and options.column is not None and not is_said:
            is_said = True
            logger.warning(
                "AppZen: `%s.column` says nothing about a .txt file", SECTION
            )
        yield from kind.numbers(file, options)


def _files(section: Mapping[str, Any]) -> list[tuple[StoredFile, Format]]:
    """Return all files that the setting `path` stands for, and their formats.

    Raises:
        SourceError: They cannot be listed, or one of them has an unknown format.
    """
    found = []
    for file in StoredFile(section["path"]).files():
        kind = format_of(file.name, section.get("format"))
        if kind is None:
            problem = f"{file.shown} {_KNOWN}"
            raise source_error(problem, "path")
        found.append((file, kind))
    return found


_KNOWN = (
    f"must end in one of: {', '.join(f'.{name}' for name in TEXTS)} (with "
    f"{' or '.join(PACKINGS)} too), "
    f"{', '.join(f'.{name}' for name in (PARQUET, *WORKBOOKS))}; or set "
    f"`{SECTION}.format`"
)


def _mistakes(section: Mapping[str, Any]) -> list[str]:
    setting, path = f"`{SECTION}.path`", section["path"]
    if path.strip() == "-":
        return [f"{setting} must name a file: numbers cannot come by standard input"]
    file = StoredFile(path)
    mistakes = [f"{setting} {mistake}" for mistake in file.mistakes()]
    if (
        not mistakes
        and file.is_one
        and format_of(file.name, section.get("format")) is None
    ):
        mistakes.append(f"{setting} {_KNOWN}")
    delimiter = section.get("delimiter")
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
        mistakes.append(f"`{SECTION}.delimiter` must be one character, and no quote")
    if not _is_encoding(section.get("encoding") or "utf-8"):
        mistakes.append(
            f"`{SECTION}.encoding` must be the name of an encoding of texts, such as "
            f"windows-1252"
        )
    return mistakes


def _is_encoding(name: str) -> bool:
    try:
        "0".encode(name)
        codecs.getincrementaldecoder(name)
    except (LookupError, ValueError):
        return False
    return True


def _count(section: Mapping[str, Any]) -> int | None:
    files = _files(section)
    if any(kind.name != PARQUET for _, kind in files):
        return None
    return sum(int(parquet().row_count(file)) for file, _ in files)


def _identity(section: Mapping[str, Any]) -> str:
    return "\0".join(file.version() for file, _ in _files(section))


SOURCE = NumberSource(
    # Without code of ours between the numbers: there may be millions.
    numbers=lambda section, _: chain.from_iterable(_pages(section)),
    settings=(
        th.Property(
            "path",
            th.StringType(min_length=1),
            title="File of purchase order numbers",
            description=(
                "Source `file`: a path of this machine, or a URL that fsspec can read; "
                "a folder or a pattern such as `exports/*.csv` stands for all files "
                "there. `.txt` has one number a line; `.csv` and `.tsv` (with a "
                "header), `.json`, `.jsonl`, `.parquet`, `.xlsx`, `.xlsb`, `.xls` and "
                "`.ods` have them in a column. `.gz` or `.zst` may stand behind texts."
            ),
        ),
        th.Property(
            "format",
            th.StringType(allowed_values=sorted((*TEXTS, PARQUET, *WORKBOOKS))),
            title="Format of the file",
            description=(
                "Source `file`: the format, where the name does not end in it."
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
        th.Property(
            "sheet",
            th.StringType(min_length=1),
            title="Sheet of the workbook",
            description=(
                "Source `file`: the sheet that holds the numbers, by default the only "
                "one that is not hidden."
            ),
        ),
        th.Property(
            "delimiter",
            th.StringType(min_length=1),
            title="Delimiter of CSV",
            description=(
                "Source `file`: what stands between the values of a `.csv` or `.tsv`. "
                "By default what the header shows: a comma, `;`, a tab or `|`."
            ),
        ),
        th.Property(
            "encoding",
            th.StringType(min_length=1),
            title="Encoding of the text",
            description=(
                "Source `file`: the encoding of a text, such as windows-1252. By "
                "default UTF-8, or what a byte order mark says."
            ),
        ),
        th.Property(
            "verbatim",
            th.BooleanType,
            title="Numbers as they stand",
            description=(
                "Source `file`: ask for texts as they stand, whatever they look like: "
                "4.5E+09, 4500001234.0, NULL. By default these are an error, or left "
                "out."
            ),
        ),
    ),
    required=("path",),
    mistakes=_mistakes,
    count=_count,
    identity=_identity,
    label=lambda section: StoredFile(section["path"]).shown,
)
