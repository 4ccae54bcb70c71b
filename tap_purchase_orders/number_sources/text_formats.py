"""Reads numbers from text files: one a line, CSV, JSON lines."""

from __future__ import annotations

import csv
from itertools import chain
from typing import TYPE_CHECKING, Any

from tap_purchase_orders.exact_json import NotJsonError, decode_body
from tap_purchase_orders.number_sources.columns import chosen_column, column_of
from tap_purchase_orders.number_sources.error_messages import source_error
from tap_purchase_orders.number_sources.text_lines import LONGEST_LINE, lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_purchase_orders.number_sources.stored_file import StoredFile


def numbers_of_text(file: StoredFile, packing: str) -> Iterator[str]:
    """Yield each line of a text, without the blanks around it.

    Raises:
        SourceError: It cannot be read.
    """
    for line in lines(file, packing):
        yield line.strip()


def numbers_of_csv(file: StoredFile, packing: str, column: str | None) -> Iterator[str]:
    """Yield the values of a column of a CSV file that has a header.

    Raises:
        SourceError: It cannot be read, or has no such column.
    """
    csv.field_size_limit(LONGEST_LINE)
    rows = csv.reader(lines(file, packing), strict=True)
    try:
        header = next(rows, None)
        if header is None:
            return
        place = chosen_column(column, [name.strip() for name in header], file.shown)
        values = column_of(file.shown, header[place].strip())
        for row in rows:
            if len(row) > place:
                yield row[place].strip()
            elif row:
                values.null()
        values.end()
    except csv.Error as error:
        problem = f"{file.shown} is no CSV: line {rows.line_num}: {error}"
        raise source_error(problem, "path") from error


def numbers_of_json_lines(
    file: StoredFile, packing: str, column: str | None
) -> Iterator[str]:
    """Yield the values of a member of the objects that stand one a line.

    Raises:
        SourceError: It cannot be read, or no object has such a member.
    """
    rows = _objects(file, packing)
    first = next(rows, None)
    if first is None:
        return
    names = list(first[1])
    if column is None:
        column = names[chosen_column(None, names, file.shown)]
    values = column_of(file.shown, column)
    is_there = False
    for number, row in chain((first,), rows):
        is_there = is_there or column in row
        text = values.text(row.get(column), number)
        if text is not None:
            yield text.strip()
    if not is_there:
        chosen_column(column, names, file.shown)
    values.end()


def _objects(file: StoredFile, packing: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the objects of a file of JSON lines, each with the number of its line."""
    for number, line in enumerate(lines(file, packing), start=1):
        if line.strip():
            yield number, _object(file, number, line)


def _object(file: StoredFile, number: int, line: str) -> dict[str, Any]:
    try:
        row = decode_body(line.encode())
    except NotJsonError as error:
        problem = f"{file.shown}: line {number} is not JSON"
        raise source_error(problem, "path") from error
    if not isinstance(row, dict):
        problem = f"{file.shown}: line {number} is JSON, but no object"
        raise source_error(problem, "path")
    return row
