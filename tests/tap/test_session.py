"""The session that signing in is given: kept open, in step, and silent."""

from __future__ import annotations

import gzip
import http.client
import threading
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import pytest
import requests

from tap_purchase_orders.concurrency.cancellation import CancelToken
from tap_purchase_orders.concurrency.ordered_map import ordered_map
from tap_purchase_orders.errors import CancelledError
from tap_purchase_orders.http.session import TapSession
from tests.tap.hostile_server import HostileServer, of
from tests.tap.upstream import Asked, Reply, Upstream

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def session() -> Iterator[TapSession]:
    with TapSession() as made:
        yield made


@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_a_connection_is_used_again_when_its_answer_has_been_read(
    coding: str, session: TapSession
) -> None:
    body = gzip.compress(b"{}") if coding == "gzip" else b"{}"
    fields = f"Content-Encoding: {coding}\r\nContent-Length: {len(body)}\r\n\r\n"
    with HostileServer(keeps_connections=True) as server:
        server.answer("/", of(b"HTTP/1.1 200 OK\r\n", fields.encode(), body))
        bodies = [session.get(f"{server.url}/").content for _ in range(3)]

    assert bodies == [b"{}"] * 3
    assert server.connections == 1


def test_an_interim_answer_does_not_put_requests_and_answers_out_of_step(
    session: TapSession,
) -> None:
    names = ["first", "second", "first"]
    with HostileServer(keeps_connections=True) as server:
        for name in names:
            interim = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
            length = b"Content-Length: %d\r\n\r\n" % len(name)
            head = interim + b"HTTP/1.1 200 OK\r\n" + length
            server.answer(f"/{name}", of(head, name.encode()))
        bodies = [session.get(f"{server.url}/{name}").content for name in names]

    assert bodies == [name.encode() for name in names]
    assert server.connections == 1


@pytest.mark.parametrize("status", [302, 101])
def test_a_connection_is_not_used_again_where_more_may_come(
    status: int, session: TapSession
) -> None:
    head = b"HTTP/1.1 %d Go\r\nContent-Length: 6\r\n\r\nsecond" % status
    good = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"
    with HostileServer(keeps_connections=True) as server:
        server.answer("/away", of(head))
        server.answer("/", of(good))
        with suppress(requests.ConnectionError):
            session.get(f"{server.url}/away")
        assert session.get(f"{server.url}/").content == b"good"

    assert server.connections == 2


def test_nothing_that_is_sent_is_printed_even_where_all_connections_are_to(
    session: TapSession,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    with Upstream() as upstream:
        upstream.answer("/", Reply(b"{}"))
        session.get(f"{upstream.url}/", headers={"Authorization": "Bearer secret"})
        session.close()

    assert capsys.readouterr().out == ""


def test_only_gzip_is_asked_for(session: TapSession) -> None:
    with Upstream() as upstream:
        upstream.answer("/", Reply(b"{}"))
        session.get(f"{upstream.url}/")
        session.close()

    assert upstream.asked[0].headers["accept-encoding"] == "gzip"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "HEAD"])
def test_any_method_is_sent_and_the_next_request_has_its_own(
    method: str, session: TapSession
) -> None:
    data = {} if method == "HEAD" else {"a": "b"}
    with HostileServer() as server:
        server.answer("/", of(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
        response = session.request(method, f"{server.url}/", data=data)
        session.get(f"{server.url}/")

    assert response.status_code == 200
    first, second = server.heard
    assert [h.head.split()[0] for h in server.heard] == [method, "GET"]
    assert (first.body, second.body) == (b"a=b" if data else b"", b"")


def test_a_redirect_is_not_followed_and_a_cookie_is_not_kept(
    session: TapSession,
) -> None:
    headers = {"Location": "/elsewhere", "Set-Cookie": "a=b"}
    with Upstream() as upstream:
        upstream.answer("/", Reply(b"", 302, headers))
        response = session.get(f"{upstream.url}/")
        session.get(f"{upstream.url}/")

    assert response.status_code == 302
    assert [asked.path for asked in upstream.asked] == ["/", "/"]
    assert [a for a in upstream.asked if "cookie" in a.headers] == []


@pytest.mark.parametrize(
    ("url", "error", "words"),
    [
        ("http://127.0.0.1:1/", requests.ConnectionError, "refused"),
        ("http://no-such-host.test/", requests.ConnectionError, "not known"),
        ("http://127.0.0.1:1/\N{EURO SIGN}", requests.ConnectionError, "refused"),
    ],
)
def test_errors_are_those_of_requests_in_the_words_of_the_tap(
    url: str, error: type[Exception], words: str, session: TapSession
) -> None:
    with pytest.raises(error, match=words):
        session.get(url)


def test_a_session_asks_nothing_more_when_the_run_is_to_end() -> None:
    stop = CancelToken()
    stop.cancel()
    with Upstream() as upstream, pytest.raises(CancelledError):
        TapSession(stop).get(f"{upstream.url}/")

    assert upstream.asked == []


def test_others_go_on_while_one_request_of_a_task_is_waited_for(
    session: TapSession,
) -> None:
    """A token is fetched in a task: the loop has time for the request it waits for."""
    is_let_go = threading.Event()

    def late(_: Asked) -> Reply:
        is_let_go.wait(60)
        return Reply(b"late")

    def soon(_: Asked) -> Reply:
        is_let_go.set()
        return Reply(b"soon")

    with Upstream() as upstream:
        upstream.answer("/late", late)
        upstream.answer("/soon", soon)
        tasks = [
            partial(session.get, f"{upstream.url}/{path}") for path in ("late", "soon")
        ]
        found = [
            each.text
            for each in ordered_map(tasks, workers=2, cancel_token=session.cancel_token)
        ]

    assert found == ["late", "soon"]
