"""Reads numbers from text files: one a line, CSV, JSON lines."""

from __future__ import annotations

import csv
from functools import partial
from itertools import chain, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from tap_purchase_orders.exact_json import NotJsonError, decode_body
from tap_purchase_orders.number_sources.columns import (
    USUAL_NAME,
    check_is_heading,
    chosen_column,
    column_of,
)
from tap_purchase_orders.number_sources.csv_dialect import with_delimiter
from tap_purchase_orders.number_sources.error_messages import source_error
from tap_purchase_orders.number_sources.text_lines import LONGEST_LINE, lines
from tap_purchase_orders.number_sources.values import NumberColumn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_purchase_orders.number_sources.options import FileOptions
    from tap_purchase_orders.number_sources.stored_file import StoredFile

# With more, Python's collector of garbage has more to look through.
_ROWS_PER_PAGE = 250
# So many rows of JSON show which members there are.
_ROWS_LOOKED_AT = 100


def numbers_of_text(
    file: StoredFile, packing: str, options: FileOptions
) -> Iterator[list[str]]:
    """Yield the lines of a text, many at a time, without the blanks around them.

    Raises:
        SourceError: It cannot be read.
    """
    refusal = partial(source_error, key="path")
    values = NumberColumn(file.shown, refusal, is_verbatim=options.verbatim)
    rest = lines(file, packing, options.encoding)
    before = 0
    while page := list(islice(rest, _ROWS_PER_PAGE)):
        texts = [line.strip() for line in page]
        yield values.numbers(texts, (before + 1).__add__)
        before += len(page)
    values.end()


def numbers_of_csv(
    file: StoredFile, packing: str, options: FileOptions
) -> Iterator[list[str]]:
    """Yield the values of a column of a CSV file with a header, many at a time.

    Raises:
        SourceError: It cannot be read, has no such column, or a row does not fit.
    """
    csv.field_size_limit(LONGEST_LINE)
    delimiter, before, text = with_delimiter(
        lines(file, packing, options.encoding),
        options.delimiter,
        options.column,
        file.shown,
    )
    rows = csv.reader(text, delimiter=delimiter, strict=True)
    try:
        header = next(rows, None)
        if header is None:
            return
        place = chosen_column(
            options.column, [name.strip() for name in header], file.shown
        )
        name = header[place].strip()
        values = column_of(file.shown, name, is_verbatim=options.verbatim)
        is_only_by_chance = options.column is None and name != USUAL_NAME
        take, widths = itemgetter(place), {len(header)}
        line = before + rows.line_num
        while page := list(islice(rows, _ROWS_PER_PAGE)):
            filled = page
            if {*map(len, page)} != widths:
                _check_widths(file, page, len(header), line)
                filled = list(filter(None, page))
            line_of = partial(_line_of, page, line)
            line = before + rows.line_num
            if is_only_by_chance:
                is_only_by_chance = False
                first = filled[0][place] if filled else None
                check_is_heading(name, first, file.shown)
            yield values.numbers(list(map(take, filled)), line_of)
        if is_only_by_chance:
            check_is_heading(name, None, file.shown)
        values.end()
    except csv.Error as error:
        problem = f"{file.shown} is no CSV: line {before + rows.line_num}: {error}"
        raise source_error(problem, "path") from error


def _check_widths(
    file: StoredFile, page: list[list[str]], width: int, line: int
) -> None:
    """Refuse rows that do not fit the header; one without anything is no row."""
    for position, row in enumerate(filter(None, page)):
        if len(row) != width:
            problem = (
                f"{file.shown}: line {_line_of(page, line, position)} has {len(row)} "
                f"values, and the header {width}; a value with the delimiter in it "
                f"has to be quoted"
            )
            raise source_error(problem, "path")


def _line_of(page: list[list[str]], line: int, position: int) -> int:
    """Return the line in which a row ends.

    Args:
        page: Rows.
        line: The line before them.
        position: That of the row among those that have anything.
    """
    for row in page:
        # A quoted value may have several lines.
        line += 1 + sum(value.count("\n") for value in row)
        if row and (position := position - 1) < 0:
            break
    return line


def numbers_of_json_lines(
    file: StoredFile, packing: str, options: FileOptions
) -> Iterator[list[str]]:
    """Yield the values of a member of the objects that stand one a line.

    Raises:
        SourceError: It cannot be read, or no object has such a member.
    """
    rows = _objects(file, packing, options)
    yield from numbers_of_objects(file, rows, options)


def numbers_of_objects(
    file: StoredFile, rows: Iterator[tuple[int, dict[str, Any]]], options: FileOptions
) -> Iterator[list[str]]:
    """Yield the values of a member of objects.

    Args:
        file: Where they come from.
        rows: The objects, each with the number of its row.
        options: How they are to be read.

    Raises:
        SourceError: They cannot be read, or none of them has such a member.
    """
    first = list(islice(rows, _ROWS_LOOKED_AT))
    if not first:
        return
    names = list(dict.fromkeys(name for _, row in first for name in row))
    column = options.column
    if column is None:
        column = names[chosen_column(None, names, file.shown)]
    others = options.column is None and column != USUAL_NAME
    values = column_of(file.shown, column, is_verbatim=options.verbatim)
    is_there = False
    for number, row in chain(first, rows):
        if others and row.keys() - {column}:
            # It was the only one so far.
            chosen_column(None, [column, *(row.keys() - {column})], file.shown)
        is_there = is_there or column in row
        text = values.text(row.get(column), number)
        if text is not None:
            yield values.numbers([text], number.__add__)
    if not is_there:
        chosen_column(column, names, file.shown)
    values.end()


def _objects(
    file: StoredFile, packing: str, options: FileOptions
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the objects of a file of JSON lines, each with the number of its line."""
    for number, line in enumerate(lines(file, packing, options.encoding), start=1):
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
