"""Errors of AppZen: the bodies that the Swagger and the help center show."""

from __future__ import annotations

import uuid
from http import HTTPStatus
from typing import Any

from tap_purchase_orders.sandbox.instants import error_text

_MESSAGES = {
    400: "Invalid request, please fix and resend",
    401: "Unable to authenticate credentials",
    403: "You do not have permission to access this resource",
    404: "The resource you specified cannot be not found",
}
_OTHER_MESSAGE = "Unable to process your request at this moment, please try again later"


def error_body(status: int, now: int) -> dict[str, Any]:
    """Return the body of an error.

    A 429 has no documented body; this is the one of the gateway at which headers like
    `x-api-key` hint.

    Args:
        status: The HTTP status.
        now: World time.
    """
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return {"message": "Too Many Requests"}
    message = _MESSAGES.get(status, _OTHER_MESSAGE)
    return {
        "timestamp": error_text(now),
        "status": status,
        "error": HTTPStatus(status).phrase,
        "message": f"Error code : {uuid.uuid4().hex[:8]} - {message}",
    }
