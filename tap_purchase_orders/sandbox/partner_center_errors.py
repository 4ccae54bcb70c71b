"""Errors of Partner Center: the standard shape of *Error codes*, never with a mark."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from tap_purchase_orders.sandbox.messages import Reply, json_reply

# *Partner security requirements*: what a refused token is answered with.
INVALID_TOKEN = {"WWW-Authenticate": 'Bearer error="invalid_token"'}


class RefusedError(Exception):
    """A call is answered with an error.

    Args:
        reply: The answer.
    """

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


def error(status: int, code: int | str, description: str) -> Reply:
    """Return an error in the standard shape; 401 says that it is the token's fault."""
    reply = json_reply(status, _standard_body(code, description))
    if status == HTTPStatus.UNAUTHORIZED:
        reply.headers.update(INVALID_TOKEN)
    return reply


def refused(status: int, code: int, description: str) -> RefusedError:
    """Return an error to raise."""
    return RefusedError(error(status, code, description))


def mfa_required_in_2023() -> Reply:
    """Return how a user's token without two factors was refused: without a body."""
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


# *Error codes*: what concerns the caller or a customer as a whole, for fault scripts.
# Newer than that page are 900420, as a partner met it, and 900421, which Microsoft has
# announced; both codes come as text.
_TEXT_CODES = (900420, 900421)
BY_CODE = {
    400: (401, "Access denied."),
    800001: (401, "Partner token is missing in the context."),
    900420: (
        401,
        (
            "The audience '{audience}' in the token is invalid and is no longer "
            "supported in Partner Center API."
        ),
    ),
    900421: (401, "Multi-factor authentication is required to call this API."),
    2032: (403, "Access denied."),
    20002: (403, "There is no commerce relationship with this customer."),
    800039: (403, "The reseller is not active."),
    800043: (403, "Access to pricing is not granted."),
    900149: (403, "The partner's program enrollment is not active."),
    900150: (403, "The user does not have the privilege for this operation."),
    900308: (403, "The user does not have a role that this operation needs."),
    900309: (403, "Access is blocked by Conditional Access policies."),
    900329: (403, "This resource does not support App-only access."),
    900225: (408, "The request timed out."),
    900192: (500, "An unexpected error occurred. Please try again later."),
}


def documented(code: int, audience: str = "https://graph.windows.net") -> Reply:
    """Return the error of a code that is in the table.

    Args:
        code: The code.
        audience: Whom the token is for, where the error says that.
    """
    status, description = BY_CODE[code]
    shown = str(code) if code in _TEXT_CODES else code
    return error(status, shown, description.format(audience=audience))


def error_body(status: int, wait_seconds: int | str = 1) -> dict[str, Any]:
    """Return the body that an answer of a status usually has."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        message = f"Rate limit is exceeded. Try again in {wait_seconds} seconds."
        return {"statusCode": status, "message": message}
    return _standard_body(*_USUAL_ERRORS.get(status, _OTHER_ERROR))


def _standard_body(code: int | str, description: str) -> dict[str, Any]:
    """Return the standard shape; in captured bodies the code is a number."""
    source = "PartnerFD"
    return {"code": code, "description": description, "data": [], "source": source}
