"""Workbooks in every format but `.xlsx`, which has tests of its own."""

from __future__ import annotations

from typing import Any

import pytest
import python_calamine

from tap_purchase_orders.errors import SourceError
from tests.unit.number_files import Folder
from tests.unit.source_contexts import items_of
from tests.unit.workbook_files import WORKBOOKS

NUMBERS = ["0012", "PO 7, 2024", "№ 7", "4500001234"]
in_every_format = pytest.mark.parametrize("suffix", WORKBOOKS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return Folder(tmp_path_factory.mktemp("numbers"))


def read(folder: Folder, name: str, content: bytes, **options: Any) -> list[Any]:
    (folder.path / name).write_bytes(content)
    return items_of({**folder.section(name), **options})


def book(suffix: str, *hidden: str, **sheets: list[list[Any]]) -> bytes:
    return WORKBOOKS[suffix](sheets, hidden)


@in_every_format
def test_texts_come_as_they_are(
    suffix: str, folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [["Supplier", "PO"], *(["Foo", number] for number in NUMBERS)]

    found = read(folder, f"a{suffix}", book(suffix, Orders=rows), column="PO")

    assert found == NUMBERS
    assert not caplog.records


@in_every_format
def test_numbers_come_exactly_with_a_warning_of_leading_zeros(
    suffix: str, folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    # Formats have some small ones in other ways than large ones.
    numbers = [7, 12, 2**29 - 1, 2**29, 4500001234, 999_999_999_999_999]
    content = book(suffix, Orders=[["PO"], *([number] for number in numbers)])

    assert read(folder, f"a{suffix}", content) == list(map(str, numbers))
    (warning,) = [record.message for record in caplog.records]
    assert "column 'PO'" in warning
    assert "leading zeros" in warning


@in_every_format
def test_a_number_of_more_digits_than_a_spreadsheet_keeps_is_refused(
    suffix: str, folder: Folder
) -> None:
    content = book(suffix, Orders=[["PO"], [7], [1234567890123456]])

    with pytest.raises(SourceError, match=r"row 3 holds 1234567890123456 as a number"):
        read(folder, f"a{suffix}", content)


@in_every_format
def test_sheet_and_column_are_those_of_the_settings(
    suffix: str, folder: Folder
) -> None:
    content = book(
        suffix,
        Orders=[["PO", "Old PO"], ["A", "B"]],
        Archive=[["Orders of 2025"], [], ["Supplier", "PO"], ["Foo", "0012"]],
    )
    name = f"a{suffix}"

    assert read(folder, name, content, sheet="Archive", column="PO") == ["0012"]
    assert read(folder, name, content, sheet="Orders", column="Old PO") == ["B"]
    for options, setting, shown in (
        ({"column": "PO"}, "sheet", "'Orders', 'Archive'"),
        ({"sheet": "New", "column": "PO"}, "sheet", "'Orders', 'Archive'"),
        ({"sheet": "Orders", "column": "Number"}, "column", "'PO', 'Old PO'"),
    ):
        with pytest.raises(SourceError) as caught:
            read(folder, name, content, **options)
        assert f"`appzen.purchase_order_numbers.{setting}`" in str(caught.value)
        assert shown in str(caught.value)


@in_every_format
def test_without_a_sheet_the_only_one_that_is_shown_is_taken(
    suffix: str, folder: Folder
) -> None:
    sheets = {"Orders": [["PO"], ["A"]], "Old": [["PO"], ["B"]]}

    assert read(folder, f"a{suffix}", book(suffix, "Old", **sheets)) == ["A"]


@in_every_format
def test_empty_cells_are_nulls_and_empty_rows_are_none(
    suffix: str, folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    rows: list[list[Any]] = [["PO", "x"], ["A", 1], [None, None], [None, 2], ["B", 3]]

    found = read(folder, f"a{suffix}", book(suffix, Orders=rows), column="PO")

    assert found == ["A", "B"]
    (warning,) = [record.message for record in caplog.records]
    assert warning.endswith("is null: 1")


@in_every_format
def test_a_broken_file_is_one_clear_error(suffix: str, folder: Folder) -> None:
    content = book(suffix, Orders=[["PO"], ["A"]])
    name = f"a{suffix}"

    assert "cannot be read" in folder.refusal(name, content[: len(content) // 2], None)
    assert "`format` as csv or tsv" in folder.refusal(name, b"PO\n0012\n", None)


def test_a_panic_of_the_library_is_one_clear_error(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    panic: Any = type("PanicException", (BaseException,), {})

    def load_workbook(_: object) -> None:
        raise panic

    monkeypatch.setattr(python_calamine, "load_workbook", load_workbook)
    content = book(".xls", Orders=[["PO"], ["A"]])

    refusal = folder.refusal("a.xls", content, None)
    assert "a.xls cannot be read: it is broken, or cut off" in refusal
