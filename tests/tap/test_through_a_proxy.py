"""A proxy passes on what it cannot read, and its password is shown nowhere."""

from __future__ import annotations

import base64
import socket
import threading
from contextlib import suppress
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from typing_extensions import override

from tap_purchase_orders.auth.bearer_token import BearerTokenAuth
from tap_purchase_orders.concurrency.cancellation import CancelToken
from tap_purchase_orders.http.curl_errors import (
    TransportError,
    UntrustedServerError,
)
from tap_purchase_orders.http.transport import Transport
from tap_purchase_orders.redaction import Secrets
from tests.tap.local_server import Serving
from tests.tap.measured_tap import run_measured
from tests.tap.tap import run_tap
from tests.tap.tokens import app_only, certificate, trusting
from tests.tap.upstream import Reply, Upstream
from tests.tap.worlds import SECRETS, order, partner_center, serve_customers

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from tap_purchase_orders.http.api_response import ApiResponse

PASSWORD = "planted/proxy+password=9"
DEBUG = {"LOGLEVEL": "DEBUG", "TAP_PURCHASE_ORDERS_LOGLEVEL": "DEBUG"}


class Proxy(Serving):
    """A proxy on a free port of this machine; a context manager.

    Attributes:
        address: Host and port.
        heads: What it was asked for.

    Args:
        answer: What it says to whoever wants a connection.
        leads_to: The port of this machine to which it leads whatever it is asked for.
    """

    def __init__(
        self, answer: str = "200 Connection established", leads_to: int | None = None
    ) -> None:
        proxy = self
        self.heads: list[str] = []

        class Handler(StreamRequestHandler):
            @override
            def handle(self) -> None:
                lines = list(iter(lambda: self.rfile.readline(2_000), b"\r\n"))
                proxy.heads.append(b"".join(lines).decode())
                said = answer.format(head=b"".join(lines[1:2]).decode().strip())
                self.wfile.write(f"HTTP/1.1 {said}\r\n\r\n".encode())
                if said.startswith("200"):
                    host, _, port = lines[0].split()[1].decode().partition(":")
                    asked = (host, int(port))
                    to = asked if leads_to is None else ("127.0.0.1", leads_to)
                    with socket.create_connection(to, 20) as there:
                        _pass_on(self.connection, there)

        self._server = ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"


def _pass_on(here: socket.socket, there: socket.socket) -> None:
    """Pass everything on, both ways, until one side has no more to say."""

    def one_way(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                sink.sendall(data)
        for side in (source, sink):
            with suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)

    back = threading.Thread(target=one_way, args=(there, here))
    back.start()
    one_way(here, there)
    back.join()


def test_a_proxy_gets_its_password_and_no_other_credentials(
    tmp_path: Path,
) -> None:
    user = f"someone:{quote(PASSWORD, safe='')}"
    with Upstream(certificate()) as upstream, Proxy() as proxy:
        serve_customers(upstream, {"c1": [order("o1", "c1")]})
        variables = {"HTTPS_PROXY": f"http://{user}@{proxy.address}", **DEBUG}
        run = run_tap(
            {"partner_center": partner_center(upstream)},
            environment={**trusting(tmp_path), **variables},
        )

    encoded = base64.b64encode(f"someone:{PASSWORD}".encode()).decode()
    assert run.status == 0
    assert len(run.records("orders")) == 1
    assert {asked.headers["authorization"] for asked in upstream.asked} == {
        f"Bearer {SECRETS['token']}"
    }
    assert proxy.heads
    for head in proxy.heads:
        assert f"Proxy-Authorization: Basic {encoded}" in head
        assert SECRETS["token"] not in head
    for shown in (PASSWORD, quote(PASSWORD, safe=""), encoded):
        assert shown not in run.log


def test_a_proxy_that_repeats_its_password_is_not_repeated(tmp_path: Path) -> None:
    with (
        Upstream(certificate()) as upstream,
        Proxy("407 You sent {head}") as proxy,
    ):
        user = "someone:planted-proxy-password"
        run = run_tap(
            {"partner_center": partner_center(upstream)},
            environment={
                **trusting(tmp_path),
                "HTTPS_PROXY": f"http://{user}@{proxy.address}",
                **DEBUG,
            },
        )

    encoded = base64.b64encode(user.encode()).decode()
    (issue,) = run.issues()
    assert "HTTPS_PROXY" in issue["message"]
    for shown in ("planted-proxy-password", encoded, encoded[12:-4]):
        assert shown not in run.log + run.output.decode()
    assert upstream.asked == []


