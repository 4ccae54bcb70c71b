"""A list of purchase orders as a workbook, as people keep it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import openpyxl

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_SHEET, _COLUMN = "Open orders", "PO number"


def write_numbers(path: Path, numbers: Iterable[str]) -> dict[str, Any]:
    """Write a workbook; return the section of the settings with which it is read.

    Args:
        path: The file, which is not there yet.
        numbers: The purchase order numbers.
    """
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(_SHEET)
    sheet.append(["Purchase orders of the sandbox"])
    sheet.append([])
    sheet.append(["Row", _COLUMN])
    for row, number in enumerate(numbers, 1):
        sheet.append([row, number])
    book.save(path)
    return {"source": "file", "path": str(path), "sheet": _SHEET, "column": _COLUMN}
