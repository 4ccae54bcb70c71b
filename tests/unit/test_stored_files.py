from __future__ import annotations

import gzip
import io
import sys
import zipfile
from typing import TYPE_CHECKING, Any

import fsspec
import pyarrow as pa
import pytest
import zstandard
from pyarrow import parquet
from typing_extensions import override

from tap_purchase_orders.errors import SourceError
from tap_purchase_orders.number_sources.registry import number_source
from tests.unit.number_files import COLUMN, WRITERS, Folder, as_csv, as_parquet
from tests.unit.source_contexts import items_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return Folder(tmp_path_factory.mktemp("numbers"))


# Files that cannot be read


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("zip.txt", b"PK\x03\x04\x14\x00", "ZIP archive or an Excel file"),
        ("page.csv", b"<!DOCTYPE html><p>Sign in", "a web page"),
        ("late.txt", b"A\n" * 100_000 + b"\0", "byte 0 in line 100001"),
        ("wide.txt", "A\n".encode("utf-16-le"), "byte 0 in line 1"),
        ("one-line.txt", b"A," * 5_000_000, "line 1 is longer"),
        ("open.csv", b'number\n"A\nB\n', "line 3"),
        ("odd.csv", b'number\nA\n"A"B\n', "line 3"),
        ("half.jsonl", b'{"number":"A"}\n{"number"', "line 2 is not JSON"),
        ("list.jsonl", b'["A"]\n', "line 1 is JSON, but no object"),
        ("cut.txt.gz", gzip.compress(b"A\n" * 999, mtime=0)[:-4], "cut off"),
        ("cut.csv.zst", zstandard.compress(as_csv(["A"] * 999))[:-4], "cut off"),
        ("none.txt.gz", b"", "cut off"),
        ("none.txt.zst", b"", "cut off"),
        ("plain.txt.gz", b"A\n", "gzip"),
        ("plain.txt.zst", b"A\nA\nA\n", "zstd"),
        ("none.parquet", b"", "0 bytes"),
        ("text.parquet", b"number\nA\nB\nC\n", "Parquet"),
        ("cut.parquet", as_parquet(["A"])[:-9], "Parquet"),
    ],
)
def test_a_broken_file_is_one_line_of_error(
    name: str, content: bytes, words: str, folder: Folder
) -> None:
    message = folder.refusal(name, content)

    assert "`appzen.purchase_order_numbers.path`" in message
    assert words in message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("number\nA\nKöln\n".encode("latin-1"), "line 3 is not UTF-8"),
        ("number\nA\nKö".encode()[:-1], "line 3 is not UTF-8"),
        ("number\nA\n".encode("utf-16")[:-1], "not UTF-16"),
    ],
)
def test_a_text_in_another_encoding_is_an_error_with_its_line(
    content: bytes, words: str, folder: Folder
) -> None:
    message = folder.refusal("text.csv", content)

    assert "`appzen.purchase_order_numbers.encoding`" in message
    assert words in message


@pytest.mark.parametrize("checksums", [True, False])
def test_damage_within_a_parquet_file_is_an_error(
    folder: Folder, *, checksums: bool
) -> None:
    texts = [f"PO-{number}" for number in range(9999)]
    content = bytearray(as_parquet(texts, write_page_checksum=checksums))
    pages = parquet.ParquetFile(io.BytesIO(content)).metadata.row_group(0).column(1)
    place = pages.dictionary_page_offset + 100
    content[place : place + 300] = b"\xff" * 300

    folder.refusal("damaged.parquet", bytes(content))


def test_parquet_bytes_that_are_not_text_are_an_error(folder: Folder) -> None:
    content = as_parquet(pa.array([b"A", b"\xff"]))

    assert "row 2" in folder.refusal("bytes.parquet", content)


# Elsewhere


@pytest.fixture
def memory() -> Any:
    system = fsspec.filesystem("memory")
    yield system
    system.rm("/", recursive=True)


@pytest.mark.parametrize("suffix", WRITERS)
def test_any_storage_of_fsspec_is_read(suffix: str, memory: Any) -> None:
    memory.pipe(f"/bucket/a{suffix}", WRITERS[suffix](["001", "B"]))
    section = {"source": "file", "path": f"memory://bucket/a{suffix}", "column": COLUMN}

    assert items_of(section) == ["001", "B"]


