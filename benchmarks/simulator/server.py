"""Answers from memory on plain sockets, and counts what was asked."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import re
import time
from dataclasses import asdict
from email.utils import format_datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote

from typing_extensions import override

from benchmarks.simulator.bodies import Bodies
from benchmarks.simulator.control import CONTROL_PATH, Counts, Scene
from benchmarks.simulator.other_bodies import OtherBodies

if TYPE_CHECKING:
    from collections.abc import Callable

_CONTROL = CONTROL_PATH.encode()
_HEAD_END = b"\r\n\r\n"
_GET = b"GET "
_TOKEN = re.compile(rb"\r\nms-continuationtoken: *([^\r]+)", re.IGNORECASE)
_ORDERS = re.compile("/v1/customers/([^/?]+)/orders")
_NUMBER = "/dictionary-data-services/purchase-order/purchase-order-number/"
_DEFAULT_PAGE_SIZE = "100"
_DATE_SECONDS = 1.0
# What is asked for again and again is made once; of a hundred thousand customers, made
# anew: a gigabyte would be no gain.
_MOST_KEPT = 20_000

_HEAD = b"""\
Content-Type: application/json; charset=utf-8
MS-CorrelationId: 3f0d2c5e-6a3b-4c55-9d8a-0f6f3f3f9c11
MS-RequestId: 5b1c7d0a-8d5e-4a4e-bb0f-7d9c2f1e6a22
x-correlation-id: 0a6f5c1e4b7d
Content-Length: %d

""".replace(b"\n", b"\r\n")


class Upstream:
    """Answers for both APIs.

    Args:
        loop: Keeps the time of answers that are to come late.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._bodies: dict[tuple[object, ...], Bodies | OtherBodies] = {}
        self._answers: dict[bytes, bytes] = {}
        self._scene = Scene()
        self._counts = Counts()
        self._cpu_begin = 0.0
        self._begin = b""
        self._keep_date()

    def answer(self, head: bytes, send: Callable[[bytes], None]) -> None:
        """Answer a request.

        Args:
            head: Its first line and its header fields.
            send: Takes the answer.
        """
        target = head[len(_GET) : head.index(b" ", len(_GET))]
        if target.startswith(_CONTROL):
            send(self._begin + self._control(target.decode()))
            return
        counts = self._counts
        came_at = time.monotonic()
        if not counts.requests:
            counts.first_at = came_at
        counts.requests += 1
        counts.in_flight += 1
        counts.most_in_flight = max(counts.most_in_flight, counts.in_flight)
        if b"seekOperation" in target and (found := _TOKEN.search(head)):
            # The token of a page is in a header; here it is part of the page's name.
            target += b"#" + found[1]
        answer = self._answers.get(target)
        if answer is None:
            answer = _with_head(self._made(target.decode()))
            if len(self._answers) < _MOST_KEPT:
                self._answers[target] = answer
        if self._scene.latency_ms:
            seconds = self._scene.latency_ms / 1000
            self._loop.call_later(seconds, self._send, answer, send, came_at)
        else:
            self._send(answer, send, came_at)

    def _send(
        self, answer: bytes, send: Callable[[bytes], None], came_at: float
    ) -> None:
        send(self._begin + answer)
        counts = self._counts
        counts.last_at = time.monotonic()
        counts.answering_seconds += counts.last_at - came_at
        counts.in_flight -= 1

    def _made(self, target: str) -> bytes:
        """Return the body of an answer that is asked for the first time."""
        scene = self._scene
        bodies = self._bodies[_of_bodies(scene)]
        if found := _ORDERS.match(target):
            return bodies.orders(found[1], scene.orders_per_customer, scene.open_every)
        if target.startswith(_NUMBER):
            return bodies.purchase_order(target.removeprefix(_NUMBER))
        address, _, token = target.partition("#")
        path, _, query = address.partition("?")
        if path == "/v1/customers":
            size = int(parse_qs(query).get("size", [_DEFAULT_PAGE_SIZE])[0])
            return bodies.customers(int(token or 0), size, scene.customers)
        if path == "/v1/auditrecords" and isinstance(bodies, Bodies):
            return bodies.activity(scene.customers, scene.active_customers, self._now())
        self._counts.unknown.append(path)
        return b"{}"

    def _control(self, target: str) -> bytes:
        """Return what was counted; with a scene it is set, and counted anew."""
        counts = self._counts
        counts.cpu_seconds = time.process_time() - self._cpu_begin
        if scene := target.removeprefix(CONTROL_PATH):
            self._set(Scene(**json.loads(unquote(scene))))
        return _with_head(json.dumps(asdict(counts)).encode())

    def _set(self, scene: Scene) -> None:
        if scene != self._scene:
            self._answers.clear()
        self._scene = scene
        self._set_date()
        if _of_bodies(scene) not in self._bodies:
            self._bodies[_of_bodies(scene)] = _bodies(scene)
        self._counts = Counts()
        self._cpu_begin = time.process_time()

    def _set_date(self) -> None:
        date = format_datetime(self._now(), usegmt=True)
        self._begin = f"HTTP/1.1 200 OK\r\nDate: {date}\r\n".encode()

    def _keep_date(self) -> None:
        self._set_date()
        self._loop.call_later(_DATE_SECONDS, self._keep_date)

    def _now(self) -> dt.datetime:
        """Return the time by the upstream's clock."""
        ahead = dt.timedelta(hours=self._scene.hours_ahead)
        return dt.datetime.now(dt.UTC) + ahead


class Connection(asyncio.Protocol):
    """A connection, on which requests come one after another, without bodies.

    Args:
        upstream: Answers.
    """

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._pending = b""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A stream's transport always can write.
        self._send = transport.write  # type: ignore[attr-defined]

    @override
    def data_received(self, data: bytes) -> None:
        pending = self._pending + data
        while (end := pending.find(_HEAD_END)) >= 0:
            self._upstream.answer(pending[:end], self._send)
            pending = pending[end + len(_HEAD_END) :]
        self._pending = pending


def _of_bodies(scene: Scene) -> tuple[object, ...]:
    """Return what of a scene its bodies depend on."""
    return scene.is_odd, scene.maker, scene.unknown


def _bodies(scene: Scene) -> Bodies | OtherBodies:
    if scene.maker == "sandbox":
        return Bodies(is_odd=scene.is_odd)
    return OtherBodies(is_large=scene.maker == "other-large", unknown=scene.unknown)


def _with_head(body: bytes) -> bytes:
    return _HEAD % len(body) + body
