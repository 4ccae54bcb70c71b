"""Calls and replies."""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote

import msgspec
from starlette.requests import Request

if TYPE_CHECKING:
    import asyncio

    from starlette.datastructures import Headers, QueryParams
    from starlette.types import Receive, Scope

JSON_TYPE = "application/json; charset=utf-8"

# Amounts keep every digit: a Decimal is written as the number it is.
_encoder = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it arrived.

    Attributes:
        method: The verb, in capitals.
        target: Path and query as they were sent, for the rules of fault scripts.
        segments: The parts of the path, each percent-decoded on its own.
        query: The query parameters.
        headers: The headers, found by any spelling of their name.
        body: The whole body.
        is_local: Whether it came from this machine.
    """

    method: str
    target: str
    segments: tuple[str, ...]
    query: QueryParams
    headers: Headers
    body: bytes
    is_local: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """What a call asks for, as counts, limits and fault rules name it.

    Attributes:
        api: `authority`, `partner_center` or `appzen`.
        resource: The kind of thing, for example `orders`.
        names: What the path names, for example `customer` and `order`.
    """

    api: str
    resource: str
    names: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The names joined by `/`; empty for a list of everything."""
        return "/".join(self.names.values())


@dataclass(slots=True)
class Reply:
    """One answer, and what is to go wrong on its way.

    Attributes:
        status: The HTTP status.
        body: The body as it goes over the wire.
        headers: The headers; the length is added.
        reason: A reason phrase other than the usual one.
        cut_at: Send only so many bytes of the body, then close the connection.
        dropped: Close the connection without any answer.
        reset: Where the connection is closed, reset it.
        delay_seconds: Wait before answering.
        held: Wait until this is set before answering.
    """

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    reason: str | None = None
    cut_at: int | None = None
    dropped: bool = False
    reset: bool = False
    delay_seconds: float = 0.0
    held: asyncio.Event | None = None

    @property
    def is_passthrough(self) -> bool:
        """Whether the HTTP stack can send it as it is."""
        return not self.dropped and self.cut_at is None and self.reason is None


class Service(Protocol):
    """One of the three things the sandbox stands in for."""

    def asked(self, call: Call) -> Asked | None:
        """Return what a call asks for, or None if it is not for this service."""

    def answer(self, call: Call, asked: Asked) -> Reply:
        """Return the true answer."""

    def throttled(self, asked: Asked) -> Reply | None:
        """Count a call; return the refusal if there were too many of its kind."""

    def finish(self, reply: Reply, call: Call) -> None:
        """Add the headers that every answer of this service has."""


async def read_call(scope: Scope, receive: Receive) -> Call:
    """Return a request with its whole body."""
    request = Request(scope, receive)
    raw_path: bytes = scope["raw_path"]
    query: bytes = scope["query_string"]
    # A number with a slash is one segment, so the parts are decoded one by one.
    parts = raw_path.decode("ascii").split("/")[1:]
    client = scope["client"][0] if scope["client"] else ""
    server = scope["server"][0] if scope["server"] else ""
    return Call(
        method=request.method,
        target=(raw_path + (b"?" + query if query else b"")).decode("ascii"),
        segments=tuple(unquote(part) for part in parts),
        query=request.query_params,
        headers=request.headers,
        body=await request.body(),
        is_local=is_of_this_machine(client, server),
    )


def is_of_this_machine(client: str, server: str) -> bool:
    """Return whether a connection is one that a machine has with itself.

    Args:
        client: The address that it comes from.
        server: The address of this machine that it goes to.
    """
    # Another machine cannot have the same address.
    loopback = client == "::1" or client.removeprefix("::ffff:").startswith("127.")
    return loopback or (client != "" and client == server)


def json_text(value: Any) -> bytes:
    """Return compact JSON; decimals keep all their digits."""
    return _encoder.encode(value)


def json_reply(status: int, value: Any, *, byte_order_mark: bool = False) -> Reply:
    """Return a JSON answer.

    Args:
        status: The HTTP status.
        value: The body, before it is written as JSON.
        byte_order_mark: Whether the body starts with EF BB BF.
    """
    mark = codecs.BOM_UTF8 if byte_order_mark else b""
    return Reply(status, mark + json_text(value), {"Content-Type": JSON_TYPE})
