"""App-only sign-in with a client secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th

from tap_purchase_orders.auth.identity_platform import (
    AUTHORITY,
    CLIENT_ID,
    DEFAULT_SCOPE,
    SCOPE,
    TENANT_ID,
    ConfidentialClient,
)
from tap_purchase_orders.auth.method import AuthMethod
from tap_purchase_orders.auth.token import TokenAuth

if TYPE_CHECKING:
    from collections.abc import Mapping

    from requests.auth import AuthBase


def _sign_in(section: Mapping[str, Any]) -> AuthBase:
    client = ConfidentialClient(
        tenant_id=section["tenant_id"],
        client_id=section["client_id"],
        credential=section["client_secret"],
        credential_setting="client_secret",
        authority=section["authority"],
        scope=section.get("scope", DEFAULT_SCOPE),
    )
    return TokenAuth(client.app_only_token)


METHOD = AuthMethod(
    upstream="partner_center",
    settings=(
        TENANT_ID,
        CLIENT_ID,
        th.Property(
            "client_secret",
            th.StringType(min_length=1),
            secret=True,
            title="Client secret",
            description="`client_secret`: the secret of the app registration.",
        ),
        SCOPE,
        AUTHORITY,
    ),
    required=("tenant_id", "client_id", "client_secret"),
    sign_in=_sign_in,
    is_app_only=True,
)
