"""The token endpoint that a managed identity has in App Service.

*How to use managed identities for App Service and Azure Functions*, REST endpoint
reference. Its errors are not documented there; these are what others report of it.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from tap_purchase_orders.sandbox.messages import json_reply

if TYPE_CHECKING:
    from tap_purchase_orders.sandbox.context import State
    from tap_purchase_orders.sandbox.messages import Call, Reply

_API_VERSION = "2019-08-01"
# Other names under which a request may ask for one identity of several.
_OTHER_NAMES = ("mi_res_id", "principal_id", "object_id")


class ManagedIdentity:
    """Gives tokens to whoever knows the header: the application, without a secret.

    Args:
        state: The running sandbox.
    """

    def __init__(self, state: State) -> None:
        self._client_id = state.credentials.client_id
        self._header = state.credentials.identity_header
        self._tokens = state.tokens
        self._given = state.sign_in.given

    def answer(self, call: Call) -> Reply:
        """Return a token of the identity, or say why not."""
        header = call.headers.get("X-IDENTITY-HEADER", "")
        if not hmac.compare_digest(header.encode(), self._header.encode()):
            return _error(401, "The header X-IDENTITY-HEADER is missing or wrong.")
        query = call.query
        if call.method != "GET" or query.get("api-version") != _API_VERSION:
            return _error(400, f"Use GET and api-version={_API_VERSION}.")
        client_id = query.get("client_id", self._client_id)
        if client_id.lower() != self._client_id or any(map(query.get, _OTHER_NAMES)):
            return _error(400, "Unable to load the proper Managed Identity.")
        resource = query.get("resource", "")
        if resource not in self._tokens.cloud:
            return _error(400, f"The resource {resource!r} was not found.")
        self._given["managed_identity", "identity_header"] += 1
        token = self._tokens.app_only(resource, "identity_header")
        return json_reply(
            200,
            {
                "access_token": token.text,
                "client_id": self._client_id,
                "expires_on": str(token.issued_at + token.expires_in),
                "resource": resource,
                "token_type": "Bearer",
            },
        )


def _error(status: int, message: str) -> Reply:
    return json_reply(status, {"statusCode": status, "message": message})
