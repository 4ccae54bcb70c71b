"""Folders and patterns of files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import fsspec
import pytest

from tap_purchase_orders.errors import SourceError
from tap_purchase_orders.number_sources.registry import number_source
from tests.unit.number_files import COLUMN, as_csv, as_jsonl, as_parquet
from tests.unit.source_contexts import items_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PARTS = {
    "part-1.parquet": as_parquet(["003", "004"]),
    "part-0.parquet": as_parquet(["001", "002"]),
    "_SUCCESS": b"",
    ".part-0.parquet.crc": b"\0\1",
}
NUMBERS = ["001", "002", "003", "004"]


@pytest.fixture(params=["here", "elsewhere"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """A folder, by what its path begins with, and what writes a file into it."""
    if request.param == "here":

        def write(name: str, content: bytes) -> None:
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)

        yield f"{tmp_path}/", write
        return
    system = fsspec.filesystem("memory")
    yield "memory://bucket/", lambda name, data: system.pipe(f"/bucket/{name}", data)
    system.rm("/", recursive=True)


def section(path: str, **more: Any) -> dict[str, Any]:
    return {"source": "file", "path": path, "column": COLUMN, **more}


@pytest.mark.parametrize("pattern", ["", "*.parquet", "part-*", "**/*.parquet"])
def test_a_folder_or_a_pattern_is_all_its_files_in_the_order_of_their_names(
    pattern: str, place: Any
) -> None:
    path, write = place
    for name, content in PARTS.items():
        write(name, content)
    of = section(path + pattern)
    source = number_source(of)

    assert items_of(of) == NUMBERS
    assert source.count(of) == 4
    before = source.identity(of)
    assert source.identity(of) == before
    write("part-2.parquet", as_parquet(["005"]))
    assert source.identity(of) != before
    assert items_of(of) == [*NUMBERS, "005"]


def test_files_of_several_formats_are_read_by_their_names(place: Any) -> None:
    path, write = place
    write("1.csv", as_csv(["A"]))
    write("2.jsonl", as_jsonl(["B"]))
    of = section(path)

    assert items_of(of) == ["A", "B"]
    assert number_source(of).count(of) is None


def test_a_file_of_an_unknown_format_is_not_passed_over(place: Any) -> None:
    path, write = place
    write("1.csv", as_csv(["A"]))
    write("2.csv.bak", as_csv(["B"]))

    with pytest.raises(SourceError, match=r"2\.csv\.bak must end in one of"):
        items_of(section(path))
    assert items_of(section(f"{path}*.csv")) == ["A"]
    assert items_of(section(path, format="csv")) == ["A", "B"]


def test_what_is_wrong_with_one_of_them_names_it(place: Any) -> None:
    path, write = place
    write("1.csv", as_csv(["A"]))
    write("2.csv", b"x,y\n")

    with pytest.raises(SourceError, match=r"2\.csv has no column 'number'"):
        items_of(section(path))


def test_a_folder_or_a_pattern_without_files_has_no_numbers(
    place: Any, tmp_path: Path
) -> None:
    path, _ = place
    (tmp_path / "folder").mkdir()

    assert items_of(section(f"{path}*.csv")) == []
    assert items_of(section(f"{tmp_path}/folder")) == []


def test_a_name_may_hold_the_signs_of_a_pattern(tmp_path: Path) -> None:
    (tmp_path / "a[1].csv").write_bytes(as_csv(["A"]))

    assert items_of(section(f"{tmp_path}/a[1].csv")) == ["A"]
