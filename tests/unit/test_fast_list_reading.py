"""What is read many at a time is what is read one at a time."""

from __future__ import annotations

import csv
import logging
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from typing_extensions import override

from tap_purchase_orders.errors import SourceError
from tap_purchase_orders.number_sources.files.csv_rows import CsvColumn
from tap_purchase_orders.number_sources.odd_numbers import (
    OddTextError,
    are_plain,
    number_in,
)
from tests.unit.number_files import Folder, as_parquet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ODD = [
    *("NULL", "none", "NaN", "N/A", "\\N", "#N/A N/A", "(null)", "Nan", "nA"),
    *('="0012"', '="', "4.5E+09", "4,5e+9", "4E10", "6.0", "6,00", "6.1", "7."),
    *("#REF!", "#ref!", "#7", "", " ", "A ", " A", "A B", "\tA", "A\nB", "A\r"),
    *(
        "\ufeff7",
        "4\u200b5",
        "4\u00ad5",
        "\u00a07",
        "№ 7",
        "\u0663.\u0660",
        "NL-7",
        "n",
    ),
    "\x7f",
]
texts = st.one_of(
    st.sampled_from(ODD),
    st.text('0123456789NnEe+-.,=#"\\ \t\u00a0é', max_size=6),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
    st.from_regex(r"[0-9]{1,10}", fullmatch=True),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return Folder(tmp_path_factory.mktemp("numbers"))


class Warnings(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@pytest.fixture(scope="module")
def outcome(folder: Folder) -> Iterator[Callable[[Any], tuple[Any, ...]]]:
    """Returns what comes of a column of Parquet: numbers or an error, and warnings."""
    warnings, logger = Warnings(), logging.getLogger("tap_purchase_orders")
    logger.addHandler(warnings)

    def read(column: Any) -> tuple[Any, ...]:
        warnings.messages = []
        try:
            found: Any = folder.read("a.parquet", as_parquet(column))
        except SourceError as error:
            found = str(error)
        return found, warnings.messages

    yield read
    logger.removeHandler(warnings)


# A column of bytes is read one value at a time.
@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), "dictionary"])
@given(values=st.lists(texts | st.none(), max_size=8))
@example(values=["A", None, "6.0"])
@example(values=[None, "\ufeff7", None, "A\nB"])
def test_a_column_of_text_is_read_as_one_of_bytes(
    kind: Any, outcome: Callable[[Any], tuple[Any, ...]], values: list[str | None]
) -> None:
    column = pa.array(values, pa.string())
    many = column.dictionary_encode() if kind == "dictionary" else column.cast(kind)

    assert outcome(many) == outcome(column.cast(pa.binary()))


# A column of decimals is read one value at a time.
@pytest.mark.parametrize("kind", [pa.int64(), pa.uint32(), pa.int8()])
@given(data=st.data())
def test_a_column_of_integers_is_read_as_one_of_decimals(
    kind: Any, outcome: Callable[[Any], tuple[Any, ...]], data: st.DataObject
) -> None:
    bits = kind.bit_width
    least, most = (
        (0, 2**bits) if "u" in str(kind) else (-(2 ** (bits - 1)), 2 ** (bits - 1))
    )
    numbers = st.integers(least, most - 1)
    values = data.draw(st.lists(numbers | st.none(), max_size=8))
    decimals = [None if each is None else Decimal(each) for each in values]

    many = outcome(pa.array(values, kind))

    assert many == outcome(pa.array(decimals, pa.decimal128(38, 0)))


@given(st.lists(texts, min_size=1, max_size=5))
def test_texts_are_plain_if_each_of_them_is_a_number_as_it_stands(
    given_texts: list[str],
) -> None:
    def is_plain(text: str) -> bool:
        try:
            return text != "" and number_in(text) == text
        except OddTextError:
            return False

    expected = all(map(is_plain, given_texts))
    joined = "".join(given_texts).encode()

    # What takes longer may be asked for in vain, but never the other way round.
    if are_plain(given_texts) or are_plain(given_texts, joined):
        assert expected
    if expected and not any(set("#+.,=") & set(text) for text in given_texts):
        assert are_plain(given_texts)


cells = st.text('ab7;" ', max_size=3) | st.sampled_from(['"a;b"', '"a""b"', '"', "7"])
quoted = st.sampled_from(['"a"', '"7"', '""', '"a;b"', '";"'])
kinds = [cells, quoted, st.text("ab7 ", max_size=2), quoted | cells]
rows = [st.lists(each, min_size=2, max_size=2).map(";".join) for each in kinds]
rows.append(st.lists(quoted | cells, max_size=3).map(";".join))
csv_lines = st.one_of([st.lists(each, max_size=8) for each in rows])


def blocks_of(lines: list[str], ends: list[int]) -> list[str]:
    """Return lines in blocks, which end behind some of them."""
    cuts = sorted({0, *(end % (len(lines) + 1) for end in ends), len(lines)})
    return ["".join(lines[begin:end]) for begin, end in pairwise(cuts)]


def read_by_rows(
    lines: list[str], width: int, place: int
) -> tuple[list[tuple[str, int]], list[str]]:
    """Return each value with its line, and what is wrong with any line."""
    rows = csv.reader(lines, delimiter=";", strict=True)
    found, problems = [], []
    try:
        for row in filter(None, rows):
            if len(row) == width:
                found.append((row[place], 1 + rows.line_num))
            else:
                problems.append(f"line {1 + rows.line_num} has {len(row)} values")
    except csv.Error as error:
        problems.append(f"no CSV: line {1 + rows.line_num}: {error}")
    return found, problems


@settings(max_examples=500)
@given(
    width=st.integers(1, 3),
    place=st.integers(0, 2),
    lines=csv_lines,
    ends=st.lists(st.integers(0, 8), max_size=3),
    end=st.sampled_from(["", "\n"]),
)
@example(width=2, place=1, lines=["a;7", "b;8"], ends=[1], end="")
@example(width=2, place=0, lines=["a;7", '"b', 'c";8', "d;9"], ends=[1, 2], end="\n")
@example(width=2, place=0, lines=['"a";"7"', '"b";";"'], ends=[1], end="")
@example(width=1, place=0, lines=['"', '"'], ends=[], end="\n")
@example(width=2, place=0, lines=['"a";""', '"";"b"";""c"'], ends=[], end="\n")
@example(width=1, place=0, lines=["a", "", "b;c"], ends=[1], end="\n")
def test_blocks_of_csv_are_read_as_the_standard_library_reads_their_lines(
    width: int, place: int, lines: list[str], ends: list[int], end: str
) -> None:
    place %= width
    text = "".join(f"{line}\n" for line in lines)
    whole = (text if end else text.removesuffix("\n")).splitlines(keepends=True)
    expected, problems = read_by_rows(whole, width, place)
    column = CsvColumn("a.csv", ";", width, place)
    found: list[tuple[str, int]] = []

    refusal = ""
    try:
        # The header is line 1.
        for values, line_of in column.pages(iter(blocks_of(whole, ends)), 1):
            found += [(each, line_of(at)) for at, each in enumerate(values)]
    except SourceError as error:
        refusal = str(error)

    if problems:
        assert any(problem in refusal for problem in problems)
        assert found == expected[: len(found)]
    else:
        assert (found, refusal) == (expected, "")
