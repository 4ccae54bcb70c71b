"""The ASGI application: routes calls to the three services and the control API."""

from __future__ import annotations

from email.utils import format_datetime
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect

from tap_purchase_orders.sandbox.broken_replies import break_reply
from tap_purchase_orders.sandbox.control import BASE_PATH, Control
from tap_purchase_orders.sandbox.http_server import deliver
from tap_purchase_orders.sandbox.instants import moment_of
from tap_purchase_orders.sandbox.messages import json_reply, read_call

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from tap_purchase_orders.sandbox.context import State
    from tap_purchase_orders.sandbox.messages import Asked, Call, Reply, Service


class Application:
    """Answers every request: counted, throttled, answered, and broken if so wanted.

    Args:
        state: The running sandbox.
        services: What the sandbox stands in for.
        control: The control calls.
        latency_seconds: How long every answer takes at least.
    """

    def __init__(
        self,
        state: State,
        services: tuple[Service, ...],
        control: Control,
        latency_seconds: float,
    ) -> None:
        self._state = state
        self._services = services
        self._control = control
        self._latency_seconds = latency_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            call = await read_call(scope, receive)
        except ClientDisconnect:
            return
        if call.segments[0] == BASE_PATH:
            await deliver(self._control.answer(call), scope, receive, send)
            return
        for service in self._services:
            if asked := service.asked(call):
                break
        else:
            await deliver(json_reply(404, {"error": "not found"}), scope, receive, send)
            return
        self._state.log.begin(asked)
        reply = None
        try:
            answer = self._reply(call, service, asked)
            if await deliver(answer, scope, receive, send):
                reply = answer
        finally:
            self._state.log.end(asked, call, reply)

    def _reply(self, call: Call, service: Service, asked: Asked) -> Reply:
        reply = service.throttled(asked)
        if reply is None:
            if answer := self._state.faults.answer_to(asked, call):
                if answer.revoke_tokens:
                    self._state.tokens.revoke_all()
                reply = break_reply(
                    asked,
                    answer,
                    self._state.clock.now(),
                    lambda: service.answer(call, asked),
                )
                if answer.hold is not None:
                    reply.held = self._state.faults.held(answer.hold)
            else:
                reply = service.answer(call, asked)
        reply.delay_seconds += self._latency_seconds
        service.finish(reply, call)
        # The world's time, by which its dates are to be judged.
        moment = moment_of(self._state.clock.now())
        reply.headers.setdefault("Date", format_datetime(moment, usegmt=True))
        return reply
