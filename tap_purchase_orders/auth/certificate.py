"""The method `certificate`: App-only sign-in with a certificate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_purchase_orders.auth.identity_platform import (
    AUTHORITY,
    CERTIFICATE_PASSWORD,
    CERTIFICATE_PATH,
    CLIENT_ID,
    SCOPE,
    TENANT_ID,
    ConfidentialClient,
)
from tap_purchase_orders.auth.method import AuthMethod
from tap_purchase_orders.auth.token import TokenAuth

if TYPE_CHECKING:
    from collections.abc import Mapping

    from requests.auth import AuthBase

    from tap_purchase_orders.auth.certificate_file import CertificateFile


def certificate_file(section: Mapping[str, Any]) -> CertificateFile:
    """Return the certificate file of an `auth` section."""
    # Imported here: only runs that have one pay for the cryptography.
    from tap_purchase_orders.auth import certificate_file  # noqa: PLC0415

    return certificate_file.CertificateFile(section)


def _mistakes(section: Mapping[str, Any]) -> list[tuple[str, str]]:
    return certificate_file(section).mistakes()


def _sign_in(section: Mapping[str, Any]) -> AuthBase:
    client = ConfidentialClient(section, certificate_file(section).credential)
    return TokenAuth(client.app_only_token, client.use_session)


METHOD = AuthMethod(
    upstream="partner_center",
    settings=(
        TENANT_ID,
        CLIENT_ID,
        CERTIFICATE_PATH,
        CERTIFICATE_PASSWORD,
        SCOPE,
        AUTHORITY,
    ),
    required=("tenant_id", "client_id", "certificate_path"),
    sign_in=_sign_in,
    mistakes=_mistakes,
    is_app_only=True,
)
