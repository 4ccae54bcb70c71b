"""Files whose numbers are not what they seem to be."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from tests.unit.number_files import COLUMN, Folder, as_csv, as_jsonl, as_parquet, as_txt
from tests.unit.source_contexts import items_of

if TYPE_CHECKING:
    from collections.abc import Callable

WRITERS: dict[str, Callable[[list[str]], bytes]] = {
    ".txt": as_txt,
    ".csv": as_csv,
    ".jsonl": as_jsonl,
    ".json": lambda texts: json.dumps([{COLUMN: text} for text in texts]).encode(),
    ".parquet": as_parquet,
}
in_every_format = pytest.mark.parametrize("suffix", WRITERS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return Folder(tmp_path_factory.mktemp("numbers"))


# Rows that do not fit their header


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("supplier,number,amount\nFoo Ltd.,4500001234,5\nFoo, Ltd.,4500001235,7\n", 3),
        ("number\n4500001234\nPO 7,2024\n", 3),
        ("number,amount\n4500001234,5\n\n4500001235\n", 4),
        ("number,amount\n4500001234,5,\n", 2),
        ('supplier,number\n"Foo\nLtd.",4500001234\nFoo, Ltd.,4500001235\n', 4),
        ("number\n" + "4500001234\n" * 5000 + "PO 7,2024\n", 5002),
    ],
)
def test_a_row_that_does_not_fit_the_header_is_refused_with_its_line(
    content: str, line: int, folder: Folder
) -> None:
    message = folder.refusal("rows.csv", content.encode())

    assert f"line {line} has" in message


@pytest.mark.parametrize(
    "content",
    [
        "4500001234\n4500001235\n",
        "PO-0001\nPO-0002\n",
        "4500001234\n",
        "ABC/17\nDEF/18\n",
    ],
)
def test_a_file_without_a_header_does_not_lose_its_first_number(
    content: str, folder: Folder
) -> None:
    message = folder.refusal("headless.csv", content.encode(), None)

    assert "has to be a heading" in message
    first = content.partition("\n")[0]
    assert folder.read("headless.csv", content.encode(), first)[:1] != [first]


@pytest.mark.parametrize("heading", ["number", "PO1", "Bestellung 2026", "№"])
def test_a_heading_may_hold_digits(heading: str, folder: Folder) -> None:
    content = f"{heading}\n4500001234\n".encode()

    assert folder.read("a.csv", content, None) == ["4500001234"]


@pytest.mark.parametrize("suffix", [".txt", ".csv", ".jsonl"])
@pytest.mark.parametrize(
    "page",
    [b"<!DOCTYPE html><title>Sign in</title>", b"\n <html>\n<body>\n4500001234\n"],
)
def test_a_sign_in_page_is_not_taken_for_a_list(
    page: bytes, suffix: str, folder: Folder
) -> None:
    assert "a web page" in folder.refusal(f"page{suffix}", page, None)


# Floating point


@pytest.mark.parametrize(
    ("kind", "exact", "inexact"),
    [
        (pa.float64(), 2**53 - 1, 12345678901234567),
        (pa.float32(), 2**24 - 1, 4500001280),
        (pa.float16(), 2**11 - 1, 4096),
    ],
)
def test_a_float_that_cannot_hold_its_number_is_refused(
    kind: Any, exact: int, inexact: int, folder: Folder
) -> None:
    numbers = pa.array([exact, exact], pa.int64()).cast(kind, safe=False)
    wrong = pa.array([exact, inexact], pa.int64()).cast(kind, safe=False)

    assert folder.read("f.parquet", as_parquet(numbers)) == [str(exact)] * 2
    message = folder.refusal("f.parquet", as_parquet(wrong))
    assert "column 'number'" in message
    assert "row 2" in message
    assert "floating point" in message


# JSON


@pytest.mark.parametrize("suffix", [".jsonl", ".json"])
@pytest.mark.parametrize("count", [0, 500])
def test_without_a_column_no_other_member_is_taken_for_the_numbers(
    suffix: str, count: int, folder: Folder
) -> None:
    rows: list[dict[str, Any]] = [{"supplier": "Foo"}] * (count + 1)
    rows += [{"supplier": "Bar", "po": "4500001234"}]
    lines = "\n".join(map(json.dumps, rows))
    content = (lines if suffix == ".jsonl" else json.dumps(rows)).encode()

    message = folder.refusal(f"rows{suffix}", content, None)

    assert "must say which column" in message
    assert "'supplier', 'po'" in message


@pytest.mark.parametrize("suffix", [".jsonl", ".json"])
def test_the_usual_member_is_found_wherever_it_comes_first(
    suffix: str, folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [{"supplier": "Foo"}, {"purchase_order_number": "4500001234"}]
    lines = "\n".join(map(json.dumps, rows))
    content = (lines if suffix == ".jsonl" else json.dumps(rows)).encode()

    assert folder.read(f"rows{suffix}", content, None) == ["4500001234"]
    assert [r.message for r in caplog.records if "is null: 1" in r.message]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('["A", 7, null, "0012"]', ["A", "7", "0012"]),
        ("[ ]", []),
        ('\n[\n{"number": "A"},\n{"number": "B", "x": [1, {"y": 2}]}\n]\n', ["A", "B"]),
        ('{"number": "A"}\n{"number": "B"}\n', ["A", "B"]),
        ('[{"number": 12345678901234567890}]', ["12345678901234567890"]),
        ("[" + ",".join(f'"N{n}"' for n in range(20_000)) + "]", None),
        ("[" + ",".join(f"{n}" for n in range(20_000)) + "]", None),
    ],
)
def test_an_array_of_json_is_read_item_by_item(
    content: str, expected: list[str] | None, folder: Folder
) -> None:
    found = folder.read("a.json", content.encode())

    known = (
        [str(item) for item in json.loads(content)] if expected is None else expected
    )
    assert found == known


@pytest.mark.parametrize(
    "content",
    [
        '["A", "B"',
        '["A" "B"]',
        '["A",]',
        '["A"] ["B"]',
        "[,]",
        '["A", 12',
        '[{"number": "A"}, "B"]',
        '[{"number": "A"}, [1]]',
        '["A", ["B"]]',
        '{"number":\n"A"}',
    ],
)
def test_a_broken_array_is_refused(content: str, folder: Folder) -> None:
    folder.refusal("a.json", content.encode())


# Texts


@in_every_format
@pytest.mark.parametrize(
    "text",
    [
        "\ufeff4500001234",
        "45000\u200b01234",
        "4500001234\u200e",
        "\u20664500001234\u2069",
        '="4500001234"',
        ' ="4500001234" ',
        "\u00a04500001234\u00a0",
    ],
)
def test_invisible_characters_are_removed_with_a_warning(
    text: str, suffix: str, folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    found = folder.read(f"a{suffix}", WRITERS[suffix](["A", text, "B"]))

    assert found == ["A", "4500001234", "B"]
    warnings = [r.message for r in caplog.records if "invisible" in r.message]
    # Blanks at the ends go without saying.
    assert len(warnings) == (0 if text.strip() == "4500001234" else 1)


@in_every_format
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("4.5E+09", "rounded"),
        ("4,50000E+09", "rounded"),
        ("4500001234.0", "a fraction"),
        ("4500001234,00", "a fraction"),
        ("#REF!", "formula"),
        ("45\u00ad00", "U+00AD"),
        ("4 500\u00a0001\u202f234", "U+00A0"),
        ("4500\t001", "U+0009"),
    ],
)
def test_what_may_be_another_number_is_refused_with_its_row(
    text: str, words: str, suffix: str, folder: Folder
) -> None:
    content = WRITERS[suffix](["PO.1", "B", text])

    message = folder.refusal(f"a{suffix}", content)

    assert "row 3" in message or "row 4" in message
    assert words in message
    assert "`appzen.purchase_order_numbers.verbatim`" in message
    section = {**folder.section(f"a{suffix}", COLUMN), "verbatim": True}
    assert items_of(section) == ["PO.1", "B", text]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()])
def test_an_odd_text_far_down_a_column_of_parquet_is_refused_with_its_row(
    kind: Any, folder: Folder
) -> None:
    texts = [None if n % 11 == 0 else f"PO-{n}" for n in range(1, 40_001)]
    texts[25_000] = "4.5E+09"
    column = pa.array(texts, pa.string()).cast(kind)

    message = folder.refusal("a.parquet", as_parquet(column, row_group_size=7_000))

    assert "in row 25001 holds '4.5E+09'" in message


@in_every_format
@pytest.mark.parametrize("text", ["NULL", "null", "None", "NaN", "N/A", "#N/A", "\\N"])
def test_words_for_null_are_left_out_with_a_warning(
    text: str, suffix: str, folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    found = folder.read(f"a{suffix}", WRITERS[suffix](["A", text, "B"]))

    assert found == ["A", "B"]
    assert [r.message for r in caplog.records if "is null: 1" in r.message]


@in_every_format
def test_numbers_that_look_a_little_like_others_are_numbers(
    suffix: str, folder: Folder
) -> None:
    numbers = ["12E5", "4E10", "1.5", "6.1", "PO.0", "N", "NULL-1", "=", "a+b", "A  B"]
    numbers += ["-", "PO/7", "PO 7, 2024", "№ 7", "#7"]

    assert folder.read(f"a{suffix}", WRITERS[suffix](numbers)) == numbers
