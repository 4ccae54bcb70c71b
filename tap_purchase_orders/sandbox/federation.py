"""Workload identity federation: tokens of an issuer that the application trusts.

*Workload identity federation*: a federated identity credential of the application
names issuer, subject and audience; a token that has all three stands for a secret.
"""

from __future__ import annotations

import time
import uuid
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from tap_purchase_orders.sandbox.authority_errors import (
    ASSERTION_OUT_OF_TIME,
    MALFORMED_ASSERTION,
    UNKNOWN_FEDERATED_AUDIENCE,
    UNKNOWN_FEDERATED_ISSUER,
    UNKNOWN_FEDERATED_SUBJECT,
    UNTRUSTED_FEDERATED_TOKEN,
    SignInRefusedError,
)
from tap_purchase_orders.sandbox.signed_tokens import audiences, is_out_of_time, verify

# The name of the token file's key.
_KEY_ID = "purchase-orders-sandbox"
# A cluster renews the file; here one token has to do for as long as the sandbox runs.
_LIFETIME_SECONDS = 365 * 86_400


class Federation:
    """Issues federated tokens, as a cluster does for its pods, and checks them.

    Args:
        base_url: The address of the sandbox.
    """

    def __init__(self, base_url: str) -> None:
        self.issuer = f"{base_url}/cluster"
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._trusted = {
            "iss": self.issuer,
            "sub": "system:serviceaccount:pipelines:tap-purchase-orders",
            "aud": "api://AzureADTokenExchange",
        }

    def token(self, claims: dict[str, Any] | None = None) -> str:
        """Return a token for the token file.

        Args:
            claims: Claims other than the trusted ones, to see them refused.
        """
        now = int(time.time())
        usual = {
            "iat": now,
            "nbf": now,
            "exp": now + _LIFETIME_SECONDS,
            "jti": str(uuid.uuid4()),
        }
        return jwt.encode(
            self._trusted | usual | (claims or {}),
            self._key,
            algorithm="RS256",
            headers={"kid": _KEY_ID},
        )

    def check(self, assertion: str, claims: dict[str, Any]) -> None:
        """Accept a token of the issuer; it may come any number of times.

        Args:
            assertion: The token.
            claims: What it says, not verified yet.

        Raises:
            SignInRefusedError: It is not good.
        """
        presented = {
            "iss": ([claims.get("iss")], "issuer", UNKNOWN_FEDERATED_ISSUER),
            "sub": ([claims.get("sub")], "subject", UNKNOWN_FEDERATED_SUBJECT),
            "aud": (audiences(claims), "audience", UNKNOWN_FEDERATED_AUDIENCE),
        }
        for claim, (values, name, refusal) in presented.items():
            if self._trusted[claim] not in values:
                value = ", ".join(map(str, values))
                raise SignInRefusedError(refusal, claim=name, value=value)
        try:
            verify(assertion, self._key.public_key(), ["RS256"])
        except jwt.InvalidSignatureError as error:
            raise SignInRefusedError(UNTRUSTED_FEDERATED_TOKEN) from error
        except jwt.InvalidTokenError as error:
            raise SignInRefusedError(MALFORMED_ASSERTION) from error
        if is_out_of_time(claims):
            raise SignInRefusedError(ASSERTION_OUT_OF_TIME)