@pytest.mark.parametrize(
    ("answer", "user", "said"),
    [
        (
            "407 Who are you",
            "",
            (
                "the proxy in https_proxy asks for a user and a password (HTTP 407): "
                "put them into https_proxy, as http://user:password@host:port"
            ),
        ),
        (
            "407 Not you",
            "someone:planted-proxy-password@",
            "the proxy in https_proxy refuses its user or password (HTTP 407)",
        ),
        (
            "502 No",
            "",
            "through the proxy (HTTP 502); check the proxy in https_proxy",
        ),
    ],
    ids=["no-user", "user", "other"],
)
@pytest.mark.parametrize("asked", ["api", "authority"])
def test_what_a_proxy_answers_is_told_with_the_variable(
    answer: str, user: str, said: str, asked: str, tmp_path: Path
) -> None:
    with Upstream(certificate()) as upstream, Proxy(answer) as proxy:
        settings: dict[str, Any] = (
            {"auth": app_only(upstream)} if asked == "authority" else {}
        )
        run, _ = run_measured(
            {"partner_center": partner_center(upstream, **settings)},
            "--test",
            bounds={"auth.authority:_TRIES": 1},
            environment={
                **trusting(tmp_path),
                "https_proxy": f"http://{user}{proxy.address}",
            },
        )

    assert run.status == 1
    (line,) = run.errors
    assert said in line
    # The address of the API would not help.
    assert "api_url" not in line
    assert "planted-proxy-password" not in run.log + run.output.decode()
    assert upstream.asked == []


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment that trusts the servers here, and has no proxies."""
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name, value in trusting(tmp_path).items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def ask(url: str) -> ApiResponse:
    asking = Transport(BearerTokenAuth("a-token"), url, Secrets(), CancelToken())
    response = asking.send(f"{url}/")
    asking.close()
    return response


@pytest.mark.parametrize("scheme", ["", "http://"], ids=["bare", "http"])
@pytest.mark.parametrize(
    "variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
)
def test_each_of_the_usual_variables_names_a_proxy(
    variable: str, scheme: str, environment: pytest.MonkeyPatch
) -> None:
    with Upstream(certificate()) as upstream, Proxy() as proxy:
        upstream.answer("/", Reply(b"{}"))
        environment.setenv(variable, f"{scheme}{proxy.address}")
        assert ask(upstream.url).status == 200

    assert len(proxy.heads) == 1
    assert "a-token" not in proxy.heads[0]


@pytest.mark.parametrize("variable", ["NO_PROXY", "no_proxy"])
@pytest.mark.parametrize("hosts", ["127.0.0.1", "example.test, 127.0.0.0/8", "*"])
def test_hosts_that_are_to_be_had_without_a_proxy_are(
    hosts: str, variable: str, environment: pytest.MonkeyPatch
) -> None:
    with Upstream(certificate()) as upstream, Proxy() as proxy:
        upstream.answer("/", Reply(b"{}"))
        environment.setenv("HTTPS_PROXY", f"http://{proxy.address}")
        environment.setenv(variable, hosts)
        assert ask(upstream.url).status == 200

    assert proxy.heads == []


@pytest.mark.parametrize(
    "proxy",
    ["http://127.0.0.1:1", "https://127.0.0.1:1", "socks5h://127.0.0.1:1", "http://"],
)
def test_an_unusable_proxy_is_a_plain_error(
    proxy: str, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(TransportError, match="check the proxy in HTTPS_PROXY"):
        ask("https://api.example.test")


def test_what_fails_behind_a_proxy_is_not_taken_for_its_failure(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.delenv("REQUESTS_CA_BUNDLE")
    with Upstream(certificate()) as upstream, Proxy() as proxy:
        environment.setenv("HTTPS_PROXY", f"http://{proxy.address}")
        with pytest.raises(UntrustedServerError, match="REQUESTS_CA_BUNDLE"):
            ask(upstream.url)


def test_the_password_of_a_proxy_is_never_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    user = f"someone:{quote(PASSWORD, safe='')}"
    monkeypatch.setenv("HTTPS_PROXY", f"http://{user}@127.0.0.1:1/")
    secrets = Secrets()
    Transport(
        BearerTokenAuth("a-token"), "https://api.example.test", secrets, CancelToken()
    )

    encoded = base64.b64encode(f"someone:{PASSWORD}".encode()).decode()
    for shown in (PASSWORD, user, f"Basic {encoded}"):
        assert "***" in secrets.redacted(shown)
