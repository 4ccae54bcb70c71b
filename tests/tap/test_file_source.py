"""Numbers from a file: runs that go on, and files that cannot be read."""

from __future__ import annotations

import gzip
import io
import json
import os
from typing import TYPE_CHECKING, Any

import openpyxl
import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.tap.scenes import Played, play_named
from tests.tap.tap import Run, run_tap
from tests.tap.upstream import Upstream
from tests.tap.worlds import (
    NUMBER_PATH,
    appzen,
    order,
    partner_center,
    purchase_order,
    serve_customers,
    serve_purchase_orders,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

NUMBERS = [f"00{number}" for number in range(10)]
SETTING = "`appzen.purchase_order_numbers"


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as started:
        serve_purchase_orders(started, {n: purchase_order(n) for n in NUMBERS})
        yield started


def read(
    upstream: Upstream, path: object, *arguments: str, state: Any = None, **more: Any
) -> Run:
    upstream.asked.clear()
    source = {"source": "file", "path": str(path), **more.pop("source", {})}
    section = appzen(upstream, [], purchase_order_numbers=source, **more)
    return run_tap({"appzen": section}, *arguments, state=state)


def asked(upstream: Upstream) -> list[str]:
    """Return the numbers that were asked for, in the order of the list."""
    paths = [asked.path.removeprefix(f"{NUMBER_PATH}/") for asked in upstream.asked]
    return sorted(paths)


def as_csv(numbers: list[str]) -> bytes:
    rows = [f"{number},x" for number in numbers]
    return "\n".join(["purchase_order_number,y", *rows, ""]).encode()


def as_parquet(numbers: list[str]) -> bytes:
    file = io.BytesIO()
    table = pa.table({"purchase_order_number": numbers, "y": numbers})
    parquet.write_table(table, file, row_group_size=3)
    return file.getvalue()


FORMATS: dict[str, Callable[[list[str]], bytes]] = {
    "txt": lambda numbers: "".join(f"{number}\n" for number in numbers).encode(),
    "csv.gz": lambda numbers: gzip.compress(as_csv(numbers), mtime=0),
    "jsonl": lambda numbers: "\n".join(
        json.dumps({"purchase_order_number": number}) for number in numbers
    ).encode(),
    "parquet": as_parquet,
}


@pytest.mark.parametrize("suffix", FORMATS)
def test_runs_with_a_budget_share_a_file_and_then_start_over(
    suffix: str, upstream: Upstream, tmp_path: Path
) -> None:
    path = tmp_path / f"numbers.{suffix}"
    # Duplicates are asked for once, on either side of a border.
    path.write_bytes(FORMATS[suffix]([*NUMBERS[:6], "000", *NUMBERS[4:], "009"]))
    state: Any = None
    seen = []
    for _ in range(4):
        run = read(upstream, path, state=state, max_requests_per_run=4)
        assert run.status == 0, run.log
        state = run.state
        seen.append(asked(upstream))

    assert seen == [NUMBERS[:4], NUMBERS[4:8], NUMBERS[8:], NUMBERS[:4]]


def test_a_file_that_was_written_again_is_gone_on_with(
    upstream: Upstream, tmp_path: Path
) -> None:
    path = tmp_path / "numbers.csv"
    path.write_bytes(as_csv(NUMBERS))
    first = read(upstream, path, max_requests_per_run=4)
    path.unlink()
    path.write_bytes(as_csv(NUMBERS))
    os.utime(path, (0, 0))

    read(upstream, path, state=first.state)

    assert asked(upstream) == NUMBERS[4:]


def test_a_file_that_has_changed_behind_the_interruption_is_gone_on_with(
    upstream: Upstream, tmp_path: Path
) -> None:
    path = tmp_path / "numbers.csv"
    path.write_bytes(as_csv(NUMBERS[:9]))
    first = read(upstream, path, max_requests_per_run=4)
    path.write_bytes(as_csv(NUMBERS))

    read(upstream, path, state=first.state)

    assert asked(upstream) == NUMBERS[4:]


def test_a_file_that_has_changed_before_the_interruption_starts_over(
    upstream: Upstream, tmp_path: Path
) -> None:
    path = tmp_path / "numbers.csv"
    path.write_bytes(as_csv(NUMBERS[1:]))
    first = read(upstream, path, max_requests_per_run=4)
    path.write_bytes(as_csv(NUMBERS))

    second = read(upstream, path, state=first.state)

    assert asked(upstream) == NUMBERS
    assert [line for line in second.logged("INFO") if "has changed" in line]


def test_a_blank_number_is_an_issue_and_no_failure(
    upstream: Upstream, tmp_path: Path
) -> None:
    path = tmp_path / "numbers.txt"
    path.write_bytes(b"000\n\n 001 \n  \n")

    run = read(upstream, path)

    assert run.status == 0
    assert asked(upstream) == ["000", "001"]
    assert [issue["kind"] for issue in run.issues()] == ["invalid_number"]


@pytest.mark.parametrize("suffix", [*FORMATS, "blank.txt"])
def test_an_empty_file_is_a_failure_unless_that_may_be(
    suffix: str, upstream: Upstream, tmp_path: Path
) -> None:
    path = tmp_path / f"numbers.{suffix}"
    path.write_bytes(b"\n \n" if suffix == "blank.txt" else FORMATS[suffix]([]))

    run = read(upstream, path)
    allowed = read(upstream, path, source={"allow_empty": True})

    assert run.status == 1
    assert f"{SETTING}.path`: {path} gives no purchase order numbers" in run.errors[0]
    assert "allow_empty" in run.errors[0]
    assert allowed.status == 0
    assert upstream.asked == []
    assert [line for line in allowed.warnings if "nothing to read" in line]


def test_a_folder_without_files_is_a_failure_unless_that_may_be(
    upstream: Upstream, tmp_path: Path
) -> None:
    run = read(upstream, tmp_path)
    allowed = read(upstream, f"{tmp_path}/*.csv", source={"allow_empty": True})

    assert run.status == 1
    assert f"{SETTING}.path`" in run.errors[0]
    assert allowed.status == 0


@pytest.mark.parametrize("numbers", [[], "", " "])
def test_an_empty_list_in_the_settings_is_a_failure_unless_that_may_be(
    numbers: Any, upstream: Upstream
) -> None:
    source: dict[str, Any] = {"source": "list", "numbers": numbers}
    for more, status in (({}, 1), ({"allow_empty": True}, 0)):
        section = appzen(upstream, [], purchase_order_numbers={**source, **more})
        run = run_tap({"appzen": section})

        assert run.status == status
    assert upstream.asked == []


def test_a_workbook_is_read_by_sheet_and_column(
    upstream: Upstream, tmp_path: Path
) -> None:
    book = openpyxl.Workbook()
    sheet = book.create_sheet("Open orders")
    for row in (["Supplier", "PO"], ["Foo", "000"], ["Bar, Ltd.", "001"]):
        sheet.append(row)
    path = tmp_path / "numbers.xlsx"
    book.save(path)

    run = read(upstream, path, source={"sheet": "Open orders", "column": "PO"})

    assert run.status == 0
    assert asked(upstream) == ["000", "001"]


def test_numbers_that_are_no_text_are_warned_of_once(
    upstream: Upstream, tmp_path: Path
) -> None:
    path = tmp_path / "numbers.jsonl"
    path.write_text('{"n": 7}\n{"n": 8}\n{"n": null}\n')
    serve_purchase_orders(upstream, {n: purchase_order(n) for n in "78"})

    run = read(upstream, path)

    assert asked(upstream) == ["7", "8"]
    assert run.status == 0
    assert len(run.warnings) == 2
    assert "leading zeros" in run.warnings[0]
    assert run.warnings[1].endswith("is null: 1")


def test_the_connection_is_tried_with_the_first_number(
    upstream: Upstream, tmp_path: Path
) -> None:
    path = tmp_path / "numbers.txt"
    path.write_bytes(b"000\n" + b"\xff" * 1_000_000)

    broken = read(upstream, path, "--test")
    path.write_bytes(b"000\n001\n")
    good = read(upstream, path, "--test")

    assert broken.status == 1
    said = f"{SETTING}.encoding`: {path} cannot be read as text: line 2"
    assert [line for line in broken.errors if said in line]
    assert good.status == 0
    assert asked(upstream) == ["000"]


@pytest.mark.parametrize(
    ("suffix", "used"), [("csv.gz", set()), ("parquet", {"pyarrow"})]
)
def test_what_a_source_does_not_use_is_not_imported(
    suffix: str, used: set[str], upstream: Upstream, tmp_path: Path
) -> None:
    path = tmp_path / f"numbers.{suffix}"
    path.write_bytes(FORMATS[suffix](NUMBERS))
    section = appzen(upstream, [], purchase_order_numbers=file_section(path))
    imports = {"PYTHONPROFILEIMPORTTIME": "1"}

    run = run_tap({"appzen": section}, environment=imports)

    imported = {line.rpartition("|")[2].strip() for line in run.log.splitlines()}
    unused = {"pyarrow.compute", "python_calamine", "sqlalchemy", "psycopg"}
    assert imported & {"pyarrow", *unused} == used


# Files that cannot be read


def file_section(path: object, **more: str) -> dict[str, str]:
    return {"source": "file", "path": str(path), **more}


BROKEN: dict[str, bytes] = {
    "columns.csv": b"a,b\n1,2\n",
    "binary.txt": b"\x7fELF\x02\x01\x01\0\0\0",
    "latin.csv": "number\nKöln\n".encode("latin-1"),
    "misfit.csv": b"supplier,purchase_order_number\nFoo, Ltd.,000\n",
    "cut.csv.gz": gzip.compress(as_csv(NUMBERS), mtime=0)[:-5],
    "cut.txt.zst": b"\x28\xb5\x2f\xfd",
    "broken.jsonl": b'{"n": \n{"n": "000"}\n',
    "nested.jsonl": b'{"n": ["000"]}\n',
    "broken.parquet": as_parquet(NUMBERS)[:-30],
}
# What is told before anything is read, and what is told when the turn comes.
MISTAKES = {
    "-": "path",
    "numbers.docx": "path",
    "numbers": "path",
    "nowhere.csv": "path",
    "http://files.example.com/numbers.csv": "path",
}
REFUSALS = {
    "columns.csv": "column",
    "binary.txt": "path",
    "latin.csv": "encoding",
    "misfit.csv": "path",
    "folder.csv": "path",
    "cut.csv.gz": "path",
    "cut.txt.zst": "path",
    "broken.jsonl": "path",
    "nested.jsonl": "column",
    "broken.parquet": "path",
    "magic://bucket/numbers.csv": "path",
    "ftp://user:planted-api-key-5a6b90@127.0.0.1:1/numbers.csv": "path",
}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Played]:
    folder = tmp_path_factory.mktemp("broken")
    folder.joinpath("folder.csv").mkdir()
    for name, content in BROKEN.items():
        folder.joinpath(name).write_bytes(content)

    def scene(name: str) -> Callable[[Upstream], Mapping[str, Any]]:
        is_path = name != "-" and "://" not in name
        source = file_section(folder / name if is_path else name)

        def options(upstream: Upstream) -> Mapping[str, Any]:
            section = appzen(upstream, [], purchase_order_numbers=source)
            return {"config": {"appzen": section}}

        return options

    return play_named({name: scene(name) for name in (*MISTAKES, *REFUSALS)})


