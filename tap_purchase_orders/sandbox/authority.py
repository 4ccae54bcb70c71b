"""The Microsoft token authority: both versions of its token endpoint.

*Partner Center authentication* and *Enable the Secure Application Model* show the
first version; the second is the one that MSAL asks. Error codes are those of the
*Microsoft identity platform error codes* page.
"""

from __future__ import annotations

import hmac
import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from tap_purchase_orders.sandbox.instants import moment_of
from tap_purchase_orders.sandbox.messages import Reply, json_reply
from tap_purchase_orders.sandbox.routes import Routes
from tap_purchase_orders.sandbox.tokens import (
    ACCEPTED_AUDIENCES,
    PARTNER_CENTER_RESOURCE,
    RefreshTokenRefusedError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_purchase_orders.sandbox.messages import Asked, Call
    from tap_purchase_orders.sandbox.state import State
    from tap_purchase_orders.sandbox.tokens import AccessToken

# A resource that exists, but whose tokens Partner Center does not take.
_OTHER_RESOURCE = "https://graph.microsoft.com"
_RESOURCES = (*ACCEPTED_AUDIENCES, _OTHER_RESOURCE)
_OPENID_SCOPES = frozenset(("openid", "profile", "email", "offline_access"))

_ROUTES = Routes(
    "authority",
    (
        ("openid_configuration", "{tenant}/v2.0/.well-known/openid-configuration"),
        ("token_v2", "{tenant}/oauth2/v2.0/token"),
        ("token_v1", "{tenant}/oauth2/token"),
    ),
)

Form = dict[str, str]


@dataclass(frozen=True, slots=True)
class _Refusal:
    """A way in which the token endpoint says no."""

    status: int
    error: str
    code: int
    text: str


_UNKNOWN_TENANT = _Refusal(
    400,
    "invalid_tenant",
    90002,
    "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID "
    "and are signing into the correct cloud.",
)
_TOKEN_OF_UNKNOWN_TENANT = replace(_UNKNOWN_TENANT, error="invalid_request")
_UNKNOWN_CLIENT = _Refusal(
    400,
    "unauthorized_client",
    700016,
    "Application with identifier '{client_id}' was not found in the directory "
    "'{tenant}'.",
)
_NO_CREDENTIAL = _Refusal(
    401,
    "invalid_client",
    7000218,
    "The request body must contain the following parameter: 'client_assertion' or "
    "'client_secret'.",
)
_WRONG_SECRET = _Refusal(
    401,
    "invalid_client",
    7000215,
    "Invalid client secret provided. Ensure the secret being sent in the request is "
    "the client secret value, not the client secret ID.",
)
_WRONG_SCOPE = _Refusal(
    400, "invalid_scope", 70011, "The provided value for 'scope' is not valid."
)
_NOT_DEFAULT_SCOPE = _Refusal(
    400,
    "invalid_scope",
    1002012,
    "The provided value for scope is not valid. Client credential flows must have a "
    "scope value with /.default suffixed to the resource identifier.",
)
_WRONG_RESOURCE = _Refusal(
    400,
    "invalid_resource",
    500011,
    "The resource principal named '{resource}' was not found in the tenant.",
)
_WRONG_GRANT_TYPE = _Refusal(
    400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type."
)
_NO_REFRESH_TOKEN = _Refusal(
    400,
    "invalid_request",
    900144,
    "The request body must contain the following parameter: 'refresh_token'.",
)
_BAD_REFRESH_TOKEN = _Refusal(
    400, "invalid_grant", 9002313, "Invalid request. Request is malformed or invalid."
)
_EXPIRED_REFRESH_TOKEN = _Refusal(
    400,
    "invalid_grant",
    700082,
    "The refresh token has expired due to inactivity. The token was inactive for "
    "90.00:00:00.",
)


class Authority:
    """Answers what MSAL and the documented form posts ask.

    A further way for a client to prove itself (a signed assertion) is one more entry
    in the table of `_client_refusal`; a further token endpoint (that of managed
    identities) is one more route.

    Args:
        state: The running sandbox.
    """

    def __init__(self, state: State) -> None:
        self._base_url = state.base_url
        self._credentials = state.credentials
        self._tokens = state.tokens
        self._clock = state.clock

    def asked(self, call: Call) -> Asked | None:
        """Return what a call asks of the authority, or None."""
        return _ROUTES.asked(call.segments)

    def throttled(self, asked: Asked) -> Reply | None:  # noqa: ARG002 - no such limit
        """Return None: the authority is not throttled here."""
        return None

    def finish(self, reply: Reply, call: Call) -> None:
        """Add the headers that keep tokens out of caches."""
        reply.headers.setdefault("Cache-Control", "no-store, no-cache")
        reply.headers.setdefault("Pragma", "no-cache")
        if request_id := call.headers.get("client-request-id"):
            reply.headers.setdefault("client-request-id", request_id)

    def answer(self, call: Call, asked: Asked) -> Reply:
        """Return the discovery document or a token, or say why not."""
        tenant = asked.names["tenant"]
        is_known = tenant.lower() == self._credentials.tenant_id
        if asked.resource == "openid_configuration":
            if not is_known:
                return self._refuse(_UNKNOWN_TENANT, tenant=tenant)
            return json_reply(200, self._openid_configuration(tenant))
        form = dict(parse_qsl(call.body.decode("utf-8", "replace")))
        refusal = self._client_refusal(form) if is_known else _TOKEN_OF_UNKNOWN_TENANT
        if refusal:
            client_id = form.get("client_id", "")
            return self._refuse(refusal, tenant=tenant, client_id=client_id)
        grants = {
            "client_credentials": self._app_only,
            "refresh_token": self._refreshed,
        }
        grant = grants.get(form.get("grant_type", "") if call.method == "POST" else "")
        return grant(form, asked.resource) if grant else self._refuse(_WRONG_GRANT_TYPE)

    def _openid_configuration(self, tenant: str) -> dict[str, Any]:
        base = f"{self._base_url}/{tenant}"
        return {
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "issuer": f"{base}/v2.0",
            "response_types_supported": ["code", "id_token", "code id_token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def _client_refusal(self, form: Form) -> _Refusal | None:
        if form.get("client_id", "").lower() != self._credentials.client_id:
            return _UNKNOWN_CLIENT
        proofs: dict[str, tuple[Callable[[str], bool], _Refusal]] = {
            "client_secret": (self._is_secret, _WRONG_SECRET),
        }
        for field, (is_good, refusal) in proofs.items():
            if field in form:
                return None if is_good(form[field]) else refusal
        return _NO_CREDENTIAL

    def _is_secret(self, secret: str) -> bool:
        expected = self._credentials.client_secret
        return hmac.compare_digest(secret.encode(), expected.encode())

    def _app_only(self, form: Form, endpoint: str) -> Reply:
        if endpoint == "token_v1":
            resource = form.get("resource", "")
            if resource not in _RESOURCES:
                return self._refuse(_WRONG_RESOURCE, resource=resource)
            token = self._tokens.app_only(resource)
            return json_reply(200, _v1_body(token, resource))
        resource, _, permission = form.get("scope", "").rpartition("/")
        if resource not in _RESOURCES:
            return self._refuse(_WRONG_SCOPE)
        if permission != ".default":
            return self._refuse(_NOT_DEFAULT_SCOPE)
        return json_reply(200, _v2_body(self._tokens.app_only(resource)))

    def _refreshed(self, form: Form, endpoint: str) -> Reply:
        if "refresh_token" not in form:
            return self._refuse(_NO_REFRESH_TOKEN)
        try:
            self._tokens.redeem(form["refresh_token"])
        except RefreshTokenRefusedError as error:
            expired = error.expired
            return self._refuse(
                _EXPIRED_REFRESH_TOKEN if expired else _BAD_REFRESH_TOKEN
            )
        scopes = form.get("scope", "").split()
        if endpoint == "token_v1":
            resource = form.get("resource", PARTNER_CENTER_RESOURCE)
            if resource not in _RESOURCES:
                return self._refuse(_WRONG_RESOURCE, resource=resource)
            body = _v1_body(self._tokens.app_and_user(resource), resource)
            body |= {"scope": "user_impersonation"}
        else:
            api_scopes = [scope for scope in scopes if scope not in _OPENID_SCOPES]
            resources = {scope.rpartition("/")[0] for scope in api_scopes}
            if len(resources) != 1 or not resources <= set(_RESOURCES):
                return self._refuse(_WRONG_SCOPE)
            body = _v2_body(self._tokens.app_and_user(resources.pop()))
            body |= {"scope": " ".join(api_scopes)}
        body["refresh_token"] = self._tokens.refresh_token()
        if "openid" in scopes:
            body["id_token"] = self._tokens.id_token()
        return json_reply(200, body)

    def _refuse(self, refusal: _Refusal, **names: str) -> Reply:
        """Return an error of the token endpoint."""
        timestamp = f"{moment_of(self._clock.now()):%Y-%m-%d %H:%M:%SZ}"
        trace_id, correlation_id = str(uuid.uuid4()), str(uuid.uuid4())
        description = (
            f"AADSTS{refusal.code}: {refusal.text.format(**names)}\r\n"
            f"Trace ID: {trace_id}\r\nCorrelation ID: {correlation_id}\r\n"
            f"Timestamp: {timestamp}"
        )
        return json_reply(
            refusal.status,
            {
                "error": refusal.error,
                "error_description": description,
                "error_codes": [refusal.code],
                "timestamp": timestamp,
                "trace_id": trace_id,
                "correlation_id": correlation_id,
                "error_uri": f"{self._base_url}/error?code={refusal.code}",
            },
        )


def _v1_body(token: AccessToken, resource: str) -> dict[str, Any]:
    """Return a token in the first version's form, in which all numbers are text."""
    return {
        "token_type": "Bearer",
        "expires_in": str(token.expires_in),
        "ext_expires_in": str(token.expires_in),
        "expires_on": str(token.issued_at + token.expires_in),
        "not_before": str(token.issued_at - 300),
        "resource": resource,
        "access_token": token.text,
    }


def _v2_body(token: AccessToken) -> dict[str, Any]:
    """Return a token in the second version's form."""
    return {
        "token_type": "Bearer",
        "expires_in": token.expires_in,
        "ext_expires_in": token.expires_in,
        "access_token": token.text,
    }
