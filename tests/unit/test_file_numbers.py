from __future__ import annotations

import gzip
import io
import json
import logging
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from tap_purchase_orders.number_sources.odd_numbers import OddTextError, number_in
from tests.unit.number_files import (
    PACKINGS,
    TEXT_FORMATS,
    WRITERS,
    Folder,
    as_csv,
    as_jsonl,
    as_parquet,
)


def _is_read_as_it_stands(text: str) -> bool:
    try:
        return number_in(text) == text.strip()
    except OddTextError:
        return False


# Whatever can be printed.
any_text = st.text(st.characters().filter(str.isprintable), max_size=12).filter(
    _is_read_as_it_stands
)
zero_led = st.from_regex(r"0{1,4}[0-9]{1,8}", fullmatch=True)
numbers = st.lists(any_text | zero_led, max_size=20)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return Folder(tmp_path_factory.mktemp("numbers"))


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("suffix", TEXT_FORMATS)
@given(texts=numbers)
def test_numbers_come_out_of_a_text_format_as_they_went_in(
    suffix: str, packing: str, folder: Folder, texts: list[str]
) -> None:
    packed = PACKINGS[packing](WRITERS[suffix](texts))

    found = folder.read(f"a{suffix}{packing}", packed)

    assert found == [text.strip() for text in texts]


@pytest.mark.parametrize("compression", ["none", "snappy", "zstd", "gzip"])
@given(texts=numbers, rows=st.integers(min_value=1, max_value=7))
def test_numbers_come_out_of_parquet_as_they_went_in(
    compression: str, folder: Folder, texts: list[str], rows: int
) -> None:
    content = as_parquet(texts, compression=compression, row_group_size=rows)

    assert folder.read("a.parquet", content) == [text.strip() for text in texts]


@pytest.mark.parametrize("suffix", WRITERS)
def test_a_long_list_comes_out_whole_and_in_its_order(
    suffix: str, folder: Folder
) -> None:
    # Longer than what is read at a time, with characters that cross the borders.
    texts = [f"№ {number:06d} é" for number in range(50_000)]

    assert folder.read(f"long{suffix}", WRITERS[suffix](texts)) == texts


