"""Access tokens: issued by the authority, checked by Partner Center."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

if TYPE_CHECKING:
    from tap_purchase_orders.sandbox.credentials import Credentials

PARTNER_CENTER_RESOURCE = "https://api.partnercenter.microsoft.com"
# *Partner Center authentication* still names the old directory graph.
OLD_GRAPH_RESOURCE = "https://graph.windows.net"
ACCEPTED_AUDIENCES = (PARTNER_CENTER_RESOURCE, OLD_GRAPH_RESOURCE)
# The last one exists too, but Partner Center does not take its tokens.
RESOURCES = (*ACCEPTED_AUDIENCES, "https://graph.microsoft.com")

_KEPT_TOKENS = 64
_NOT_BEFORE_SECONDS = 300


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A new access token.

    Attributes:
        text: The token.
        expires_in: For how many seconds it is good.
        issued_at: Real time, in seconds since 1970.
    """

    text: str
    expires_in: int
    issued_at: int


class TokenRefusedError(Exception):
    """An access token is not good for a call; the message says why."""


class Tokens:
    """Makes and checks tokens; the keys exist in this process only.

    Args:
        base_url: The address of the authority, without a tenant.
        credentials: The partner and its application.
        lifetime_seconds: How long an access token is good, in real time: clients
            compare it with their own clock.
    """

    def __init__(
        self, base_url: str, credentials: Credentials, lifetime_seconds: int
    ) -> None:
        self._tenant_id = credentials.tenant_id
        self._client_id = credentials.client_id
        self._issuer = f"{base_url}/{self._tenant_id}/v2.0"
        self._lifetime_seconds = lifetime_seconds
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._generation = 0
        self._verified: dict[str, dict[str, Any]] = {}

    def app_only(self, audience: str, proof: str) -> AccessToken:
        """Return a token of the application itself: `roles`, no user.

        Args:
            audience: The resource that it is for.
            proof: How the application proved itself.
        """
        return self._access_token(audience, proof, {"idtyp": "app", "roles": []})

    def app_and_user(self, audience: str, proof: str, *, mfa: bool) -> AccessToken:
        """Return a token of the application for a user who signed in.

        Args:
            audience: The resource that it is for.
            proof: How the application proved itself.
            mfa: Whether the user had a second factor; the claim `amr` is what *Partner
                security requirements* asks for.
        """
        methods = ["pwd", "mfa"] if mfa else ["pwd"]
        claims = {"scp": "user_impersonation", "amr": methods}
        return self._access_token(audience, proof, claims)

    def id_token(self) -> str:
        """Return an identity token for the application."""
        now = int(time.time())
        claims = {
            "aud": self._client_id,
            "iss": self._issuer,
            "iat": now,
            "nbf": now - _NOT_BEFORE_SECONDS,
            "exp": now + self._lifetime_seconds,
            "sub": "sandbox-service-account",
            "tid": self._tenant_id,
            "preferred_username": "admin@partner.onmicrosoft.example",
        }
        return jwt.encode(claims, self._key, algorithm="RS256")

    def revoke_all(self) -> None:
        """Make every access token issued so far useless."""
        self._generation += 1
        self._verified.clear()

    def check(self, authorization: str) -> dict[str, Any]:
        """Return the claims of a bearer token that is good for Partner Center.

        Raises:
            TokenRefusedError: It is not.
        """
        scheme, _, text = authorization.partition(" ")
        if scheme.lower() != "bearer" or not text:
            msg = "not a bearer token"
            raise TokenRefusedError(msg)
        claims = self._claims(text)
        if claims["exp"] <= time.time():
            msg = "the token has expired"
            raise TokenRefusedError(msg)
        if claims["generation"] != self._generation:
            msg = "the token was revoked"
            raise TokenRefusedError(msg)
        return claims

    def _claims(self, text: str) -> dict[str, Any]:
        if text in self._verified:
            return self._verified[text]
        try:
            claims: dict[str, Any] = jwt.decode(
                text,
                self._key.public_key(),
                algorithms=["RS256"],
                audience=ACCEPTED_AUDIENCES,
                options={"verify_exp": False},
            )
        except jwt.InvalidTokenError as error:
            msg = str(error)
            raise TokenRefusedError(msg) from error
        if len(self._verified) >= _KEPT_TOKENS:
            self._verified.clear()
        self._verified[text] = claims
        return claims

    def _access_token(
        self, audience: str, proof: str, claims: dict[str, Any]
    ) -> AccessToken:
        now = int(time.time())
        common = {
            "aud": audience,
            "iss": self._issuer,
            "iat": now,
            "nbf": now - _NOT_BEFORE_SECONDS,
            "exp": now + self._lifetime_seconds,
            "appid": self._client_id,
            # *Access token claims*: 1 is a secret, 2 a certificate.
            "appidacr": "1" if proof == "client_secret" else "2",
            "tid": self._tenant_id,
            "uti": uuid.uuid4().hex,
            "generation": self._generation,
        }
        text = jwt.encode(common | claims, self._key, algorithm="RS256")
        return AccessToken(text, self._lifetime_seconds, now)
