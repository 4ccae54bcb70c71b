"""Errors of the token authority, by their AADSTS codes.

Codes are those of the *Microsoft identity platform error codes* page, for assertions
also those of the *Azure Identity troubleshooting guides*. The error that has no code
there (an assertion that was seen before) takes the general one.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any

from tap_purchase_orders.sandbox.instants import moment_of
from tap_purchase_orders.sandbox.messages import Reply, json_reply


@dataclass(frozen=True, slots=True)
class Refusal:
    """A way in which the token endpoint says no.

    Attributes:
        status: The HTTP status.
        error: The error's name in OAuth 2.
        code: The AADSTS code.
        text: What it says; names in braces are filled in.
    """

    status: int
    error: str
    code: int
    text: str


class SignInRefusedError(Exception):
    """No token is given.

    Args:
        refusal: How that is said.
        names: What fills the names in its text.
    """

    def __init__(self, refusal: Refusal, **names: str) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal
        self.names = names


# The tenant and the application.
UNKNOWN_TENANT = Refusal(
    400,
    "invalid_tenant",
    90002,
    "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID "
    "and are signing into the correct cloud.",
)
TOKEN_OF_UNKNOWN_TENANT = replace(UNKNOWN_TENANT, error="invalid_request")
UNKNOWN_CLIENT = Refusal(
    400,
    "unauthorized_client",
    700016,
    "Application with identifier '{client_id}' was not found in the directory "
    "'{tenant}'.",
)
DISABLED_CLIENT = Refusal(
    400, "unauthorized_client", 7000112, "Application '{client_id}' is disabled."
)
UNAVAILABLE = Refusal(
    503,
    "temporarily_unavailable",
    90033,
    "A transient error has occurred. Please try again.",
)

# Its secret.
NO_CREDENTIAL = Refusal(
    401,
    "invalid_client",
    7000218,
    "The request body must contain the following parameter: 'client_assertion' or "
    "'client_secret'.",
)
WRONG_SECRET = Refusal(
    401,
    "invalid_client",
    7000215,
    "Invalid client secret provided. Ensure the secret being sent in the request is "
    "the client secret value, not the client secret ID.",
)
EXPIRED_SECRET = Refusal(
    401,
    "invalid_client",
    7000222,
    "The provided client secret keys for app '{client_id}' are expired.",
)

# Its assertion.
MISSING_FIELD = Refusal(
    400,
    "invalid_request",
    900144,
    "The request body must contain the following parameter: '{field}'.",
)
WRONG_ASSERTION_TYPE = Refusal(
    400, "invalid_request", 90023, "The value of 'client_assertion_type' is not valid."
)
MALFORMED_ASSERTION = Refusal(
    400, "invalid_request", 50027, "JWT token is invalid or malformed."
)
UNTRUSTED_ASSERTION = Refusal(
    401,
    "invalid_client",
    700027,
    "Client assertion failed signature validation. [Reason - {reason}]",
)
SUBJECT_IS_NOT_ISSUER = Refusal(
    401,
    "invalid_client",
    50048,
    "Subject does not match the issuer claim in the client assertion.",
)
OTHER_APPLICATIONS_ASSERTION = Refusal(
    401,
    "invalid_client",
    700021,
    "Client assertion application identifier doesn't match 'client_id' parameter.",
)
WRONG_ASSERTION_AUDIENCE = Refusal(
    401,
    "invalid_client",
    700023,
    "Client assertion audience claim does not match Realm issuer.",
)
ASSERTION_OUT_OF_TIME = Refusal(
    401,
    "invalid_client",
    700024,
    "Client assertion is not within its valid time range.",
)
MISSING_CLAIM = Refusal(
    401, "invalid_client", 90016, "The required claim '{claim}' is missing."
)
REPLAYED_ASSERTION = Refusal(
    401, "invalid_client", 50013, "The assertion was presented before."
)

# An assertion by another issuer: *Workload identity federation*.
UNTRUSTED_FEDERATED_TOKEN = Refusal(
    401, "invalid_client", 900384, "JWT token failed signature validation."
)
_NO_FEDERATED_IDENTITY = (
    "No matching federated identity record found for presented assertion {claim} "
    "'{value}'."
)
UNKNOWN_FEDERATED_ISSUER = Refusal(
    401, "invalid_client", 700211, _NO_FEDERATED_IDENTITY
)
UNKNOWN_FEDERATED_AUDIENCE = replace(UNKNOWN_FEDERATED_ISSUER, code=700212)
UNKNOWN_FEDERATED_SUBJECT = replace(UNKNOWN_FEDERATED_ISSUER, code=700213)

# What is asked for.
WRONG_SCOPE = Refusal(
    400, "invalid_scope", 70011, "The provided value for 'scope' is not valid."
)
NOT_DEFAULT_SCOPE = Refusal(
    400,
    "invalid_scope",
    1002012,
    "The provided value for scope is not valid. Client credential flows must have a "
    "scope value with /.default suffixed to the resource identifier.",
)
WRONG_RESOURCE = Refusal(
    400,
    "invalid_resource",
    500011,
    "The resource principal named '{resource}' was not found in the tenant.",
)
WRONG_GRANT_TYPE = Refusal(
    400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type."
)

# The refresh token and its user.
BAD_REFRESH_TOKEN = Refusal(
    400, "invalid_grant", 9002313, "Invalid request. Request is malformed or invalid."
)
USED_REFRESH_TOKEN = Refusal(
    400, "invalid_grant", 70000, "The provided refresh token is not valid any more."
)
EXPIRED_REFRESH_TOKEN = Refusal(
    400,
    "invalid_grant",
    700082,
    "The refresh token has expired due to inactivity. The token was inactive for "
    "90.00:00:00.",
)
REVOKED_REFRESH_TOKEN = Refusal(
    400,
    "invalid_grant",
    50173,
    "The provided grant has expired due to it being revoked, a fresh auth token is "
    "needed.",
)
NO_CONSENT = Refusal(
    400,
    "invalid_grant",
    65001,
    "The user or administrator has not consented to use the application with ID "
    "'{client_id}'.",
)
MFA_NEEDED = Refusal(
    400,
    "invalid_grant",
    50076,
    "Due to a configuration change made by your administrator, or because you moved "
    "to a new location, you must use multi-factor authentication.",
)
DISABLED_USER = Refusal(400, "invalid_grant", 50057, "The user account is disabled.")
BLOCKED_BY_POLICY = Refusal(
    400,
    "invalid_grant",
    53003,
    "Access has been blocked by Conditional Access policies.",
)

# What a fault script may ask for.
BY_CODE = {
    refusal.code: refusal
    for refusal in (
        *(TOKEN_OF_UNKNOWN_TENANT, UNKNOWN_CLIENT, DISABLED_CLIENT, UNAVAILABLE),
        *(WRONG_SECRET, EXPIRED_SECRET),
        *(UNTRUSTED_ASSERTION, ASSERTION_OUT_OF_TIME, WRONG_ASSERTION_AUDIENCE),
        *(UNKNOWN_FEDERATED_ISSUER, UNKNOWN_FEDERATED_SUBJECT),
        *(WRONG_SCOPE, WRONG_RESOURCE),
        *(USED_REFRESH_TOKEN, EXPIRED_REFRESH_TOKEN, REVOKED_REFRESH_TOKEN),
        *(NO_CONSENT, MFA_NEEDED, DISABLED_USER, BLOCKED_BY_POLICY),
    )
}


def refusal_reply(refusal: Refusal, now: int, **names: str) -> Reply:
    """Return an error of the token endpoint.

    Args:
        refusal: How it says no.
        now: World time.
        names: What fills the names in its text; those left out stay open.
    """
    timestamp = f"{moment_of(now):%Y-%m-%d %H:%M:%SZ}"
    trace_id, correlation_id = str(uuid.uuid4()), str(uuid.uuid4())
    text = refusal.text.format_map(defaultdict(lambda: "...", names))
    body: dict[str, Any] = {
        "error": refusal.error,
        "error_description": (
            f"AADSTS{refusal.code}: {text}\r\n"
            f"Trace ID: {trace_id}\r\nCorrelation ID: {correlation_id}\r\n"
            f"Timestamp: {timestamp}"
        ),
        "error_codes": [refusal.code],
        "timestamp": timestamp,
        "trace_id": trace_id,
        "correlation_id": correlation_id,
        "error_uri": f"https://login.microsoftonline.com/error?code={refusal.code}",
    }
    return json_reply(refusal.status, body)
