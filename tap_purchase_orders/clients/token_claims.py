"""Reads the claims of a refused access token to explain the refusal."""

from __future__ import annotations

import base64
import time
from typing import Any

from tap_purchase_orders.exact_json import NotJsonError, decode_body
from tap_purchase_orders.text import one_line

# Partner Center as an application: tokens of the identity platform's version 2 name
# this id, and not the address.
_PARTNER_CENTER_ID = "fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd"
_LONGEST_AUDIENCE = 200


def refused_token_advice(authorization: str, section: str, expected: str) -> str | None:
    """Return why a token was probably refused, none if it does not tell.

    Its claims are not verified: it is our own token, and only a hint is taken from it.

    Args:
        authorization: The header field that it was sent in.
        section: The section of the settings that it comes from.
        expected: The address that tokens of the cloud are for.
    """
    claims = _claims(authorization)
    audience = claims.get("aud")
    if isinstance(audience, str) and audience.rstrip("/") not in {
        expected,
        _PARTNER_CENTER_ID,
    }:
        return (
            f"the token is for {one_line(audience, _LONGEST_AUDIENCE)!r}, which is not "
            f"Partner Center in this cloud: check `{section}.auth.scope`, which is "
            f"`{expected}/.default` unless it is set, and `{section}.cloud`"
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
