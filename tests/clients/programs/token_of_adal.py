"""A token for clients that take one."""

from __future__ import annotations

import adal
from reach import AUTH, AUTHORITY, CA, RESOURCE


def token() -> str:
    """Return a token of the application."""
    context = adal.AuthenticationContext(
        AUTHORITY, validate_authority=False, verify_ssl=CA
    )
    answer = context.acquire_token_with_client_credentials(
        RESOURCE, AUTH["client_id"], AUTH["client_secret"]
    )
    return str(answer["accessToken"])
