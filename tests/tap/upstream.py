"""A local HTTP server that answers as it is told, and remembers what it was asked."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

import msgspec
from typing_extensions import override

from tests.tap.local_server import Serving

if TYPE_CHECKING:
    import trustme

# A connection on which nothing comes is given up: nothing here waits for ever.
_IDLE_SECONDS = 20.0
_JSON = "application/json; charset=utf-8"
_encoder = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came.

    Attributes:
        method: The verb.
        path: The path as it was sent, still encoded.
        query: What follows the question mark, as it was sent.
        headers: Header fields by their names in lower case.
        body: The body.
        at: When it came, in seconds of the monotonic clock.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    at: float


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer.

    Attributes:
        body: The whole body.
        status: HTTP status.
        headers: Header fields; `Content-Length` is added.
        reason: The reason phrase; None: the usual one.
        cut_to: Send only so many bytes of the body, then close the connection.
        dropped: Close the connection without any answer.
    """

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    reason: str | None = None
    cut_to: int | None = None
    dropped: bool = False


Answer = Reply | Callable[[Asked], Reply]


def json_reply(value: Any, status: int = 200, **headers: str) -> Reply:
    """Return an answer with a JSON body.

    Args:
        value: The value; a `Decimal` is written with all its digits.
        status: HTTP status.
        headers: Header fields, with `_` for `-`.
    """
    fields = {name.replace("_", "-"): text for name, text in headers.items()}
    return Reply(_encoder.encode(value), status, {"Content-Type": _JSON, **fields})


def read_json(text: str | bytes) -> Any:
    """Return the value of a JSON text, with `Decimal` for every fraction."""
    return json.loads(text, parse_float=Decimal)


class Upstream(Serving):
    """A server on a free port of this machine; a context manager.

    Attributes:
        url: Its address, without a path.
        asked: All requests so far, in the order of their arrival.

    Args:
        certificate: With it the server speaks TLS.
    """

    def __init__(self, certificate: trustme.LeafCert | None = None) -> None:
        self._certificate = certificate
        self._lock = threading.Lock()
        self._answers: dict[str, list[Answer]] = {}
        self.asked: list[Asked] = []
        self.url = ""

    @override
    def __enter__(self) -> Self:
        """Start to answer."""
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.upstream = self
        scheme = "http"
        if self._certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._certificate.configure_cert(context)
            # Hands are shaken by the thread of the connection, not by the listener.
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
            scheme = "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_address[1]}"
        return super().__enter__()

    def answer(self, path: str, *answers: Answer) -> None:
        """Set what a path is answered with: in this order, the last one for ever.

        Args:
            path: The path as it will be sent, encoded, without its query; or with it,
                for one query only.
            answers: The answers, or functions that make them of a request.
        """
        self._answers[path] = list(answers)

    def answer_first(self, path: str, answer: Answer) -> None:
        """Put an answer before those that are set for a path."""
        self._answers[path].insert(0, answer)

    def asked_for(self, path: str) -> list[Asked]:
        """Return the requests for one path, whatever their query."""
        return [asked for asked in list(self.asked) if asked.path == path]

    def reply_to(self, asked: Asked) -> Reply:
        """Return the answer to a request, and remember the request."""
        with self._lock:
            self.asked.append(asked)
            whole = f"{asked.path}?{asked.query}"
            answers = self._answers.get(whole) or self._answers.get(asked.path)
            if not answers:
                return json_reply({"message": "no such path in this test"}, status=404)
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return answer if isinstance(answer, Reply) else answer(asked)


class _Server(ThreadingHTTPServer):
    upstream: Upstream
    # Closing waits for the connections: no socket is left to the collector.
    daemon_threads = False
    request_queue_size = 128

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that went away is part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_SECONDS

    def do_GET(self) -> None:
        """Answer as the test says."""
        length = int(self.headers.get("Content-Length") or 0)
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(length)
        asked = Asked(self.command, path, query, headers, body, time.monotonic())
        self._send(self.server.upstream.reply_to(asked))

    do_CONNECT = do_GET  # noqa: N815  # as below
    do_POST = do_GET  # noqa: N815  # the name that the standard library looks for

    def _send(self, reply: Reply) -> None:
        if reply.dropped:
            self.close_connection = True
            return
        self.send_response_only(reply.status, reply.reason)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status not in {204, 304}:
            self.send_header("Content-Length", str(len(reply.body)))
        # Head and body in one piece, so that nothing waits for an acknowledgement.
        lines: list[bytes] = getattr(self, "_headers_buffer")  # noqa: B009  # not typed
        head = b"".join(lines) + b"\r\n"
        lines.clear()
        body = reply.body if reply.cut_to is None else reply.body[: reply.cut_to]
        self.wfile.write(head + body)
        self.close_connection = self.close_connection or reply.cut_to is not None

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the tests look at what was asked."""
