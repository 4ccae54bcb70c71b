"""Errors of Partner Center: the standard shape of *Error codes*, never with a mark."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from tap_purchase_orders.sandbox.messages import Reply, json_reply

# *Partner security requirements*: status 401, this header, and no body.
INVALID_TOKEN = {"WWW-Authenticate": 'Bearer error="invalid_token"'}


class RefusedError(Exception):
    """A call is answered with an error.

    Args:
        reply: The answer.
    """

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


def error(status: int, code: int, description: str) -> Reply:
    """Return an error in the standard shape."""
    return json_reply(status, _standard_body(code, description))


def refused(status: int, code: int, description: str) -> RefusedError:
    """Return an error to raise."""
    return RefusedError(error(status, code, description))


def token_refused(code: int, description: str) -> RefusedError:
    """Return the refusal of a token that is missing or not good."""
    reply = error(401, code, description)
    reply.headers.update(INVALID_TOKEN)
    return RefusedError(reply)


def mfa_required() -> Reply:
    """Return the refusal of a user's token without the claim of two factors."""
    reason = "Unauthorized - MFA required"
    return Reply(401, reason=reason, headers=dict(INVALID_TOKEN))


def rate_limited(wait_seconds: int) -> Reply:
    """Return the answer of the gateway in front, as *API throttling guidance* shows."""
    reply = json_reply(429, error_body(429, wait_seconds))
    reply.headers["Retry-After"] = str(wait_seconds)
    return reply


# *Error codes*: for each status the pair that a reader is most likely to meet.
_USUAL_ERRORS = {
    400: (3000, "A property of the request is not valid."),
    401: (400, "Access denied."),
    403: (2032, "Access denied."),
    404: (1000, "The resource was not found."),
    408: (900225, "The request timed out."),
    501: (0, "Not defined."),
}
_OTHER_ERROR = (800003, "An unexpected error occurred. Please try again later.")


def error_body(status: int, wait_seconds: int | str = 1) -> dict[str, Any]:
    """Return the body that an answer of a status usually has."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        message = f"Rate limit is exceeded. Try again in {wait_seconds} seconds."
        return {"statusCode": status, "message": message}
    return _standard_body(*_USUAL_ERRORS.get(status, _OTHER_ERROR))


def _standard_body(code: int, description: str) -> dict[str, Any]:
    """Return the standard shape; the code is a number, as in every captured body."""
    source = "PartnerFD"
    return {"code": code, "description": description, "data": [], "source": source}
