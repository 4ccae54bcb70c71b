"""A local server of HTTP/2 over TLS that gives every request the same answer."""

from __future__ import annotations

import ssl
from contextlib import suppress
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import TYPE_CHECKING

from typing_extensions import override

from tests.tap.local_server import Serving

if TYPE_CHECKING:
    import trustme

_LONGEST_SECONDS = 30.0
# RFC 9113, *HTTP/2 Connection Preface* and *Frame Definitions*.
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RESET, _SETTINGS = 0, 1, 3, 4
_ACK = _END_STREAM = 1
_END_HEADERS = 4
_HTTP_1_1_REQUIRED = 13
# RFC 7541, *Static Table Definition*: `:status: 200`.
_STATUS_200 = b"\x88"


class Http2Server(Serving):
    """A server on a free port of this machine; a context manager.

    Attributes:
        url: Its address, without a path.
        connections: The protocol of each connection that was made to it.
        requests: How many requests it got.

    Args:
        certificate: What it proves its name by.
        body: What it answers.
        wants_http_1: Refuse what is asked in HTTP/2.
    """

    def __init__(
        self, certificate: trustme.LeafCert, body: bytes, *, wants_http_1: bool = False
    ) -> None:
        self.body = body
        self.wants_http_1 = wants_http_1
        self.connections: list[str | None] = []
        self.requests = 0
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(["h2", "http/1.1"])
        certificate.configure_cert(context)
        self._server: _Server = _Server(("127.0.0.1", 0), _Handler)
        self._server.told = self
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.url = f"https://127.0.0.1:{self._server.server_address[1]}"


class _Server(ThreadingTCPServer):
    told: Http2Server


class _Handler(StreamRequestHandler):
    server: _Server
    request: ssl.SSLSocket
    timeout = _LONGEST_SECONDS

    @override
    def handle(self) -> None:
        with suppress(OSError):
            self.request.do_handshake()
            protocol = self.request.selected_alpn_protocol()
            self.server.told.connections.append(protocol)
            if protocol == "h2":
                self._speak_http_2()
            else:
                self._speak_http_1()

    @override
    def finish(self) -> None:
        with suppress(OSError):
            super().finish()

    def _speak_http_1(self) -> None:
        told = self.server.told
        while self.rfile.readline():
            while self.rfile.readline().strip():
                pass
            told.requests += 1
            length = b"Content-Length: %d\r\n\r\n" % len(told.body)
            self.wfile.write(b"HTTP/1.1 200 OK\r\n" + length + told.body)

    def _speak_http_2(self) -> None:
        told = self.server.told
        if self.rfile.read(len(_PREFACE)) != _PREFACE:
            return
        self._send(_SETTINGS, 0, 0)
        while head := self.rfile.read(9):
            length, kind, flags = int.from_bytes(head[:3]), head[3], head[4]
            stream = int.from_bytes(head[5:])
            self.rfile.read(length)
            if kind == _SETTINGS and not flags & _ACK:
                self._send(_SETTINGS, _ACK, 0)
            if kind == _HEADERS and told.wants_http_1:
                told.requests += 1
                self._send(_RESET, 0, stream, _HTTP_1_1_REQUIRED.to_bytes(4))
            elif kind == _HEADERS:
                told.requests += 1
                self._send(_HEADERS, _END_HEADERS, stream, _STATUS_200)
                self._send(_DATA, _END_STREAM, stream, told.body)

    def _send(self, kind: int, flags: int, stream: int, payload: bytes = b"") -> None:
        head = len(payload).to_bytes(3) + bytes([kind, flags]) + stream.to_bytes(4)
        self.wfile.write(head + payload)
