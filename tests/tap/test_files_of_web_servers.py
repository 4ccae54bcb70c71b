"""Numbers from a file that a web server has, as such servers are."""

from __future__ import annotations

import gzip
import io
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import openpyxl
import pyarrow as pa
import pytest
from pyarrow import parquet
from typing_extensions import override

from tap_purchase_orders.errors import SourceError
from tests.unit.source_contexts import items_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NUMBERS = [f"PO-{number:08d}" for number in range(600_000)]
# Above 5 MiB, which is as much as fsspec asks for at once.
CSV = "\n".join(["number", *NUMBERS, ""]).encode()
FEW = NUMBERS[:1000]
FEW_CSV = "\n".join(["number", *FEW, ""]).encode()


@contextmanager
def serving(
    body: bytes, headers: Mapping[str, str], *, has_head: bool = True
) -> Iterator[str]:
    """Serve one file, whole, whatever range is asked for; yield its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:  # named by the library
            self._answer(body)

        def do_HEAD(self) -> None:  # named by the library
            if has_head:
                self._answer(b"")
            else:
                self.send_error(405)

        def _answer(self, content: bytes) -> None:
            self.send_response(200)
            given = {"Content-Length": str(len(body)), **headers}
            for name, value in given.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        @override
        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def read(address: str, **more: Any) -> list[Any]:
    return items_of({"source": "file", "path": address, **more})


@pytest.mark.parametrize("has_head", [True, False])
def test_a_large_file_is_read_from_a_server_without_ranges(*, has_head: bool) -> None:
    with serving(CSV, {}, has_head=has_head) as address:
        assert read(f"{address}/numbers.csv?signature=x") == NUMBERS


@pytest.mark.parametrize(
    ("name", "body", "headers"),
    [
        ("numbers.csv", FEW_CSV, {}),
        ("numbers.csv.gz", gzip.compress(FEW_CSV), {}),
        ("numbers.csv.gz", gzip.compress(FEW_CSV), {"Content-Encoding": "gzip"}),
        ("numbers.csv", gzip.compress(FEW_CSV), {"Content-Encoding": "gzip"}),
        (
            "numbers.csv.gz",
            gzip.compress(gzip.compress(FEW_CSV)),
            {"Content-Encoding": "gzip"},
        ),
        ("numbers.csv.gz", FEW_CSV, {}),
        ("download", FEW_CSV, {"format": "csv"}),
    ],
)
def test_what_the_server_packs_is_unpacked(
    name: str,
    body: bytes,
    headers: dict[str, str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    more = {"format": "csv"} if headers.pop("format", None) else {}

    with serving(body, headers) as address:
        assert read(f"{address}/{name}", **more) == FEW
    assert caplog.messages == []


@pytest.mark.parametrize("headers", [{}, {"Content-Encoding": "gzip"}])
@pytest.mark.parametrize("lost", [4, 1000])
def test_a_packed_file_that_is_cut_off_is_no_short_list(
    lost: int, headers: dict[str, str]
) -> None:
    body = gzip.compress(FEW_CSV)[:-lost]

    with (
        serving(body, headers) as address,
        pytest.raises(SourceError, match="cut off"),
    ):
        read(f"{address}/numbers.csv.gz")


def test_an_answer_that_is_cut_off_is_no_short_list() -> None:
    length = {"Content-Length": str(len(FEW_CSV) + 1), "Connection": "close"}

    with (
        serving(FEW_CSV, length) as address,
        pytest.raises(SourceError, match="cannot be read"),
    ):
        read(f"{address}/numbers.csv")


def as_parquet() -> bytes:
    file = io.BytesIO()
    parquet.write_table(pa.table({"number": FEW}), file)
    return file.getvalue()


def as_workbook() -> bytes:
    book, file = openpyxl.Workbook(), io.BytesIO()
    sheet = book.active
    assert sheet is not None
    for value in ("number", *FEW):
        sheet.append([value])
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize("suffix", ["parquet", "xlsx"])
def test_a_file_that_is_read_in_any_order_is_copied(suffix: str) -> None:
    body = as_parquet() if suffix == "parquet" else as_workbook()

    with serving(body, {}) as address:
        assert read(f"{address}/numbers.{suffix}") == FEW
