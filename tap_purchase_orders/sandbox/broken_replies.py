"""Breaks a correct reply as a fault rule says."""

from __future__ import annotations

import codecs
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from tap_purchase_orders.sandbox import (
    appzen_errors,
    authority_errors,
    partner_center_errors,
)
from tap_purchase_orders.sandbox.messages import JSON_TYPE, Reply, json_reply, json_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_purchase_orders.sandbox.faults import Answer
    from tap_purchase_orders.sandbox.messages import Asked

_PAGE = b"<!DOCTYPE html><html><body>The proxy is having a day off.</body></html>"
_HTML_TYPE = "text/html; charset=utf-8"
_WRONG_OBJECTS: dict[str, Any] = {
    "authority": {"hello": "world"},
    "partner_center": {"agreementType": "x", "attributes": {"objectType": "Agreement"}},
    # What the call that writes a purchase order answers.
    "appzen": {"uuid": "5b0c9f3e-2f0b-4c7e-8b43-6d1c4b1f7a10", "status": "UPDATED"},
}
_decoder = msgspec.json.Decoder(float_hook=Decimal)


def break_reply(
    asked: Asked, answer: Answer, now: int, truth: Callable[[], Reply]
) -> Reply:
    """Return the answer that a fault rule wants.

    Args:
        asked: What was asked for.
        answer: What the rule wants.
        now: World time, for the time stamps of errors.
        truth: Returns the true answer; called only if the rule needs it.
    """
    reply = _instead(asked, answer, now) or truth()
    if answer.merge is not None:
        reply.body = _merged(reply.body, answer.merge)
    if answer.cut_body:
        reply.cut_at = len(reply.body) // 2
    reply.reset = answer.reset
    reply.headers.update(answer.headers)
    reply.delay_seconds += answer.delay_ms / 1000
    return reply


def _instead(asked: Asked, answer: Answer, now: int) -> Reply | None:
    """Return what is said instead of the truth, or None for the truth."""
    status = answer.status
    choices: tuple[tuple[bool, Callable[[], Reply]], ...] = (
        (
            answer.close or (answer.reset and not answer.cut_body),
            lambda: Reply(200, dropped=True),
        ),
        (answer.mfa_required, partner_center_errors.mfa_required_in_2023),
        (answer.redirect is not None, lambda: _redirect(answer.redirect or "")),
        (
            answer.html,
            lambda: Reply(status or 200, _PAGE, {"Content-Type": _HTML_TYPE}),
        ),
        (answer.wrong_object, lambda: _wrong_object(asked.api)),
        (answer.body is not msgspec.UNSET, lambda: _body(answer)),
        (answer.code is not None, lambda: _documented(answer.code or 0, now)),
        (status is not None, lambda: _error(asked.api, answer, now)),
    )
    return next((reply() for wanted, reply in choices if wanted), None)


def _redirect(address: str) -> Reply:
    return Reply(302, headers={"Location": address})


def _wrong_object(api: str) -> Reply:
    mark = api == "partner_center"
    return json_reply(200, _WRONG_OBJECTS[api], byte_order_mark=mark)


def _body(answer: Answer) -> Reply:
    body = answer.body
    content = body.encode() if isinstance(body, str) else json_text(body)
    return Reply(answer.status or 200, content, {"Content-Type": JSON_TYPE})


def _documented(code: int, now: int) -> Reply:
    refusal = authority_errors.BY_CODE.get(code)
    if refusal is None:
        return partner_center_errors.documented(code)
    return authority_errors.refusal_reply(refusal, now)


def _error(api: str, answer: Answer, now: int) -> Reply:
    status = answer.status or 500
    if api == "partner_center":
        wait_seconds = answer.headers.get("Retry-After", "1")
        return json_reply(
            status, partner_center_errors.error_body(status, wait_seconds)
        )
    if api == "appzen":
        return json_reply(status, appzen_errors.error_body(status, now))
    return json_reply(status, {"error": "temporarily_unavailable"})


def _merged(body: bytes, patch: dict[str, Any]) -> bytes:
    mark = codecs.BOM_UTF8 if body.startswith(codecs.BOM_UTF8) else b""
    return mark + json_text(_patch(_decoder.decode(body.removeprefix(mark)), patch))


def _patch(target: Any, patch: Any) -> Any:
    """Return a value after a JSON merge patch (RFC 7396)."""
    if not isinstance(patch, dict):
        return patch
    patched = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            patched.pop(name, None)
        else:
            patched[name] = _patch(patched.get(name), value)
    return patched
