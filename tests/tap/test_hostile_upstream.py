"""Whatever bytes a server sends, the tap says what is wrong, soon, in bounded memory.

Each strange answer is that to one key, so one run meets them all; a good key beside
them is read. Nothing here waits for a clock: the limit of time is that of the tests.
"""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING, Any

import pycurl
import pytest

from tests.tap.hostile_server import Bytes, Endless, Heard, HostileServer, as_sent, of
from tests.tap.measured_tap import run_measured
from tests.tap.upstream import json_reply
from tests.tap.worlds import (
    SECRETS,
    appzen,
    collection,
    customer,
    number_path,
    order,
    orders_path,
    partner_center,
    purchase_order,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tests.tap.tap import Run

MIB = 1024 * 1024
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
GOOD = "good"
REFUSES_TWO_LENGTHS = pycurl.version_info()[2] >= 0x081300
# The interpreter with all that is imported takes about 100 MiB, and up to four large
# bodies of 64 MiB are under way at once.
MOST_MEMORY = 800 * MIB
KEYS = (SECRETS["api_key"], SECRETS["customer_id"], SECRETS["customer_key"])
SOON = {"http.response_limits:ANSWER_SECONDS": 4.0}


def plain(body: bytes, *fields: bytes) -> Bytes:
    """Return an answer with a body, and more header fields."""
    head = b"".join(field + b"\r\n" for field in fields)
    length = b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
    return of(OK, head, length, body)


def packed_zeros(mebibytes: int) -> bytes:
    """Return a megabyte for every 1,000 megabytes of zeros."""
    packing = zlib.compressobj(9, wbits=zlib.MAX_WBITS | 16)
    return b"".join(
        [*(packing.compress(bytes(MIB)) for _ in range(mebibytes)), packing.flush()]
    )


BOMB = packed_zeros(1024)
# The answers that need no time, and the kinds of issues that they are.
ANSWERS: dict[str, tuple[str, Bytes]] = {
    # Bodies without end.
    "endless": ("invalid_response", of(OK, b"\r\n", Endless(b"a"))),
    "endless-chunks": (
        "invalid_response",
        of(CHUNKED, Endless(b"4000\r\n" + b"a" * 0x4000 + b"\r\n")),
    ),
    "endless-error": (
        "invalid_response",
        of(b"HTTP/1.1 500 No\r\n\r\n", Endless(b"a")),
    ),
    "endless-redirect": (
        "refused_redirect",
        of(b"HTTP/1.1 302 Go\r\nLocation: /elsewhere\r\n\r\n", Endless(b"a")),
    ),
    "endless-chunk-size": ("invalid_response", of(CHUNKED, Endless(b"1"))),
    "negative-chunk": (
        "invalid_response",
        of(CHUNKED, b"-1\r\n", Endless(b"a")),
    ),
    "a-length-too-large": (
        "invalid_response",
        of(OK, b"Content-Length: 99999999999\r\n\r\nabc"),
    ),
    "two-lengths": (
        # libcurl took one of the two in earlier versions.
        "unavailable" if REFUSES_TWO_LENGTHS else "invalid_response",
        of(OK, b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
    ),
    # Bodies that grow.
    "gzip-bomb": ("invalid_response", plain(BOMB, b"Content-Encoding: gzip")),
    "deflate-bomb": (
        "invalid_response",
        plain(zlib.compress(bytes(256 * MIB)), b"Content-Encoding: deflate"),
    ),
    "gzip-in-gzip": (
        "invalid_response",
        plain(gzip.compress(BOMB), b"Content-Encoding: gzip, gzip"),
    ),
    "gzip-in-two-fields": (
        "invalid_response",
        plain(
            gzip.compress(BOMB), b"Content-Encoding: gzip", b"Content-Encoding: gzip"
        ),
    ),
    "brotli": ("invalid_response", plain(b"{}", b"Content-Encoding: br")),
    "zstd": ("invalid_response", plain(b"{}", b"Content-Encoding: zstd")),
    "cut-off-gzip": (
        "invalid_response",
        plain(gzip.compress(b"{}" * 50)[:-9], b"Content-Encoding: gzip"),
    ),
    # Heads.
    "large-head": ("unavailable", of(OK, Endless(b"X-A: " + b"a" * 60_000 + b"\r\n"))),
    "many-fields": ("unavailable", of(OK, b"X: y\r\n" * 100_000, b"\r\n{}")),
    "endless-field": ("unavailable", of(OK, b"X: ", Endless(b"a"))),
    "endless-status-line": ("unavailable", of(Endless(b"HTTP/1.1 200 OK"))),
    "continue-for-ever": (
        "unavailable",
        of(Endless(b"HTTP/1.1 100 Continue\r\n\r\n")),
    ),
    "hints-for-ever": (
        "unavailable",
        of(Endless(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")),
    ),
    "another-protocol": (
        "unavailable",
        of(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"),
    ),
    "no-http": ("unavailable", of(b"\x00\x01\x02 SSH-2.0\r\n\r\n")),
    "no-field": ("unavailable", plain(b"{}", b"a line that is no field")),
    "http-0.9": ("unavailable", of(b'{"items": []}')),
    "http-2": ("unavailable", of(b"HTTP/2 200 OK\r\nContent-Length: 2\r\n\r\n{}")),
    "status-9999": ("unavailable", of(b"HTTP/1.1 9999 OK\r\n\r\n{}")),
    "nothing": ("unavailable", of()),
    # JSON.
    "deep-arrays": ("invalid_response", plain(b"[" * 100_000 + b"]" * 100_000)),
    "deep-items": (
        "invalid_response",
        plain(b'{"purchase_order_number":"A","items":' + b'{"a":[' * 100_000),
    ),
    "long-integer": ("invalid_response", plain(b"1" * 10 * MIB)),
    "many-values": (
        "invalid_response",
        plain(b'{"purchase_order_number":"A","items":[' + b"{}," * 10_000_000 + b"1]}"),
    ),
    "many-items": (
        "invalid_response",
        plain(b'{"items":[' + b"{}," * 200_000 + b"{}]}"),
    ),
    "huge-text": ("invalid_response", plain(b'{"other":"%b"}' % (b"a" * 60 * MIB))),
    "huge-error": (
        "request_failed",
        of(
            b"HTTP/1.1 400 Bad\r\n\r\n",
            b'{"message":"%b"}' % (b"a" * 60 * MIB),
        ),
    ),
}
# What is read all the same.
READ: dict[str, Callable[[bytes], Bytes]] = {
    "hints-first": lambda body: of(
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\n\r\n",
        OK + b"Connection: close\r\n\r\n" + body,
    ),
    "packed": lambda body: plain(gzip.compress(body), b"Content-Encoding: gzip"),
    "packed-in-two": lambda body: plain(
        gzip.compress(body[:9]) + gzip.compress(body[9:]), b"Content-Encoding: X-Gzip"
    ),
    "deflated": lambda body: plain(zlib.compress(body), b"Content-Encoding: deflate"),
    "identity": lambda body: plain(body, b"Content-Encoding: identity"),
    "twice-the-same-key": lambda body: plain(body.replace(b"{", b'{"id":"no",', 1)),
    "long-integer-within": lambda body: plain(
        body.replace(b"{", b'{"a_number":%b,' % (b"1" * MIB), 1)
    ),
}


def served(
    server: HostileServer, answers: Mapping[str, Bytes], **settings: Any
) -> dict[str, Any]:
    """Answer each key as told, and a good one well; return the settings."""
    keys = [*answers, *READ, GOOD]
    server.answer("/v1/customers", json_reply(collection(map(customer, keys))))
    for key in keys:
        orders = json_reply(collection([order("o1", key)])).body
        numbered = json_reply(purchase_order(key)).body
        for path, body in ((orders_path(key), orders), (number_path(key), numbered)):
            server.answer(path, answers.get(key) or READ.get(key, plain)(body))
    url: Any = server
    return {
        "partner_center": partner_center(url, **settings),
        "appzen": appzen(url, keys, **settings),
    }


@pytest.fixture(scope="module")
def at_once() -> tuple[Run, int]:
    with HostileServer() as server:
        answers = {name: answer for name, (_, answer) in ANSWERS.items()}
        return run_measured(served(server, answers))


@pytest.mark.parametrize("stream", ["orders", "purchase_orders"])
def test_each_strange_answer_is_one_issue_of_its_kind(
    stream: str, at_once: tuple[Run, int]
) -> None:
    issues = at_once[0].issues(stream=stream)
    kinds = {name: kind for name, (kind, _) in ANSWERS.items()}

    assert {issue["record_key"]: issue["kind"] for issue in issues} == kinds
    assert len(issues) == len(kinds)


def test_the_run_fails_and_what_was_good_is_read(at_once: tuple[Run, int]) -> None:
    run, _ = at_once
    orders = {record["referenceCustomerId"] for record in run.records("orders")}
    numbers = {r["purchase_order_number"] for r in run.records("purchase_orders")}

    assert run.status == 1
    assert orders == {*READ, GOOD}
    assert numbers - {None} >= {*READ, GOOD}


def test_an_issue_says_in_words_what_was_wrong(at_once: tuple[Run, int]) -> None:
    words = {
        "endless": "larger than 67108864 bytes",
        "gzip-in-gzip": "packed in a way that was not asked for",
        "large-head": "head of the response is too large",
        "many-fields": "head of the response is too large",
        "continue-for-ever": "head of the response is too large",
        "no-http": "not one of HTTP/1",
        "nothing": "closed without a response",
        "cut-off-gzip": "cut off or broken",
        "many-values": "more than 2500000 values",
        "deep-arrays": "not JSON",
    }
    for issue in at_once[0].issues():
        assert words.get(issue["record_key"], "") in issue["message"]


def test_no_issue_is_large(at_once: tuple[Run, int]) -> None:
    for issue in at_once[0].issues():
        assert len(issue["payload"] or "") <= 128 * 1024
        assert len(issue["message"]) <= 2_000


def test_the_memory_is_bounded(at_once: tuple[Run, int]) -> None:
    assert at_once[1] < MOST_MEMORY


def trickling(server: HostileServer) -> dict[str, Bytes]:
    """Return answers that never end, a byte now and then, or none at all."""
    gzipped = OK + b"Content-Encoding: gzip\r\n\r\n"
    return {
        "silence": of(server.silence()),
        "slow-status-line": of(server.trickle(b"HTTP/1.1")),
        "slow-head": of(OK, server.trickle(b"X: y\r\n")),
        "slow-interim": of(server.trickle(b"HTTP/1.1 100 Continue\r\n\r\n")),
        "slow-body": of(OK, b"\r\n", server.trickle(b" ")),
        "slow-chunks": of(CHUNKED, server.trickle(b"1\r\n \r\n")),
        "endless-chunk-notes": of(
            CHUNKED, Endless(b"1;" + b"n" * 50_000 + b"\r\na\r\n")
        ),
        "slow-chunk-size": of(CHUNKED, server.trickle(b"0")),
        "slow-trailers": of(CHUNKED, b"0\r\n", server.trickle(b"X: y\r\n")),
        "trailers-for-ever": of(CHUNKED, b"0\r\n", Endless(b"X: y\r\n")),
        "slow-packed": of(gzipped, server.trickle(gzip.compress(b""))),
        "nothing-packed-for-ever": of(gzipped, Endless(gzip.compress(b""))),
        "silence-behind-the-head": of(
            OK, b"Content-Length: 9\r\n\r\n", server.silence()
        ),
    }


@pytest.fixture(scope="module")
def slowly() -> tuple[Run, int]:
    with HostileServer() as server:
        config = served(server, trickling(server), max_concurrency=32)
        config["appzen"]["max_concurrency"] = 32
        return run_measured(config, bounds=SOON)


@pytest.mark.parametrize("stream", ["orders", "purchase_orders"])
def test_an_answer_that_takes_for_ever_is_given_up(
    stream: str, slowly: tuple[Run, int]
) -> None:
    # Without a deadline for head and body together, the run itself would not end.
    run, memory = slowly
    issues = run.issues(stream=stream)

    assert {i["record_key"] for i in issues} == {*trickling(HostileServer())}
    for issue in issues:
        allowed = {
            ("unavailable", "no whole response in time"),
            ("invalid_response", "the response was cut off or broken"),
        }
        if issue["record_key"] == "nothing-packed-for-ever":
            # What is packed counts, too, however little there is in it.
            message = "the response is larger than 67108864 bytes"
            allowed.add(("invalid_response", message))
        assert (issue["kind"], issue["message"]) in allowed
    assert run.status == 1
    assert memory < MOST_MEMORY


def endless_pages(heard: Heard) -> Iterable[bytes]:
    """Return a page with a new link to one more, for ever, and nothing on it."""
    number = int(heard.path.partition("page=")[2] or 0) + 1
    path = heard.path.partition("?")[0]
    link = {"uri": f"{path}?page={number}", "method": "GET", "headers": []}
    return as_sent(json_reply(collection([], links={"next": link})))(heard)


def tiny_customers(heard: Heard) -> Iterable[bytes]:
    return plain(b'{"items":[' + b"{}," * 10_000_000 + b"{}]}")(heard)


def test_pages_without_end_come_to_an_end() -> None:
    with HostileServer() as server:
        config = served(server, {"c1": endless_pages}, max_requests_per_minute=9_999)
        del config["appzen"]
        run, _ = run_measured(config)
        (issue,) = run.issues()
        assert (issue["kind"], issue["record_key"]) == ("invalid_response", "c1")
        assert "pages" in issue["message"]

        server.answer("/v1/customers", endless_pages)
        run, _ = run_measured(config)
        assert run.status == 1
        assert [line for line in run.errors if "does not end" in line]


def test_a_page_of_millions_of_customers_is_refused_in_bounded_memory() -> None:
    with HostileServer() as server:
        config = served(server, {})
        server.answer("/v1/customers", tiny_customers)
        run, memory = run_measured(config)

    (issue,) = run.issues()
    assert (issue["kind"], issue["stream"]) == ("invalid_response", "customers")
    assert run.status == 1
    assert len(run.records("purchase_orders")) == len(READ) + 1
    assert memory < MOST_MEMORY


@pytest.mark.parametrize("name", ["endless", "gzip-bomb", "large-head", "deep-arrays"])
def test_the_connection_check_bounds_what_it_reads_too(name: str) -> None:
    _, answer = ANSWERS[name]
    with HostileServer() as server:
        config = served(server, {})
        server.answer("/v1/customers", answer)
        server.answer(number_path("hints-first"), answer)
        run, memory = run_measured(config, "--test")

    assert run.status == 1
    assert len(run.errors) == 2
    assert memory < MOST_MEMORY


@pytest.mark.parametrize(
    "head",
    [
        of(OK, Endless(b"X-A: " + b"a" * 60_000 + b"\r\n")),
        of(Endless(b"HTTP/1.1 100 Continue\r\n\r\n")),
        of(b"HTTP/1.1 407 No\r\nContent-Length: 99\r\n\r\n", Endless(b"a")),
        of(b"SSH-2.0\r\n"),
    ],
    ids=["head", "interim", "refusal", "no-http"],
)
def test_what_a_proxy_says_is_bounded_too(head: Bytes) -> None:
    with HostileServer() as proxy:
        proxy.answer("api.example.test:443", head)
        url: Any = proxy
        section = appzen(url, ["A"], api_url="https://api.example.test")
        run, memory = run_measured(
            {"appzen": section}, environment={"HTTPS_PROXY": proxy.url}
        )

    (issue,) = run.issues()
    assert issue["kind"] == "unavailable"
    assert run.status == 1
    assert [each.path for each in proxy.heard] == ["api.example.test:443"]
    assert not any(secret in each.head for each in proxy.heard for secret in KEYS)
    assert memory < MOST_MEMORY
