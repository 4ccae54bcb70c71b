"""JSON web tokens that clients present: looked at piece by piece, each with its error.

Times are real ones: clients sign by their own clock.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import jwt

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

_NO_CLAIMS_CHECKED: Any = {
    f"verify_{claim}": False
    for claim in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")
}


# Clocks differ, and MSAL for JavaScript rounds the time up to a second to come.
_CLOCK_SKEW_SECONDS = 300


def unverified(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims as they stand there.

    Raises:
        jwt.InvalidTokenError: It is no token.
    """
    claims = jwt.decode(token, options={"verify_signature": False})
    return jwt.get_unverified_header(token), claims


def verify(token: str, key: RSAPublicKey, algorithms: list[str]) -> None:
    """Check the signature and nothing else.

    Raises:
        jwt.InvalidSignatureError: It is not by this key.
        jwt.InvalidTokenError: It cannot be checked.
    """
    jwt.decode(token, key, algorithms=algorithms, options=_NO_CLAIMS_CHECKED)


def audiences(claims: dict[str, Any]) -> list[Any]:
    """Return whom a token is for: one or several."""
    audience = claims.get("aud")
    return audience if isinstance(audience, list) else [audience]


def is_out_of_time(claims: dict[str, Any]) -> bool:
    """Return whether a token is not good yet, or not any more.

    `nbf` may be missing: MSAL does not send it.
    """
    now = time.time()
    earliest, latest = now - _CLOCK_SKEW_SECONDS, now + _CLOCK_SKEW_SECONDS
    try:
        return float(claims["exp"]) <= earliest or float(claims.get("nbf", 0)) > latest
    except (KeyError, TypeError, ValueError):
        return True
