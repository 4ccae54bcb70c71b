"""Access tokens: issued by the authority, checked by Partner Center."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

if TYPE_CHECKING:
    from tap_purchase_orders.sandbox.clouds import Cloud
    from tap_purchase_orders.sandbox.credentials import Credentials

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


class OldAudienceError(TokenRefusedError):
    """An access token is for the old directory graph; the message is its audience."""


class Tokens:
    """Makes and checks tokens; the keys exist in this process only.

    Args:
        base_url: The address of the authority, without a tenant.
        credentials: The partner and its application.
        cloud: Whom tokens may be for.
        lifetime_seconds: How long an access token is good, in real time: clients
            compare it with their own clock.
    """

    def __init__(
        self,
        base_url: str,
        credentials: Credentials,
        cloud: Cloud,
        lifetime_seconds: int,
    ) -> None:
        self.cloud = cloud
        self._tenant_id = credentials.tenant_id
        self._client_id = credentials.client_id
        self._issuer = f"{base_url}/{self._tenant_id}/v2.0"
        self._lifetime_seconds = lifetime_seconds
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._key_id = uuid.uuid4().hex
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
        return self._signed(claims)

    def key_set(self) -> dict[str, Any]:
        """Return the keys that tokens are signed with, as a JSON web key set."""
        key = jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        named = {"kty": key["kty"], "use": "sig", "kid": self._key_id, "alg": "RS256"}
        return {"keys": [{**named, "n": key["n"], "e": key["e"]}]}

    def revoke_all(self) -> None:
        """Make every access token issued so far useless."""
        self._generation += 1
        self._verified.clear()

    def check(self, authorization: str) -> dict[str, Any]:
        """Return the claims of a bearer token that is good for Partner Center.

        Raises:
            OldAudienceError: It was good for it once.
            TokenRefusedError: It is not.
        """
        scheme, _, text = authorization.partition(" ")
        if scheme.lower() != "bearer" or not text:
            msg = "not a bearer token"
            raise TokenRefusedError(msg)
        claims = self._claims(text)
        if claims["aud"] == self.cloud.old_graph:
            raise OldAudienceError(claims["aud"])
        if claims["aud"] != self.cloud.partner_center:
            msg = "the token is for another audience"
            raise TokenRefusedError(msg)
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
                options={"verify_exp": False, "verify_aud": False},
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
        text = self._signed(common | claims)
        return AccessToken(text, self._lifetime_seconds, now)

    def _signed(self, claims: dict[str, Any]) -> str:
        return jwt.encode(
            claims, self._key, algorithm="RS256", headers={"kid": self._key_id}
        )
