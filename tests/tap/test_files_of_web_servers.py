"""Numbers from a file that a web server has, as such servers are."""

from __future__ import annotations

import gzip
import io
import socket
import ssl
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import openpyxl
import pyarrow as pa
import pytest
import trustme
from pyarrow import parquet
from typing_extensions import override

from tap_purchase_orders.errors import SourceError
from tests.unit.source_contexts import items_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

NUMBERS = [f"PO-{number:08d}" for number in range(600_000)]
# Above 5 MiB, which is as much as fsspec asks for at once.
CSV = "\n".join(["number", *NUMBERS, ""]).encode()
FEW = NUMBERS[:1000]
FEW_CSV = "\n".join(["number", *FEW, ""]).encode()


@contextmanager
def serving(
    body: bytes,
    headers: Mapping[str, str],
    *,
    has_head: bool = True,
    authority: trustme.CA | None = None,
) -> Iterator[str]:
    """Serve one file, whole, whatever range is asked for; yield its address.

    With an authority it is served over TLS, by a certificate of its.
    """

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
        if authority is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert("127.0.0.1").configure_cert(context)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "http" if authority is None else "https"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"{scheme}://127.0.0.1:{server.server_address[1]}"
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


@pytest.mark.parametrize("path", ["numbers.csv", "simplecache::numbers.csv"])
def test_a_private_authority_is_trusted_by_the_usual_variable(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(bundle)
    with serving(FEW_CSV, {}, authority=authority) as address:
        url = path.replace("numbers.csv", f"{address}/numbers.csv")
        with pytest.raises(SourceError):
            read(url)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))

        assert read(url) == FEW


def test_authorities_that_are_not_there_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "gone.pem"))

    with pytest.raises(SourceError, match=r"REQUESTS_CA_BUNDLE names .*gone\.pem"):
        read("https://localhost:1/numbers.csv")


def test_a_file_is_read_through_the_usual_proxy_whose_password_is_hidden(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    monkeypatch.setenv("HTTPS_PROXY", f"http://someone:pass-word@127.0.0.1:{port}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)

    # The proxy is not there; without it, the host would not be.
    with pytest.raises(SourceError, match=str(port)) as raised:
        read("https://numbers.example/numbers.csv")
    assert "pass-word" not in str(raised.value)
