"""Sessions for a sign-in: kept open, never out of step, silent about what they send."""

from __future__ import annotations

import gzip
import http.client
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
import requests

from tap_purchase_orders.http.response_limits import BoundedSession, whole_body
from tests.tap.hostile_server import HostileServer, of
from tests.tap.upstream import Reply, Upstream

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def session() -> Iterator[BoundedSession]:
    with BoundedSession() as made:
        yield made


@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_a_connection_is_used_again_when_its_answer_has_been_read(
    coding: str, session: BoundedSession
) -> None:
    body = gzip.compress(b"{}") if coding == "gzip" else b"{}"
    fields = f"Content-Encoding: {coding}\r\nContent-Length: {len(body)}\r\n\r\n"
    with HostileServer(keeps_connections=True) as server:
        server.answer("/", of(b"HTTP/1.1 200 OK\r\n", fields.encode(), body))
        bodies = [whole_body(session.get(f"{server.url}/")) for _ in range(3)]

    assert bodies == [b"{}"] * 3
    assert server.connections == 1


def test_an_interim_answer_does_not_put_requests_and_answers_out_of_step(
    session: BoundedSession,
) -> None:
    names = ["first", "second", "first"]
    with HostileServer(keeps_connections=True) as server:
        for name in names:
            interim = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
            length = b"Content-Length: %d\r\n\r\n" % len(name)
            head = interim + b"HTTP/1.1 200 OK\r\n" + length
            server.answer(f"/{name}", of(head, name.encode()))
        bodies = [whole_body(session.get(f"{server.url}/{name}")) for name in names]

    assert bodies == [name.encode() for name in names]
    assert server.connections == 1


@pytest.mark.parametrize("status", [302, 101])
def test_a_connection_is_not_used_again_where_more_may_come(
    status: int, session: BoundedSession
) -> None:
    head = b"HTTP/1.1 %d Go\r\nContent-Length: 6\r\n\r\nsecond" % status
    good = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"
    with HostileServer(keeps_connections=True) as server:
        server.answer("/away", of(head))
        server.answer("/", of(good))
        with suppress(requests.ConnectionError):
            session.get(f"{server.url}/away")
        assert whole_body(session.get(f"{server.url}/")) == b"good"

    assert server.connections == 2


def test_nothing_that_is_sent_is_printed_even_where_all_connections_are_to(
    session: BoundedSession,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    with Upstream() as upstream:
        upstream.answer("/", Reply(b"{}"))
        session.get(f"{upstream.url}/", headers={"Authorization": "Bearer secret"})
        session.close()

    assert capsys.readouterr().out == ""


def test_only_gzip_is_asked_for(session: BoundedSession) -> None:
    with Upstream() as upstream:
        upstream.answer("/", Reply(b"{}"))
        session.get(f"{upstream.url}/")
        session.close()

    assert upstream.asked[0].headers["accept-encoding"] == "gzip"
