"""The delimiter and quoting of a CSV file."""

from __future__ import annotations

import csv
import re
from itertools import chain
from typing import TYPE_CHECKING

from tap_purchase_orders.number_sources.error_messages import source_error
from tap_purchase_orders.number_sources.files.columns import USUAL_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

_DELIMITERS = (",", ";", "\t", "|")
_NAMES = {"\t": "tab"}
# The first line that some spreadsheets write and read.
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\n?', re.IGNORECASE)


def with_delimiter(
    lines: Iterator[str], wanted: str | None, column: str | None, file: str
) -> tuple[str, int, Iterator[str]]:
    """Return the delimiter, how many lines go before the header, and the lines from it.

    Args:
        lines: All lines.
        wanted: The delimiter of the settings.
        column: The name of the column of the numbers, as the settings have it.
        file: What messages call the file.

    Raises:
        SourceError: There may be several.
    """
    before = 0
    for first in lines:
        if separator := _SEPARATOR_LINE.fullmatch(first):
            wanted = wanted or separator[1]
        elif first.strip():
            break
        before += 1
    else:
        return wanted or ",", before, lines
    if wanted is None:
        wanted = _delimiter_of(first, column, file)
    return wanted, before, chain((first,), lines)


def _delimiter_of(header: str, column: str | None, file: str) -> str:
    """Return the delimiter of a header: the only one, or that of the wanted column."""
    fields = {sign: _fields(header, sign) for sign in _DELIMITERS}
    found = [sign for sign, names in fields.items() if len(names) > 1]
    if len(found) > 1:
        name = column or USUAL_NAME
        found = [sign for sign in found if name in fields[sign]] or found
    if len(found) > 1:
        names = " or ".join(_NAMES.get(sign, sign) for sign in found)
        problem = (
            f"must say what stands between the values of {file}, {names}; its first "
            f"line is {header.strip()!r}"
        )
        raise source_error(problem, "delimiter")
    return found[0] if found else ","


def _fields(header: str, delimiter: str) -> list[str]:
    try:
        row = next(csv.reader([header], delimiter=delimiter, strict=True), [])
    except csv.Error:
        # A heading goes on in the next line, or is quoted in another way.
        row = header.split(delimiter)
    return [name.strip() for name in row]
