"""A token authority and a throw-away certificate for the local upstream."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import trustme
from upstream import Reply, json_reply
from worlds import SECRETS

if TYPE_CHECKING:
    from pathlib import Path

    from upstream import Upstream

TENANT = "1f2e3d4c-0000-4000-8000-000000000001"
DISCOVERY_PATH = f"/{TENANT}/v2.0/.well-known/openid-configuration"
TOKEN_PATH = f"/{TENANT}/oauth2/v2.0/token"


@functools.cache
def authority() -> trustme.CA:
    """Return a certificate authority that lives as long as the tests."""
    return trustme.CA()


def certificate() -> trustme.LeafCert:
    """Return a certificate for this machine."""
    return authority().issue_cert("127.0.0.1", "localhost")


def trusting(folder: Path) -> dict[str, str]:
    """Return the variables with which the tap trusts the certificate.

    Args:
        folder: Where the authority's own certificate is put.
    """
    path = folder / "ca.pem"
    if not path.exists():
        authority().cert_pem.write_to_path(str(path))
    return {"REQUESTS_CA_BUNDLE": str(path)}


def app_only(upstream: Upstream, **more: str) -> dict[str, Any]:
    """Return an `auth` section that gets its tokens from the upstream itself."""
    return {
        "method": "client_secret",
        "authority": upstream.url,
        "tenant_id": TENANT,
        "client_id": "client-1",
        "client_secret": SECRETS["client_secret"],
        **more,
    }


def serve_tokens(upstream: Upstream, *answers: Reply, endpoint: str = "") -> None:
    """Answer as a token authority.

    Args:
        upstream: Who answers.
        answers: What is answered to requests for a token.
        endpoint: Where tokens are to be asked for; by default here.
    """
    base = f"{upstream.url}/{TENANT}"
    document = {
        "issuer": f"{base}/v2.0",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "token_endpoint": endpoint or f"{upstream.url}{TOKEN_PATH}",
    }
    upstream.answer(DISCOVERY_PATH, json_reply(document))
    upstream.answer(TOKEN_PATH, *answers)


def token_reply(token: str, **more: Any) -> Reply:
    """Return a good answer of the token endpoint."""
    body = {"token_type": "Bearer", "expires_in": 3600, "access_token": token, **more}
    return json_reply(body)


def token_refusal(error: str, code: int, status: int = 400, text: str = "No") -> Reply:
    """Return a refusal of the token endpoint."""
    body = {
        "error": error,
        "error_description": f"AADSTS{code}: {text}",
        "error_codes": [code],
        "timestamp": "2026-01-01 00:00:00Z",
        "trace_id": "trace-1",
        "correlation_id": "correlation-1",
    }
    return json_reply(body, status)
