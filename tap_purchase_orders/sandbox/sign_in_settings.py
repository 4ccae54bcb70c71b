"""The tap's settings and environment for each way to sign in to Partner Center."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tap_purchase_orders.sandbox.private_files import write_private

if TYPE_CHECKING:
    from pathlib import Path

    from tap_purchase_orders.sandbox.application_certificates import CertificateFiles
    from tap_purchase_orders.sandbox.context import State

# Where a managed identity gets its tokens.
IDENTITY_PATH = "msi/token"
DEFAULT = "client_secret"
# All ways; a method's own name is its usual form.
NAMES = (
    DEFAULT,
    "certificate",
    "certificate_with_password",
    "certificate_pfx",
    "certificate_pfx_with_password",
    "certificate_expired",
    "refresh_token",
    "refresh_token_with_certificate",
    "azure_identity",
    "workload_identity",
    "bearer_token",
)


@dataclass(frozen=True, slots=True)
class SignInSettings:
    """One way to sign in.

    Attributes:
        auth: The section `partner_center.auth`.
        environment: Variables that it needs.
    """

    auth: dict[str, Any]
    environment: dict[str, str] = field(default_factory=dict)


def sign_in_settings(
    state: State, refresh_token: str, directory: Path
) -> dict[str, SignInSettings]:
    """Return every way to sign in by its name, and write the files that they need.

    Args:
        state: The running sandbox.
        refresh_token: A refresh token of the user.
        directory: Where the files go.
    """
    credentials = state.credentials
    secrets = directory / "sign-in"
    secrets.mkdir(mode=0o700, exist_ok=True)
    files = state.sign_in.certificates.write(secrets, credentials.certificate_password)
    application = {
        "authority": state.base_url,
        "tenant_id": credentials.tenant_id,
        "client_id": credentials.client_id,
    }
    secret = {"client_secret": credentials.client_secret}
    certificate = {"certificate_path": str(files.pem)}
    user = {
        "refresh_token": refresh_token,
        "refresh_token_path": str(secrets / "refresh-token.json"),
    }
    access = state.tokens.app_and_user(
        state.tokens.cloud.partner_center, DEFAULT, mfa=state.sign_in.rules.user_mfa
    )
    return {
        DEFAULT: SignInSettings({"method": DEFAULT} | application | secret),
        **_certificates(application, files, credentials.certificate_password),
        "refresh_token": SignInSettings(
            {"method": "refresh_token"} | application | secret | user
        ),
        "refresh_token_with_certificate": SignInSettings(
            {"method": "refresh_token"} | application | certificate | user
        ),
        "azure_identity": SignInSettings(
            {"method": "azure_identity", "client_id": credentials.client_id},
            {
                "IDENTITY_ENDPOINT": f"{state.base_url}/{IDENTITY_PATH}",
                "IDENTITY_HEADER": credentials.identity_header,
                # Else a refusal leads on to whoever is signed in on this machine.
                "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential",
            },
        ),
        "workload_identity": _workload_identity(state, secrets),
        "bearer_token": SignInSettings(
            {"method": "bearer_token", "token": access.text}
        ),
    }


def _certificates(
    application: dict[str, str], files: CertificateFiles, password: str
) -> dict[str, SignInSettings]:
    forms = {
        "certificate": (files.pem, None),
        "certificate_with_password": (files.encrypted_pem, password),
        "certificate_pfx": (files.pfx, None),
        "certificate_pfx_with_password": (files.encrypted_pfx, password),
        "certificate_expired": (files.expired_pem, None),
    }
    return {
        name: SignInSettings(
            {"method": "certificate"}
            | application
            | {"certificate_path": str(path)}
            | ({"certificate_password": secret} if secret else {})
        )
        for name, (path, secret) in forms.items()
    }


def _workload_identity(state: State, directory: Path) -> SignInSettings:
    token_file = directory / "federated-token.jwt"
    write_private(token_file, state.sign_in.federation.token())
    return SignInSettings(
        {"method": "azure_identity"},
        {
            "AZURE_AUTHORITY_HOST": state.base_url,
            "AZURE_TENANT_ID": state.credentials.tenant_id,
            "AZURE_CLIENT_ID": state.credentials.client_id,
            "AZURE_FEDERATED_TOKEN_FILE": str(token_file),
            "AZURE_TOKEN_CREDENTIALS": "WorkloadIdentityCredential",
        },
    )