@pytest.mark.parametrize("suffix", [".txt", ".csv", ".jsonl"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_a_byte_order_mark_and_any_ends_of_lines_are_no_part_of_a_number(
    suffix: str, ends: str, folder: Folder
) -> None:
    content = WRITERS[suffix](["01", "02"]).decode().replace("\r\n", "\n")
    with_mark = content.replace("\n", ends).encode("utf-8-sig")

    assert folder.read(f"mark{suffix}", with_mark) == ["01", "02"]


def test_a_blank_line_of_a_text_is_a_blank_number(folder: Folder) -> None:
    assert folder.read("a.txt", b"A\n\n \t\nB") == ["A", "", "", "B"]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_a_row_without_anything_is_no_row(suffix: str, folder: Folder) -> None:
    content = WRITERS[suffix](["A", "", "B"]).replace(b"\n", b"\n\n")

    assert folder.read(f"a{suffix}", content) == ["A", "", "B"]


@pytest.mark.parametrize("suffix", [".txt", ".csv", ".jsonl"])
def test_a_file_that_holds_nothing_holds_no_numbers(
    suffix: str, folder: Folder
) -> None:
    assert folder.read(f"a{suffix}", b"") == []


def test_frames_and_members_that_follow_each_other_are_one_text(folder: Folder) -> None:
    for packing in (".gz", ".zst"):
        one, two = (PACKINGS[packing](each) for each in (b"A\nB", b"C\n"))

        assert folder.read(f"a.txt{packing}", one + two) == ["A", "BC"]


def test_suffixes_are_known_in_capitals_too(folder: Folder) -> None:
    content = gzip.compress(as_csv(["A"]))

    assert folder.read("EXPORT.2026.CSV.GZ", content) == ["A"]


# Which column


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_without_a_column_the_usual_one_or_the_only_one_is_taken(
    suffix: str, folder: Folder
) -> None:
    for names in (["any"], ["x", "purchase_order_number", "y"]):
        file = io.BytesIO()
        if suffix == ".parquet":
            parquet.write_table(pa.table({name: ["A"] for name in names}), file)
        elif suffix == ".csv":
            file.write(f"{','.join(names)}\n{','.join('A' for _ in names)}\n".encode())
        else:
            file.write(json.dumps(dict.fromkeys(names, "A")).encode())

        assert folder.read(f"a{suffix}", file.getvalue(), column=None) == ["A"]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
@pytest.mark.parametrize("column", [None, "Number"])
def test_a_missing_column_is_an_error_that_names_the_columns(
    suffix: str, column: str | None, folder: Folder
) -> None:
    message = folder.refusal(f"a{suffix}", WRITERS[suffix](["A"]), column)

    assert "`appzen.purchase_order_numbers.column`" in message
    assert "'row', 'number'" in message


def test_of_many_columns_ten_are_named(folder: Folder) -> None:
    header = ",".join(f"c{number}" for number in range(25)).encode()

    message = folder.refusal("wide.csv", header + b"\n")

    assert "'c9' and 15 more" in message
    assert "c10" not in message


def test_a_column_that_is_there_twice_is_refused(folder: Folder) -> None:
    assert "2 columns 'a'" in folder.refusal("a.csv", b"a,a\n1,2\n", "a")


def test_the_name_of_a_column_of_parquet_may_hold_a_point(folder: Folder) -> None:
    file = io.BytesIO()
    parquet.write_table(pa.table({"a": ["no"], "a.b": ["yes"]}), file)

    assert folder.read("a.parquet", file.getvalue(), "a.b") == ["yes"]


def test_a_column_says_nothing_about_a_text(
    folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    assert folder.read("a.txt", b"A\n", "number") == ["A"]
    assert folder.read("a.txt", b"A\n", None) == ["A"]
    (warning,) = [record.getMessage() for record in caplog.records]
    assert "`appzen.purchase_order_numbers.column`" in warning


def test_quoted_values_may_hold_commas_quotes_and_line_ends(folder: Folder) -> None:
    content = b'x,number\n"a\nb","PO ""7"", 2024"\n'

    assert folder.read("a.csv", content) == ['PO "7", 2024']


# Values that are no text


def test_numeric_values_keep_all_their_digits_and_there_is_a_warning(
    folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    values = b"".join(
        b'{"number": %s}\n' % value
        for value in (b"7", b"7.0", b"12345678901234567890123", b"1e3", b"1.50")
    )

    found = folder.read("a.jsonl", values)

    assert found == ["7", "7", "12345678901234567890123", "1000", "1.50"]
    (warning,) = [record.getMessage() for record in caplog.records]
    assert "leading zeros" in warning


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        (pa.int64(), [7, -(2**63), None], ["7", "-9223372036854775808"]),
        (pa.uint64(), [2**64 - 1], ["18446744073709551615"]),
        (pa.float64(), [7.0, 2.0**53 - 1, None], ["7", "9007199254740991"]),
        (pa.float64(), [1.5, 1e-7], ["1.5", "0.0000001"]),
        (pa.decimal128(38, 0), [10**37], ["1" + "0" * 37]),
    ],
)
def test_numeric_columns_of_parquet_keep_all_their_digits(
    kind: Any, values: list[Any], expected: list[str], folder: Folder
) -> None:
    assert folder.read("a.parquet", as_parquet(pa.array(values, kind))) == expected


def test_not_a_number_is_what_null_is(folder: Folder) -> None:
    column = pa.array([1.0, float("nan")])

    assert folder.read("a.parquet", as_parquet(column)) == ["1"]


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["A", "B", "A"]).dictionary_encode(),
        pa.array([b"A", b"B", b"A"]),
        pa.array(["A", "B", "A"], pa.large_string()),
    ],
)
def test_text_is_text_however_parquet_stores_it(column: Any, folder: Folder) -> None:
    assert folder.read("a.parquet", as_parquet(column)) == ["A", "B", "A"]


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (pa.array([True]), "bool"),
        (pa.array([0], pa.date32()), "date32"),
        (pa.array([["A"]]), "list"),
    ],
)
def test_another_type_of_parquet_is_refused(
    column: Any, kind: str, folder: Folder
) -> None:
    message = folder.refusal("a.parquet", as_parquet(column))

    assert "`appzen.purchase_order_numbers.column`: column 'number'" in message
    assert f"the type {kind}" in message


@pytest.mark.parametrize("value", [True, ["A"], {"A": 1}])
def test_another_type_of_json_is_refused_with_its_row(
    value: Any, folder: Folder
) -> None:
    message = folder.refusal("a.jsonl", as_jsonl(["A", value]))

    assert "column 'number'" in message
    assert "row 2" in message


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_nulls_are_left_out_and_counted_in_one_warning(
    suffix: str, folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    values = ["A", None, "", None]
    content = as_jsonl(values) if suffix == ".jsonl" else as_parquet(values)

    assert folder.read(f"a{suffix}", content) == ["A", ""]
    (warning,) = [record.getMessage() for record in caplog.records]
    assert warning.endswith("is null: 2")


def test_objects_without_the_member_are_nulls(
    folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    assert folder.read("a.jsonl", b'{"x":1}\n{"number":"A"}\n') == ["A"]
    assert [r.levelno for r in caplog.records] == [logging.WARNING]
