"""MSAL for Python: client secret, certificate, refresh token."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msal
from reach import AUTH, AUTHORITY, CERTIFICATE, DOCUMENT, RESOURCE, read_customers

SECRET = AUTH["client_secret"]


def client(credential: Any) -> msal.ConfidentialClientApplication:
    return msal.ConfidentialClientApplication(
        AUTH["client_id"],
        client_credential=credential,
        authority=AUTHORITY,
        instance_discovery=False,
    )


def by_certificate() -> dict[str, str]:
    pem = Path(CERTIFICATE).read_text(encoding="ascii")
    # MSAL works the thumbprint out by itself.
    return {"private_key": pem, "public_certificate": pem}


if sys.argv[1] == "refresh_token":
    answer = client(SECRET).acquire_token_by_refresh_token(
        DOCUMENT["refresh_token"], [f"{RESOURCE}/user_impersonation"]
    )
    assert answer["refresh_token"] != DOCUMENT["refresh_token"]
else:
    credential = by_certificate() if sys.argv[1] == "certificate" else SECRET
    answer = client(credential).acquire_token_for_client([f"{RESOURCE}/.default"])
read_customers(answer["access_token"])
