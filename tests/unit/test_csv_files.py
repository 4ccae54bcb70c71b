"""CSV as spreadsheets and ERPs write it."""

from __future__ import annotations

from typing import Any

import pytest

from tap_purchase_orders.errors import SourceError
from tests.unit.configs import appzen, mistakes
from tests.unit.number_files import Folder
from tests.unit.source_contexts import items_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return Folder(tmp_path_factory.mktemp("numbers"))


def read(folder: Folder, name: str, content: bytes, **options: Any) -> list[Any]:
    (folder.path / name).write_bytes(content)
    return items_of({**folder.section(name), **options})


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    "header", ["purchase_order_number;supplier", '"purchase_order_number";"supplier"']
)
def test_the_delimiter_is_that_of_the_header(
    header: str, delimiter: str, folder: Folder
) -> None:
    content = f"{header}\n0012;'Foo'\n0013;\"Bar; Ltd.\"\n"

    found = read(folder, "a.csv", content.replace(";", delimiter).encode())

    assert found == ["0012", "0013"]


@pytest.mark.parametrize(
    ("header", "row", "column"),
    [
        ("Supplier, name;Order, number", "Foo, Ltd.;0012", "Order, number"),
        ("purchase_order_number;Supplier, name", "0012;Foo, Ltd.", None),
        ("a|b;purchase_order_number;c", "1;0012;2", None),
    ],
)
def test_of_several_delimiters_that_counts_which_gives_the_column(
    header: str, row: str, column: str | None, folder: Folder
) -> None:
    options = {} if column is None else {"column": column}

    found = read(folder, "a.csv", f"{header}\n{row}\n".encode(), **options)

    assert found == ["0012"]


def test_where_it_is_not_certain_the_setting_says_the_delimiter(
    folder: Folder,
) -> None:
    content = b"a;b,c\n1;2,0012\n"

    with pytest.raises(SourceError, match=r"numbers\.delimiter`: must say.*, or ;"):
        read(folder, "a.csv", content)
    found = read(folder, "a.csv", content, delimiter=",", column="c")
    assert found == ["0012"]


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_line_that_names_the_delimiter_is_no_header(
    quote: str, folder: Folder
) -> None:
    content = f"{quote}sep=;{quote}\r\nnumber;a,b\r\n0012;x\r\n".encode()

    assert read(folder, "a.csv", content, column="number") == ["0012"]
    message = folder.refusal("b.csv", content + b"1;2;3\r\n", "number")
    assert "line 4 has 3 values" in message


@pytest.mark.parametrize(
    "content",
    [
        b'"number"\n"0012"\n',
        b'"number; or ""PO"""\n"0012"\n',
        b'\xef\xbb\xbf"number"\r\n"0012"\r\n',
        b'\r\n\r\n"number"\r\n0012',
    ],
)
def test_a_lone_header_may_be_quoted(content: bytes, folder: Folder) -> None:
    assert read(folder, "a.csv", content) == ["0012"]


def test_tabs_are_the_delimiter_of_tsv(folder: Folder) -> None:
    content = b"number\tsupplier\n0012\tFoo, Ltd.; Bar\n"

    assert read(folder, "a.tsv", content, column="number") == ["0012"]
    assert read(folder, "a.tsv", b"number\n0012\n") == ["0012"]


@pytest.mark.parametrize("suffix", [".csv", ".txt", ".jsonl", ".json"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_byte_order_mark_tells_the_encoding(
    encoding: str, suffix: str, folder: Folder
) -> None:
    texts = {
        ".csv": "№;Bestellung\n1;00é12\n",
        ".txt": "00é12\n",
        ".jsonl": '{"Bestellung": "00é12"}\n',
        ".json": '["00é12"]',
    }
    mark = "" if encoding in {"utf-16", "utf-8-sig"} else "\ufeff"
    content = (mark + texts[suffix]).encode(encoding)

    column = {"column": "Bestellung"} if suffix == ".csv" else {}

    assert read(folder, f"a{suffix}", content, **column) == ["00é12"]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [("windows-1252", "Köln €"), ("cp932", "購買"), ("cp437", "Ä")],
)
def test_any_other_encoding_is_named_by_the_setting(
    encoding: str, text: str, folder: Folder
) -> None:
    content = f"supplier;number\n{text};0012\n".encode(encoding)

    with pytest.raises(SourceError, match=r"numbers\.encoding`: .*line 2 is not UTF-8"):
        read(folder, "a.csv", content, column="number")
    found = read(folder, "a.csv", content, column="number", encoding=encoding)
    assert found == ["0012"]


def test_the_format_may_be_set_if_the_file_name_does_not_tell(folder: Folder) -> None:
    content = b"number\tsupplier\n0012\tFoo\n"

    found = read(folder, "EXPORT.XLS", content, format="tsv", column="number")

    assert found == ["0012"]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"delimiter": ";;"}, "delimiter` must be one character"),
        ({"delimiter": '"'}, "delimiter` must be one character"),
        ({"encoding": "klingon"}, "encoding` must be the name of an encoding"),
        ({"encoding": "base64"}, "encoding` must be the name of an encoding"),
        ({"format": "docx"}, "format` must be one of"),
        ({"path": "a.docx"}, "does not exist"),
        ({"path": "/"}, None),
        ({"path": "memory://a/b.docx"}, "must end in one of"),
        ({"path": "memory://a/b.docx", "format": "csv"}, None),
        ({"path": "memory://a/*"}, None),
        ({"sheet": "A", "column": "B", "verbatim": True, "allow_empty": True}, None),
    ],
)
def test_mistakes_in_the_settings_are_reported_before_reading(
    changed: dict[str, Any], words: str | None
) -> None:
    section = {"source": "file", "path": "memory://a/b.csv", **changed}

    lines = mistakes(appzen(purchase_order_numbers=section))

    assert len(lines) == (0 if words is None else 1)
    assert words is None or words in lines[0]
