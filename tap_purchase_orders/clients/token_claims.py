"""Reads the claims of a refused access token to explain the refusal."""

from __future__ import annotations

import base64
import time
from typing import Any

from tap_purchase_orders.exact_json import NotJsonError, decode_body
from tap_purchase_orders.text import one_line

# What names Partner Center, and the directory graph that its older documents name as
# the resource (*Partner Center authentication*): as addresses, and as the ids of the
# applications, which tokens of the identity platform's version 2 bear.
_OUR_AUDIENCES = {
    "https://api.partnercenter.microsoft.com",
    "https://partner.partnercenterapi.microsoftonline.cn",
    "fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd",
    "https://graph.windows.net",
    "https://graph.chinacloudapi.cn",
    "https://graph.cloudapi.de",
    "00000002-0000-0000-c000-000000000000",
}
_LONGEST_AUDIENCE = 200


def refused_token_advice(authorization: str, section: str) -> str | None:
    """Return why a token was probably refused, none if it does not tell.

    Its claims are not verified: it is our own token, and only a hint is taken from it.

    Args:
        authorization: The header field that it was sent in.
        section: The section of the settings that it comes from.
    """
    claims = _claims(authorization)
    audience = claims.get("aud")
    if isinstance(audience, str) and audience.rstrip("/") not in _OUR_AUDIENCES:
        return (
            f"the token is for {one_line(audience, _LONGEST_AUDIENCE)!r}, which is not "
            f"Partner Center: check `{section}.auth.scope`"
        )
    expiry = claims.get("exp")
    if isinstance(expiry, int) and expiry < time.time():
        return f"the token has expired: get a new one for `{section}.auth`"
    return None


def _claims(authorization: str) -> dict[str, Any]:
    """Return the claims of a JSON web token (RFC 7519), none of any other."""
    parts = authorization.removeprefix("Bearer ").split(".")
    if len(parts) != 3:  # noqa: PLR2004  # head, claims and signature
        return {}
    try:
        # Padding that is too much is ignored, and too little is not.
        claims = decode_body(base64.urlsafe_b64decode(f"{parts[1]}=="))
    except (ValueError, NotJsonError):
        return {}
    return claims if isinstance(claims, dict) else {}