@pytest.mark.parametrize("name", MISTAKES)
def test_a_path_that_cannot_be_right_is_a_mistake_in_the_settings(
    name: str, played: dict[str, Played]
) -> None:
    run = played[name].run

    assert run.status == 1
    assert run.output == b""
    (line,) = run.errors
    assert f"{SETTING}.{MISTAKES[name]}`" in line


@pytest.mark.parametrize("name", REFUSALS)
def test_a_file_that_cannot_be_read_is_one_line_and_nothing_is_asked(
    name: str, played: dict[str, Played]
) -> None:
    run = played[name].run

    assert run.status == 1
    assert played[name].asked == []
    (line,) = [line for line in run.errors if "AppZen was not read" not in line]
    assert f"{SETTING}.{REFUSALS[name]}`: " in line
    assert name.rpartition("/")[2] in line


def test_a_file_that_cannot_be_read_does_not_hold_up_the_other_upstream(
    upstream: Upstream, tmp_path: Path
) -> None:
    path = tmp_path / "numbers.csv"
    path.write_bytes(b"a,b\n")
    serve_customers(upstream, {"c1": [order("o1", "c1")]})
    section = appzen(upstream, [], purchase_order_numbers=file_section(path))
    run = run_tap({"partner_center": partner_center(upstream), "appzen": section})

    assert run.status == 1
    assert len(run.records("orders")) == 1
    assert run.state["bookmarks"]["orders"]