def test_the_file_within_an_archive_tells_the_format(tmp_path: Path) -> None:
    archive = tmp_path / "export.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.csv.gz", gzip.compress(as_csv(["A"]), mtime=0))
    path = f"zip://a.csv.gz::file://{archive}"

    assert items_of({"source": "file", "path": path, "column": COLUMN}) == ["A"]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("memory://bucket/nowhere.csv", "no such file"),
        ("nothing://bucket/a.csv", "nothing"),
        ("file:///nowhere/a.csv", "No such file"),
    ],
)
def test_an_unreadable_remote_file_is_an_error(path: str, words: str) -> None:
    with pytest.raises(SourceError) as caught:
        items_of({"source": "file", "path": path})

    assert f"`appzen.purchase_order_numbers.path`: {path} cannot be read" in str(
        caught.value
    )
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("path", "package", "extra"),
    [
        ("s3://bucket/a.csv", "s3fs", "s3"),
        ("gs://bucket/a.csv", "gcsfs", "gcs"),
        ("abfs://container@account/a.csv", "adlfs", "azure-storage"),
        ("https://127.0.0.1:1/a.csv", "aiohttp", "http"),
        ("sftp://127.0.0.1:1/a.csv", "paramiko", "sftp"),
    ],
)
def test_a_package_that_is_missing_is_named_with_what_installs_it(
    path: str, package: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    # Another test may have used it.
    known = vars(sys.modules["fsspec.registry"])["_registry"]
    monkeypatch.delitem(known, path.partition(":")[0], raising=False)
    monkeypatch.delitem(sys.modules, "fsspec.implementations.http", raising=False)

    with pytest.raises(SourceError) as caught:
        items_of({"source": "file", "path": path})

    assert f"needs the package {package}: " in str(caught.value)
    assert f"pip install '.[{extra}]'" in str(caught.value)


@pytest.mark.parametrize(
    "path",
    [
        "ftp://user:planted-p%40ss@127.0.0.1:1/a.csv",
        "https://127.0.0.1:1/a.csv?signature=planted-p%40ss",
        "nothing://planted-p%40ss@host/a.csv::s3://key:planted-p%40ss@bucket",
    ],
)
def test_what_signs_a_url_is_in_no_message(path: str) -> None:
    with pytest.raises(SourceError) as caught:
        items_of({"source": "file", "path": path, "format": "csv"})

    assert "a.csv" in str(caught.value)
    assert "planted" not in str(caught.value)
    assert "p@ss" not in str(caught.value)


class TalkativeStorage(fsspec.AbstractFileSystem):  # type: ignore[misc]  # untyped
    """A storage whose errors repeat all that it was given."""

    protocol = "talkative"

    @override
    def open(self, path: str, *_: Any, **__: Any) -> Any:
        msg = f"no access to {path} with p@ss or p%40ss\nand more"
        raise RuntimeError(msg)


def test_what_a_storage_says_is_shown_in_one_line_without_what_signs_the_url() -> None:
    fsspec.register_implementation("talkative", TalkativeStorage, clobber=True)
    path = "talkative://user:p%40ss@host/a.csv?sig=s3cr3t%2B"

    with pytest.raises(SourceError) as caught:
        items_of({"source": "file", "path": path, "format": "csv"})

    message = str(caught.value)
    assert "talkative://***@host/a.csv?*** cannot be read: no access to" in message
    assert len(message.splitlines()) == 1
    for secret in ("p@ss", "p%40ss", "s3cr3t"):
        assert secret not in message


# What tells one file from another


def test_a_file_that_was_only_written_again_is_the_same(folder: Folder) -> None:
    first = folder.identity("same.txt", b"A\nB\n")

    assert folder.identity("same.txt", b"A\nB\n") == first
    assert folder.identity("same.txt", b"A\nC\n") != first
    assert folder.identity("other.txt", b"A\nB\n") != first


def test_a_remote_file_is_identified_by_its_storage_metadata(memory: Any) -> None:
    section = {"source": "file", "path": "memory://bucket/a.txt"}
    source = number_source(section)
    memory.pipe("/bucket/a.txt", b"A\n")
    first = source.identity(section)

    assert source.identity(section) == first
    memory.pipe("/bucket/a.txt", b"B\n")
    assert source.identity(section) != first


def test_rows_are_counted_where_that_costs_nothing(folder: Folder) -> None:
    for suffix, writer in WRITERS.items():
        folder.read(f"count{suffix}", writer(["A", "B"]))
        section = folder.section(f"count{suffix}")
        expected = 2 if suffix == ".parquet" else None

        assert number_source(section).count(section) == expected
