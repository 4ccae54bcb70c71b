"""A local server that sends any bytes at all, for as long as it can."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from typing_extensions import override

if TYPE_CHECKING:
    from types import TracebackType

    import trustme

    from tests.tap.upstream import Reply

# Whatever happens, no connection is kept longer.
_LONGEST_SECONDS = 60.0
_TRICKLE_SECONDS = 0.05
_BLOCK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Heard:
    """One request.

    Attributes:
        path: The path and the query, as they were sent.
        head: The whole head.
        body: The body.
    """

    path: str
    head: str
    body: bytes


Bytes = Callable[[Heard], Iterable[bytes]]


class HostileServer:
    """A server on a free port of this machine; a context manager.

    It answers one request on each connection, and closes it then, unless it is told to
    keep its connections.

    Attributes:
        url: Its address, without a path.
        heard: All requests so far.
        connections: How many connections were made to it.

    Args:
        certificate: With it the server speaks TLS.
        keeps_connections: Answer many requests on one connection.
    """

    def __init__(
        self,
        certificate: trustme.LeafCert | None = None,
        *,
        keeps_connections: bool = False,
    ) -> None:
        self._certificate = certificate
        self._keeps_connections = keeps_connections
        self._answers: dict[str, Bytes] = {}
        self._ended = threading.Event()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self.url = ""
        self.heard: list[Heard] = []
        self.connections = 0

    def __enter__(self) -> Self:
        """Start to listen."""
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        scheme = "http" if self._certificate is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"
        self._begin(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close all connections, however much is still to be sent."""
        self._ended.set()
        for connection in (self._listener, *self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def answer(self, path: str, answer: Bytes | Reply) -> None:
        """Set what a path is answered with; other paths get no answer at all."""
        self._answers[path] = answer if callable(answer) else as_sent(answer)

    def trickle(self, text: bytes) -> Iterable[bytes]:
        """Return a text over and over, a byte now and then."""
        return _Slowly(text, self._ended)

    def silence(self) -> Iterable[bytes]:
        """Return nothing, for ever."""
        return _Slowly(b"", self._ended)

    def _begin(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            connection.settimeout(_LONGEST_SECONDS)
            self._begin(self._serve, connection)

    def _serve(self, plain: socket.socket) -> None:
        self._open.add(plain)
        try:
            with plain, self._secured(plain) as connection:
                while heard := self._heard(connection):
                    self._send(connection, heard)
                    if not self._keeps_connections:
                        return
        except OSError:
            # The client has had enough.
            pass
        finally:
            self._open.discard(plain)

    def _secured(self, connection: socket.socket) -> socket.socket:
        if self._certificate is None:
            return connection
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._certificate.configure_cert(context)
        secured = context.wrap_socket(connection, server_side=True)
        self._open.add(secured)
        return secured

    def _heard(self, connection: socket.socket) -> Heard | None:
        with connection.makefile("rb") as file:
            lines: list[bytes] = []
            while not lines or lines[-1] != b"\r\n":
                lines.append(file.readline())
                if not lines[-1]:
                    return None
            head = b"".join(lines).decode("latin-1")
            length = head.lower().partition("content-length:")[2].partition("\r\n")[0]
            heard = Heard(head.split(" ", 2)[1], head, file.read(int(length or 0)))
        self.heard.append(heard)
        return heard

    def _send(self, connection: socket.socket, heard: Heard) -> None:
        answer = self._answers.get(heard.path.partition("?")[0])
        for piece in answer(heard) if answer else ():
            if self._ended.is_set():
                return
            connection.sendall(piece)


def as_sent(reply: Reply) -> Bytes:
    """Return an answer as bytes."""
    length = str(len(reply.body))
    fields = {**reply.headers, "Content-Length": length, "Connection": "close"}
    head = f"HTTP/1.1 {reply.status} {reply.reason or 'OK'}\r\n" + "".join(
        f"{name}: {value}\r\n" for name, value in fields.items()
    )
    whole = head.encode("latin-1") + b"\r\n" + reply.body
    return lambda _: [whole]


def of(*pieces: bytes | Iterable[bytes]) -> Bytes:
    """Return an answer of some pieces; an iterable among them is sent as it comes."""

    def answer(_: Heard) -> Iterator[bytes]:
        for piece in pieces:
            if isinstance(piece, bytes):
                yield piece
            else:
                yield from piece

    return answer


class Endless(Iterable[bytes]):
    """The same bytes for ever, in large pieces."""

    def __init__(self, text: bytes) -> None:
        self._piece = text * (_BLOCK // len(text) + 1)

    @override
    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield self._piece


class _Slowly(Iterable[bytes]):
    """A text over and over, a byte now and then, until an end is told."""

    def __init__(self, text: bytes, ended: threading.Event) -> None:
        self._text = text
        self._ended = ended

    @override
    def __iter__(self) -> Iterator[bytes]:
        while not self._ended.wait(_LONGEST_SECONDS if not self._text else 0):
            for number in self._text:
                yield bytes([number])
                if self._ended.wait(_TRICKLE_SECONDS):
                    return
