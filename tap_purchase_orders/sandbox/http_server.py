"""The HTTP server, which can break replies on purpose."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import uvicorn
from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Generator

    from starlette.types import ASGIApp, Receive, Scope, Send

    from tap_purchase_orders.sandbox.messages import Reply

# Longer than any client keeps an idle connection: a server that closes first would
# be a fault that nobody asked for.
_KEEP_ALIVE_SECONDS = 300
_TRANSPORT = "sandbox.transport"


class _Connection(H11Protocol):
    """A connection that lets the application reach its transport."""

    @override
    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        application: Any = self.config.loaded_app

        async def with_transport(scope: Any, receive: Any, send: Any) -> None:
            scope[_TRANSPORT] = transport
            await application(scope, receive, send)

        self.app = with_transport


class _Server(uvicorn.Server):
    """A server that says when it is ready and leaves signals to its owner."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    def stop(self) -> None:
        """End at once: nothing that is being answered is worth waiting for."""
        # Answers that are cut off by this are no mistakes to report.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        self.should_exit = self.force_exit = True


def server(
    application: ASGIApp, context: ssl.SSLContext, ready: Callable[[], None]
) -> _Server:
    """Return a server for an application.

    Args:
        application: What answers.
        context: The TLS context.
        ready: Called once the server answers.
    """
    config = uvicorn.Config(
        application,
        http=_Connection,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=1,
    )
    config.load()
    config.ssl = context
    return _Server(config, ready)


async def deliver(reply: Reply, scope: Scope, receive: Receive, send: Send) -> bool:
    """Send an answer, whole or broken as it says.

    Returns:
        Whether the client waited for it.
    """
    if reply.held is not None and await _is_gone_before(reply.held, receive):
        return False
    if reply.delay_seconds and await _is_gone_after(reply.delay_seconds, receive):
        return False
    if reply.is_passthrough:
        await _deliver_plain(reply, send)
    else:
        await _deliver_raw(reply, scope[_TRANSPORT], receive)
    return True


async def _is_gone_after(seconds: float, receive: Receive) -> bool:
    """Wait, but not for a client that goes away; return whether it did."""
    try:
        async with asyncio.timeout(seconds):
            await _disconnected(receive)
    except TimeoutError:
        return False
    return True


async def _is_gone_before(event: asyncio.Event, receive: Receive) -> bool:
    """Wait for an event, but not for a client that goes away; return whether it did."""
    gone = asyncio.ensure_future(_disconnected(receive))
    come = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait((gone, come), return_when=asyncio.FIRST_COMPLETED)
        return not come.done()
    finally:
        gone.cancel()
        come.cancel()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _deliver_plain(reply: Reply, send: Send) -> None:
    headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in reply.headers.items()
    ]
    headers.append((b"content-length", str(len(reply.body)).encode()))
    await send(
        {"type": "http.response.start", "status": reply.status, "headers": headers}
    )
    await send({"type": "http.response.body", "body": reply.body})


async def _deliver_raw(
    reply: Reply, transport: asyncio.Transport, receive: Receive
) -> None:
    """Write to the connection what no HTTP stack would write, and close it."""
    if not reply.dropped:
        reason = reply.reason or HTTPStatus(reply.status).phrase
        lines = [f"HTTP/1.1 {reply.status} {reason}"]
        lines += [f"{name}: {value}" for name, value in reply.headers.items()]
        lines += [f"Content-Length: {len(reply.body)}", "Connection: close", "", ""]
        body = reply.body[: reply.cut_at]
        transport.write("\r\n".join(lines).encode("latin-1") + body)
    if reply.reset:
        _reset(transport)
    else:
        transport.close()
    # The stack takes an unanswered request for a mistake until it sees the end.
    await _disconnected(receive)


def _reset(transport: asyncio.Transport) -> None:
    """End a connection by a reset instead of by the usual farewell."""
    # To linger for no time is what makes the system send one.
    no_time = struct.pack("ii", 1, 0)
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_time)
    transport.abort()
