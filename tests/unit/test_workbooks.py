"""Workbooks as people and programs write them."""

from __future__ import annotations

import datetime as dt
import io
import sys
from typing import Any

import openpyxl
import pytest

from tap_purchase_orders.errors import SourceError
from tests.unit.number_files import Folder
from tests.unit.source_contexts import items_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return Folder(tmp_path_factory.mktemp("numbers"))


def workbook(*rows: list[Any], **sheets: list[list[Any]]) -> bytes:
    """Return a workbook with a first sheet `Orders`, and others by name."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Orders"
    for name, content in [("Orders", [*rows]), *sheets.items()]:
        if name != "Orders":
            book.create_sheet(name)
        for at, row in enumerate(content, 1):
            for column, value in enumerate(row, 1):
                book[name].cell(at, column, value)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def read(folder: Folder, content: bytes, **options: Any) -> list[Any]:
    (folder.path / "a.xlsx").write_bytes(content)
    return items_of({**folder.section("a.xlsx"), **options})


def refusal(folder: Folder, content: bytes, **options: Any) -> str:
    with pytest.raises(SourceError) as caught:
        read(folder, content, **options)
    assert "a.xlsx" in str(caught.value)
    return str(caught.value)


def test_texts_and_numbers_come_exactly_with_a_warning_of_leading_zeros(
    folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    content = workbook(
        ["Supplier", "PO"],
        ["Foo", "0012"],
        ["Foo", 4500001234],
        ["Bar", 999_999_999_999_999],
        ["Bar", " PO 7, 2024 "],
    )

    found = read(folder, content, column="PO")

    assert found == ["0012", "4500001234", "999999999999999", "PO 7, 2024"]
    (warning,) = [r.message for r in caplog.records]
    assert "leading zeros" in warning


def test_the_header_may_stand_below_a_title(folder: Folder) -> None:
    content = workbook(
        [], ["Open orders of 2026-03-01"], [], ["Supplier", "PO"], ["Foo", "0012"]
    )

    assert read(folder, content, column="PO") == ["0012"]


def test_without_a_column_the_usual_one_or_the_only_one_is_taken(
    folder: Folder,
) -> None:
    usual = workbook(["Orders"], ["x", "purchase_order_number"], ["Foo", "0012"])
    only = workbook(["Order"], ["0012"])

    assert read(folder, usual) == ["0012"]
    assert read(folder, only) == ["0012"]
    several = refusal(folder, workbook(["a", "b"], ["0012", "x"]))
    assert "must say which column" in several
    assert "'a', 'b'" in several


def test_a_sheet_without_a_header_does_not_lose_its_first_number(
    folder: Folder,
) -> None:
    content = workbook([4500001234], [4500001235])

    assert "has to be a heading" in refusal(folder, content)


def test_empty_cells_are_nulls_and_empty_rows_are_none(
    folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    content = workbook(["PO", "x"], ["A", 1], [None, None], [None, 2], ["B", 3])

    assert read(folder, content, column="PO") == ["A", "B"]
    (warning,) = [r.message for r in caplog.records]
    assert warning.endswith("is null: 1")


def test_a_long_sheet_comes_whole(folder: Folder) -> None:
    numbers = [f"PO-{number:06d}" for number in range(5_000)]

    assert read(folder, workbook(["PO"], *([n] for n in numbers))) == numbers


def test_the_sheet_is_the_only_one_that_is_shown_or_that_of_the_setting(
    folder: Folder,
) -> None:
    content = workbook(["PO"], ["A"], Old=[["PO"], ["B"]])
    book = openpyxl.load_workbook(io.BytesIO(content))
    book["Old"].sheet_state = "hidden"
    file = io.BytesIO()
    book.save(file)

    assert read(folder, file.getvalue()) == ["A"]
    assert read(folder, content, sheet="Old") == ["B"]
    for options in ({}, {"sheet": "New"}):
        message = refusal(folder, content, **options)
        assert "`appzen.purchase_order_numbers.sheet`" in message
        assert "'Orders', 'Old'" in message


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (1234567890123456, "in row 3 holds 1234567890123456 as a number of floating"),
        (dt.date(2026, 3, 1), "row 3 holds a value of type date"),
        (True, "row 3 holds a value of type bool"),
        ("4.5E+09", "row 3 holds '4.5E+09'"),
    ],
)
def test_what_may_be_another_number_is_refused_with_its_row(
    value: Any, words: str, folder: Folder
) -> None:
    message = refusal(folder, workbook(["PO"], ["A"], [value]), column="PO")

    assert "column 'PO'" in message
    assert words in message


def test_a_file_that_is_no_workbook_is_an_error(folder: Folder) -> None:
    assert "`format` as csv or tsv" in refusal(folder, b"PO\tSupplier\n0012\tFoo\n")
    assert "cannot be read" in refusal(folder, workbook(["PO"])[:-50])
    assert "Excel file" in folder.refusal("a.csv", workbook(["PO"], ["A"]))


@pytest.mark.parametrize(
    ("name", "package", "extra"),
    [
        ("a.xlsx", "python_calamine", "excel"),
        ("a.parquet", "pyarrow", "parquet"),
        ("a.txt.zst", "zstandard", "zstd"),
    ],
)
def test_the_extra_that_is_missing_is_named(
    name: str, package: str, extra: str, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    modules = ("parquet", "workbook")
    for module in (
        f"tap_purchase_orders.number_sources.files.{each}" for each in modules
    ):
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(SourceError) as caught:
        folder.read(name, b"A", None)
    message = str(caught.value)

    assert f"needs the package {package}: install the extra `{extra}`" in message
    assert f"pip install '.[{extra}]'" in message
