"""The method `client_secret`: App-only sign-in with a client secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_purchase_orders.auth.identity_platform import (
    AUTHORITY,
    CLIENT_ID,
    CLIENT_SECRET,
    SCOPE,
    TENANT_ID,
    ClientCredential,
    ConfidentialClient,
)
from tap_purchase_orders.auth.method import AuthMethod
from tap_purchase_orders.auth.token import TokenAuth

if TYPE_CHECKING:
    from collections.abc import Mapping

    from requests.auth import AuthBase


def secret_credential(section: Mapping[str, Any]) -> ClientCredential:
    """Return the client secret of an `auth` section."""
    secret: str = section["client_secret"]
    return ClientCredential("client_secret", lambda: secret)


def _sign_in(section: Mapping[str, Any]) -> AuthBase:
    client = ConfidentialClient(section, secret_credential(section))
    return TokenAuth(client.app_only_token, client.use_session)


METHOD = AuthMethod(
    upstream="partner_center",
    settings=(TENANT_ID, CLIENT_ID, CLIENT_SECRET, SCOPE, AUTHORITY),
    required=("tenant_id", "client_id", "client_secret"),
    sign_in=_sign_in,
    is_app_only=True,
)
