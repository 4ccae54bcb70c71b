"""How requests go out: on which connections, how often, how signed, and where to."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

import pytest
from requests.auth import AuthBase, HTTPDigestAuth
from typing_extensions import override

from tap_purchase_orders.auth.bearer_token import BearerTokenAuth
from tap_purchase_orders.concurrency.cancellation import CancelToken
from tap_purchase_orders.http.channel import ForeignHostError, InvalidRequestError
from tap_purchase_orders.http.curl_errors import TransportError
from tap_purchase_orders.http.transport import Transport
from tap_purchase_orders.redaction import Secrets
from tests.tap import measured_tap
from tests.tap.hostile_server import HostileServer, of
from tests.tap.http2 import Http2Server
from tests.tap.tap import run_tap
from tests.tap.tokens import certificate, trusting
from tests.tap.upstream import Asked, Reply, Upstream
from tests.tap.worlds import order, partner_center, serve_customers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from requests import PreparedRequest

    from tests.tap.hostile_server import Heard

BEARER = BearerTokenAuth("a-token-0123456789")


def transport(url: str, auth: AuthBase = BEARER) -> Transport:
    return Transport(auth, url, Secrets(), CancelToken())


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as started:
        started.answer("/", Reply(b"{}"))
        yield started


class Signing(AuthBase):
    """Signs as a test says."""

    def __init__(self, change: Callable[[PreparedRequest], object]) -> None:
        self._change = change

    @override
    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        self._change(r)
        return r


@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_a_connection_is_used_again_when_its_answer_has_been_read(coding: str) -> None:
    body = gzip.compress(b"{}") if coding == "gzip" else b"{}"
    fields = f"Content-Encoding: {coding}\r\nContent-Length: {len(body)}\r\n\r\n"
    with HostileServer(keeps_connections=True) as server:
        server.answer("/", of(b"HTTP/1.1 200 OK\r\n", fields.encode(), body))
        asking = transport(server.url)
        bodies = [asking.send(f"{server.url}/").content for _ in range(3)]
        asking.close()

    assert bodies == [b"{}"] * 3
    assert server.connections == 1


def test_an_interim_answer_does_not_put_requests_and_answers_out_of_step() -> None:
    names = ["first", "second", "first"]
    with HostileServer(keeps_connections=True) as server:
        for name in names:
            interim = b"HTTP/1.1 103 Early Hints\r\nX-Hint: a\r\n\r\n"
            length = b"Content-Length: %d\r\n\r\n" % len(name)
            head = interim + b"HTTP/1.1 200 OK\r\n" + length
            server.answer(f"/{name}", of(head, name.encode()))
        asking = transport(server.url)
        answers = [asking.send(f"{server.url}/{name}") for name in names]
        asking.close()

    assert [answer.content for answer in answers] == [name.encode() for name in names]
    assert [dict(answer.headers).keys() for answer in answers] == [
        {"content-length"}
    ] * 3
    assert server.connections == 1


@pytest.mark.parametrize("status", [302, 101])
def test_a_connection_is_not_used_again_where_more_may_come(status: int) -> None:
    head = b"HTTP/1.1 %d Go\r\nContent-Length: 6\r\n\r\nsecond" % status
    good = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"
    with HostileServer(keeps_connections=True) as server:
        server.answer("/away", of(head))
        server.answer("/", of(good))
        asking = transport(server.url)
        with suppress(TransportError):
            assert asking.send(f"{server.url}/away").status == status
        assert asking.send(f"{server.url}/").content == b"good"
        asking.close()

    assert server.connections == 2


def test_a_redirect_is_returned_without_its_body() -> None:
    with HostileServer() as server:
        head = b"HTTP/1.1 302 Go\r\nContent-Length: 9\r\n\r\n"
        server.answer("/", of(head, server.silence()))
        response = transport(server.url).send(f"{server.url}/")

    assert (response.status, response.content) == (302, b"")


def test_a_request_is_sent_once_even_on_a_stale_connection(
    upstream: Upstream,
) -> None:
    upstream.answer("/", Reply(b"{}"), Reply(dropped=True), Reply(b"{}"))
    asking = transport(upstream.url)
    url = f"{upstream.url}/"

    assert asking.send(url).content == b"{}"
    with pytest.raises(TransportError, match="closed without a response") as raised:
        asking.send(url)
    # Over another connection it need not wait.
    assert raised.value.was_stale_connection
    assert len(upstream.asked) == 2
    assert asking.send(url).content == b"{}"
    assert len(upstream.asked) == 3
    asking.close()


def test_fields_behind_a_body_are_none_of_its_head() -> None:
    chunked = (
        b"HTTP/1.1 200 OK\r\nX-One: a\r\nx-one: b\r\nTransfer-Encoding: chunked\r\n"
    )
    with HostileServer() as server:
        trailer = b"2\r\n{}\r\n0\r\nX-Late: c\r\n\r\n"
        server.answer("/", of(chunked, b"\r\n", trailer))
        response = transport(server.url).send(f"{server.url}/")

    assert response.content == b"{}"
    assert response.headers["X-ONE"] == "a, b"
    assert "X-Late" not in response.headers


@pytest.mark.parametrize(
    "path", ["/a/..%2Fb", "/a/%2e%2E/b", "/a/../b", "/a//./b?c=%2F"]
)
def test_an_address_is_sent_as_it_is(path: str) -> None:
    with HostileServer() as server:
        server.answer(path.partition("?")[0], Reply(b"{}"))
        transport(server.url).send(f"{server.url}{path}")

    assert [heard.path for heard in server.heard] == [path]


def test_a_method_may_change_header_fields_and_the_query(upstream: Upstream) -> None:
    def sign(request: PreparedRequest) -> None:
        request.prepare_url(cast("str", request.url), {"key": "a b"})
        fields: dict[str, Any] = {"X-Bytes": b"caf\xe9", "X-Empty": "", "accept": "x/y"}
        request.headers.update(fields)
        del request.headers["X-Gone"]

    asking = transport(upstream.url, Signing(sign))
    asking.send(f"{upstream.url}/", {"Accept": "a/b", "X-Gone": "a"})
    asking.close()

    (asked,) = upstream.asked
    assert asked.query == "key=a+b"
    assert asked.headers["x-bytes"] == "caf\xe9"
    assert asked.headers["x-empty"] == ""
    assert asked.headers["accept"] == "x/y"
    assert "x-gone" not in asked.headers


@pytest.mark.parametrize(
    "fields",
    [
        {"Authorization": "a\r\nHost: b"},
        {"Authorization": "a\nb"},
        {"Authorization": "a\x00b"},
        {"Authorization": "\u20ac"},
        {"Author\nization": "a"},
        {"Authorization: b": "a"},
        {"": "a"},
    ],
)
def test_what_no_header_can_carry_is_not_sent(
    fields: dict[str, str], upstream: Upstream
) -> None:
    signing = Signing(lambda request: request.headers.update(fields))
    with pytest.raises(InvalidRequestError):
        transport(upstream.url, signing).send(f"{upstream.url}/")

    assert upstream.asked == []


def test_no_method_sends_a_request_to_another_host(upstream: Upstream) -> None:
    with Upstream() as elsewhere:

        def lead_away(request: PreparedRequest) -> None:
            request.url = f"{elsewhere.url}/"

        asking = transport(upstream.url, Signing(lead_away))
        with pytest.raises(ForeignHostError):
            asking.send(f"{upstream.url}/")
        with pytest.raises(ForeignHostError):
            asking.send(f"{upstream.url}.example.test/")

        assert elsewhere.asked == []
    assert upstream.asked == []


def test_an_auth_method_can_respond_to_a_challenge(upstream: Upstream) -> None:
    challenge = {"WWW-Authenticate": 'Digest realm="r", nonce="n", qop="auth"'}

    def answer(asked: Asked) -> Reply:
        is_signed = asked.headers.get("authorization", "").startswith("Digest ")
        return Reply(b"[1]") if is_signed else Reply(b"", 401, challenge)

    upstream.answer("/", answer)
    auth: Any = HTTPDigestAuth("someone", "a-password")
    asking = transport(upstream.url, auth)
    first = asking.send(f"{upstream.url}/")
    second = asking.send(f"{upstream.url}/")
    asking.close()

    assert (first.status, first.content, second.content) == (200, b"[1]", b"[1]")
    assert first.sent.headers["Authorization"].startswith("Digest ")
    assert len(upstream.asked) == 3


def test_what_is_posted_is_json(upstream: Upstream) -> None:
    asking = transport(upstream.url)
    asking.send(f"{upstream.url}/", {}, b'{"a": 1}')
    asking.send(f"{upstream.url}/")
    asking.close()

    posted, got = upstream.asked
    assert (posted.method, posted.body, got.method) == ("POST", b'{"a": 1}', "GET")
    assert posted.headers["content-type"] == "application/json"
    assert "content-type" not in got.headers


def test_http_2_is_spoken_where_a_server_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in trusting(tmp_path).items():
        monkeypatch.setenv(name, value)
    with Http2Server(certificate(), b"{}") as server:
        asking = transport(server.url)
        answers = [asking.send(f"{server.url}/") for _ in range(3)]
        asking.close()

    assert [(each.status, each.content) for each in answers] == [(200, b"{}")] * 3
    assert server.connections == ["h2"]
    assert server.requests == 3


def test_http_1_is_used_after_a_server_required_it_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in trusting(tmp_path).items():
        monkeypatch.setenv(name, value)
    with Http2Server(certificate(), b"{}", wants_http_1=True) as server:
        asking = transport(server.url)
        for _ in range(2):
            with pytest.raises(TransportError):
                asking.send(f"{server.url}/")
        assert asking.send(f"{server.url}/").content == b"{}"
        asking.close()

    assert server.requests == 3
    assert (server.connections[0], server.connections[-1]) == ("h2", "http/1.1")


def test_a_signal_ends_a_wait_for_the_list_of_customers(
    tmp_path: Path,
) -> None:
    config, state, peak = (tmp_path / name for name in ("config", "state", "peak"))
    partition: dict[str, Any] = {
        "context": {"customer_id": "c1"},
        "replication_key": "creationDate",
    }
    partition["replication_key_value"] = "2026-01-01T00:00:00Z"
    kept = {"bookmarks": {"orders": {"partitions": [partition]}}}
    state.write_text(json.dumps(kept))
    bounds = json.dumps({"http.transport:_GRACE_SECONDS": 0.0})
    asked = threading.Event()
    with HostileServer() as server:

        def never(_: Heard) -> Iterable[bytes]:
            asked.set()
            return server.silence()

        server.answer("/v1/customers", never)
        url: Any = server
        config.write_text(json.dumps({"partner_center": partner_center(url)}))
        tap = [sys.executable, measured_tap.__file__, bounds, str(peak)]
        with subprocess.Popen(
            [*tap, "--config", str(config), "--state", str(state)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            try:
                assert asked.wait(30)
                process.send_signal(signal.SIGTERM)
                # The answer itself would be waited for for longer.
                output, log = process.communicate(timeout=40)
            finally:
                process.kill()

    assert process.returncode == 128 + signal.SIGTERM
    last = json.loads(output.splitlines()[-1])
    assert last["value"]["bookmarks"]["orders"]["partitions"] == [partition]
    assert b"Traceback" not in log


def test_a_run_with_more_than_1024_open_files_goes_on(upstream: Upstream) -> None:
    serve_customers(upstream, {"c1": [order("o1", "c1")]})
    program = """
import os, resource
from tap_purchase_orders.__main__ import main

_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
while os.open(os.devnull, os.O_RDONLY) < 1100:
    pass
main()
"""
    config = {"partner_center": partner_center(upstream)}
    run = run_tap(config, command=(sys.executable, "-c", program))

    assert (run.status, len(run.records("orders"))) == (0, 1)
