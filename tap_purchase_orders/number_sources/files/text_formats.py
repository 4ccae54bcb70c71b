"""Reads numbers from text files: one a line, CSV, JSON lines."""

from __future__ import annotations

import csv
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from tap_purchase_orders.exact_json import NotJsonError, decode_body
from tap_purchase_orders.number_sources.error_messages import source_error
from tap_purchase_orders.number_sources.files.columns import (
    USUAL_NAME,
    check_is_heading,
    chosen_column,
    column_of,
)
from tap_purchase_orders.number_sources.files.csv_dialect import with_delimiter
from tap_purchase_orders.number_sources.files.csv_rows import CsvColumn, no_csv
from tap_purchase_orders.number_sources.files.text_lines import (
    LONGEST_LINE,
    BlockLines,
    blocks,
    lines,
)
from tap_purchase_orders.number_sources.number_values import NumberColumn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_purchase_orders.number_sources.files.options import FileOptions
    from tap_purchase_orders.number_sources.files.stored_file import StoredFile

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
    lines_read = BlockLines(blocks(file, packing, options.encoding))
    delimiter, before, text = with_delimiter(
        lines_read, options.delimiter, options.column, file.shown
    )
    rows = csv.reader(text, delimiter=delimiter, strict=True)
    try:
        header = next(rows, None)
    except csv.Error as error:
        raise no_csv(file.shown, before + rows.line_num, error) from error
    if header is None:
        return
    place = chosen_column(options.column, [name.strip() for name in header], file.shown)
    name = header[place].strip()
    values = column_of(file.shown, name, is_verbatim=options.verbatim)
    is_only_by_chance = options.column is None and name != USUAL_NAME
    column = CsvColumn(file.shown, delimiter, len(header), place)
    for texts, line_of in column.pages(lines_read.rest(), before + rows.line_num):
        if is_only_by_chance and texts:
            is_only_by_chance = False
            check_is_heading(name, texts[0], file.shown)
        yield values.numbers(texts, line_of)
    if is_only_by_chance:
        check_is_heading(name, None, file.shown)
    values.end()


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
