"""Numbers from one column of a sheet of a workbook."""

from __future__ import annotations

import io
from contextlib import contextmanager
from itertools import islice
from typing import IO, TYPE_CHECKING, Any

import python_calamine

from tap_purchase_orders.number_sources.error_messages import source_error
from tap_purchase_orders.number_sources.files.columns import (
    USUAL_NAME,
    check_is_heading,
    chosen_column,
    column_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_purchase_orders.number_sources.files.options import FileOptions
    from tap_purchase_orders.number_sources.files.stored_file import StoredFile

_ROWS_PER_PAGE = 2_000
# Programs write titles and dates above the header.
_ROWS_BEFORE_HEADER = 50
# Of a number that is typed in, a spreadsheet keeps 15 digits, and has zeros for more.
_EXACT_UP_TO = 10**15
_MARKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_MARK_BYTES = 4


def numbers_of_workbook(file: StoredFile, options: FileOptions) -> Iterator[list[str]]:
    """Yield the values of a column of a sheet, many at a time.

    The header is the first row that has the name of the column; without a name that of
    the usual one, or the first row that has anything.

    Raises:
        SourceError: It cannot be read, or has no such sheet or column.
    """
    with file.opened_for_seeking() as stored, _panics_as_errors():
        book = _opened(file, stored)
        sheet = book.get_sheet_by_name(_sheet_name(file, book, options.sheet))
        rows = enumerate(sheet.iter_rows(), start=1)
        first = list(islice(rows, _ROWS_BEFORE_HEADER))
        at = _header_at([cells for _, cells in first], options.column)
        if at is None:
            return
        header = [_heading(cell) for cell in first[at][1]]
        # Columns without a heading are none.
        named = [name for name in header if name]
        name = named[chosen_column(options.column, named, file.shown)]
        place = header.index(name)
        if options.column is None and name != USUAL_NAME:
            below = first[at + 1][1][place] if at + 1 < len(first) else None
            check_is_heading(name, None if below is None else str(below), file.shown)
        values = column_of(file.shown, name, is_verbatim=options.verbatim)
        values.exact_up_to = _EXACT_UP_TO
        yield _numbers(values, first[at + 1 :], place)
        while page := list(islice(rows, _ROWS_PER_PAGE)):
            yield _numbers(values, page, place)
        values.end()


@contextmanager
def _panics_as_errors() -> Iterator[None]:
    """Raise an error for a panic of the library, which is no `Exception`.

    Raises:
        ValueError: It panicked.
    """
    try:
        yield
    except BaseException as error:
        # Its class cannot be imported.
        if type(error).__name__ != "PanicException":
            raise
        msg = "it is broken, or cut off"
        raise ValueError(msg) from error


def _numbers(values: Any, page: list[tuple[int, list[Any]]], place: int) -> list[str]:
    texts, rows = [], []
    for row, cells in page:
        if all(cell == "" for cell in cells):
            continue
        cell = cells[place]
        text = values.text(None if cell == "" else cell, row)
        if text is not None:
            texts.append(text)
            rows.append(row)
    numbers: list[str] = values.numbers(texts, rows.__getitem__) if texts else []
    return numbers


def _opened(file: StoredFile, stored: IO[bytes]) -> Any:
    if stored.read(_MARK_BYTES) not in _MARKS:
        problem = (
            f"{file.shown} is no workbook, whatever its name says; if it is text, have "
            f"`format` as csv or tsv"
        )
        raise source_error(problem, "path")
    stored.seek(0)
    try:
        return python_calamine.load_workbook(io.BytesIO(stored.read()))
    except python_calamine.PasswordError as error:
        problem = f"{file.shown} is protected by a password"
        raise source_error(problem, "path") from error


def _sheet_name(file: StoredFile, book: Any, wanted: str | None) -> str:
    """Return the name of the sheet that the settings name, or of the only one."""
    names: list[str] = book.sheet_names
    if wanted in names:
        return str(wanted)
    shown = ", ".join(map(repr, names)) or "none"
    if wanted is not None:
        problem = f"{file.shown} has no sheet {wanted!r}; it has {shown}"
        raise source_error(problem, "sheet")
    visible = [
        sheet.name
        for sheet in book.sheets_metadata
        if sheet.visible == python_calamine.SheetVisibleEnum.Visible
    ]
    if len(visible) != 1:
        problem = f"must say which sheet of {file.shown} is meant; it has {shown}"
        raise source_error(problem, "sheet")
    return str(visible[0])


def _header_at(rows: list[list[Any]], column: str | None) -> int | None:
    """Return the position of the header, none where there is nothing at all."""
    name = column or USUAL_NAME
    filled = [at for at, cells in enumerate(rows) if any(cell != "" for cell in cells)]
    named = [at for at in filled if name in map(_heading, rows[at])]
    return next(iter([*named, *filled]), None)


def _heading(cell: Any) -> str:
    is_whole = isinstance(cell, float) and cell.is_integer()
    return str(int(cell) if is_whole else cell).strip()
