"""The Microsoft token authority: both versions of its token endpoint.

*Partner Center authentication* and *Enable the Secure Application Model* show the
first version; the second is the one that MSAL asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from tap_purchase_orders.sandbox import authority_errors as errors
from tap_purchase_orders.sandbox.authority_errors import (
    SignInRefusedError,
    refusal_reply,
)
from tap_purchase_orders.sandbox.client_proofs import ClientProofs
from tap_purchase_orders.sandbox.managed_identity import ManagedIdentity
from tap_purchase_orders.sandbox.messages import Reply, json_reply
from tap_purchase_orders.sandbox.routes import Routes
from tap_purchase_orders.sandbox.sign_in_settings import IDENTITY_PATH

if TYPE_CHECKING:
    from tap_purchase_orders.sandbox.context import State
    from tap_purchase_orders.sandbox.messages import Asked, Call
    from tap_purchase_orders.sandbox.tokens import AccessToken

_OPENID_SCOPES = frozenset(("openid", "profile", "email", "offline_access"))

_ROUTES = Routes(
    "authority",
    (
        ("openid_configuration", "{tenant}/v2.0/.well-known/openid-configuration"),
        ("keys", "{tenant}/discovery/v2.0/keys"),
        ("token_v2", "{tenant}/oauth2/v2.0/token"),
        ("token_v1", "{tenant}/oauth2/token"),
        ("managed_identity", IDENTITY_PATH),
    ),
)

Form = dict[str, str]


class Authority:
    """Answers what MSAL, azure-identity and the documented form posts ask.

    Args:
        state: The running sandbox.
    """

    def __init__(self, state: State) -> None:
        self._base_url = state.base_url
        self._tenant_id = state.credentials.tenant_id
        self._tokens = state.tokens
        self._clock = state.clock
        self._sign_in = state.sign_in
        self._proofs = ClientProofs(state)
        self._managed_identity = ManagedIdentity(state)
        self._grants = {
            "client_credentials": self._app_only,
            "refresh_token": self._refreshed,
        }

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
        if asked.resource == "managed_identity":
            return self._managed_identity.answer(call)
        tenant = asked.names["tenant"]
        form: Form = {}
        try:
            if asked.resource == "openid_configuration":
                self._check_tenant(tenant, errors.UNKNOWN_TENANT)
                return json_reply(200, self._openid_configuration(tenant))
            if asked.resource == "keys":
                self._check_tenant(tenant, errors.UNKNOWN_TENANT)
                return json_reply(200, self._tokens.key_set())
            self._check_tenant(tenant, errors.TOKEN_OF_UNKNOWN_TENANT)
            form = dict(parse_qsl(call.body.decode("utf-8", "replace")))
            return self._token(call, form, asked.resource)
        except SignInRefusedError as refused:
            client_id = form.get("client_id", "")
            names = {"tenant": tenant, "client_id": client_id} | refused.names
            return refusal_reply(refused.refusal, self._clock.now(), **names)

    def _check_tenant(self, tenant: str, refusal: errors.Refusal) -> None:
        if tenant.lower() != self._tenant_id:
            raise SignInRefusedError(refusal)

    def _openid_configuration(self, tenant: str) -> dict[str, Any]:
        base = f"{self._base_url}/{tenant}"
        return {
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": [
                "client_secret_post",
                "private_key_jwt",
            ],
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "issuer": f"{base}/v2.0",
            "response_types_supported": ["code", "id_token", "code id_token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def _token(self, call: Call, form: Form, endpoint: str) -> Reply:
        proof = self._proofs.proven_by(form)
        name = form.get("grant_type", "") if call.method == "POST" else ""
        grant = self._grants.get(name)
        if grant is None:
            raise SignInRefusedError(errors.WRONG_GRANT_TYPE)
        body = grant(form, endpoint, proof)
        self._sign_in.given[name, proof] += 1
        return json_reply(200, body)

    def _app_only(self, form: Form, endpoint: str, proof: str) -> dict[str, Any]:
        if endpoint == "token_v1":
            resource = self._known_resource(form.get("resource", ""))
            return _v1_body(self._tokens.app_only(resource, proof), resource)
        resource = self._resource_of(form.get("scope", "").split())
        permission = form["scope"].rpartition("/")[2]
        if permission != ".default":
            raise SignInRefusedError(errors.NOT_DEFAULT_SCOPE)
        return _v2_body(self._tokens.app_only(resource, proof))

    def _refreshed(self, form: Form, endpoint: str, proof: str) -> dict[str, Any]:
        if "refresh_token" not in form:
            raise SignInRefusedError(errors.MISSING_FIELD, field="refresh_token")
        scopes = form.get("scope", "").split()
        api_scopes = [scope for scope in scopes if scope not in _OPENID_SCOPES]
        if endpoint == "token_v1":
            default = self._tokens.cloud.partner_center
            resource = self._known_resource(form.get("resource", default))
        else:
            resource = self._resource_of(api_scopes)
        # Last, so that no mistake in the request uses a token up.
        redeemed = self._sign_in.refresh_tokens.redeem(form["refresh_token"])
        rules = self._sign_in.rules
        token = self._tokens.app_and_user(resource, proof, mfa=rules.user_mfa)
        if endpoint == "token_v1":
            body = _v1_body(token, resource) | {"scope": "user_impersonation"}
        else:
            body = _v2_body(token) | {"scope": " ".join(api_scopes)}
        if rules.rotation != "none":
            body["refresh_token"] = self._sign_in.refresh_tokens.issue(redeemed)
        if "openid" in scopes:
            body["id_token"] = self._tokens.id_token()
        return body

    def _known_resource(self, resource: str) -> str:
        if resource not in self._tokens.cloud:
            raise SignInRefusedError(errors.WRONG_RESOURCE, resource=resource)
        return resource

    def _resource_of(self, scopes: list[str]) -> str:
        """Return the one resource to which all scopes belong."""
        resources = {scope.rpartition("/")[0] for scope in scopes}
        if len(resources) != 1 or "" in resources:
            raise SignInRefusedError(errors.WRONG_SCOPE)
        return self._known_resource(resources.pop())


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
