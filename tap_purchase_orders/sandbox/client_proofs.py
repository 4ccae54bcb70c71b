"""Checks a client's proof at the token endpoint: secret, certificate, or assertion.

By its secret, by an assertion signed with a registered certificate (*Certificate
credentials*), or by a token of an issuer that it trusts (*Workload identity
federation*).
"""

from __future__ import annotations

import hmac
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import jwt

from tap_purchase_orders.sandbox import authority_errors as errors
from tap_purchase_orders.sandbox.authority_errors import SignInRefusedError
from tap_purchase_orders.sandbox.signed_tokens import (
    audiences,
    is_out_of_time,
    unverified,
    verify,
)

if TYPE_CHECKING:
    from tap_purchase_orders.sandbox.context import State

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# PS256 is what *Certificate credentials* asks for; RS256 is what it asked for before.
_ALGORITHMS = ["PS256", "RS256"]
_NO_KEY = "The key was not found."
_EXPIRED_KEY = "The key used is expired."
_WRONG_KEY = "Key was found, but use of the key to verify the signature failed."
_KEPT_IDENTIFIERS = 10_000

Claims = dict[str, Any]


class ClientProofs:
    """Checks the application's proofs.

    Args:
        state: The running sandbox.
    """

    def __init__(self, state: State) -> None:
        self._credentials = state.credentials
        self._rules = state.sign_in.rules
        self._certificates = state.sign_in.certificates
        self._federation = state.sign_in.federation
        realm = f"{state.base_url}/{state.credentials.tenant_id}"
        # The first is what the documents name; the others are taken as well.
        self._audiences = {
            f"{realm}/oauth2/v2.0/token",
            f"{realm}/oauth2/token",
            f"{realm}/v2.0",
        }
        self._seen: dict[str, float] = {}

    def proven_by(self, form: dict[str, str]) -> str:
        """Return how an application proved itself.

        Args:
            form: What it sent.

        Returns:
            `client_secret`, `certificate` or `federated_token`.

        Raises:
            SignInRefusedError: It did not.
        """
        if form.get("client_id", "").lower() != self._credentials.client_id:
            raise SignInRefusedError(errors.UNKNOWN_CLIENT)
        if "client_assertion" in form:
            return self._proven_by_assertion(form)
        if "client_secret" not in form:
            raise SignInRefusedError(errors.NO_CREDENTIAL)
        expected = self._credentials.client_secret.encode()
        if not hmac.compare_digest(form["client_secret"].encode(), expected):
            raise SignInRefusedError(errors.WRONG_SECRET)
        return "client_secret"

    def _proven_by_assertion(self, form: dict[str, str]) -> str:
        if "client_assertion_type" not in form:
            field = "client_assertion_type"
            raise SignInRefusedError(errors.MISSING_FIELD, field=field)
        if form["client_assertion_type"] != _ASSERTION_TYPE:
            raise SignInRefusedError(errors.WRONG_ASSERTION_TYPE)
        assertion = form["client_assertion"]
        try:
            header, claims = unverified(assertion)
        except jwt.InvalidTokenError as error:
            raise SignInRefusedError(errors.MALFORMED_ASSERTION) from error
        # An application names itself as issuer; whoever else issues has an address.
        if str(claims.get("iss")).startswith("https://"):
            self._federation.check(assertion, claims)
            return "federated_token"
        self._check_key(assertion, header)
        self._check_claims(claims)
        return "certificate"

    def _check_key(self, assertion: str, header: dict[str, Any]) -> None:
        certificate = self._certificates.named_in(header)
        if certificate is None:
            raise SignInRefusedError(errors.UNTRUSTED_ASSERTION, reason=_NO_KEY)
        if certificate.not_valid_after_utc <= datetime.now(UTC):
            raise SignInRefusedError(errors.UNTRUSTED_ASSERTION, reason=_EXPIRED_KEY)
        try:
            verify(assertion, self._certificates.public_key, _ALGORITHMS)
        except jwt.InvalidSignatureError as error:
            raise SignInRefusedError(
                errors.UNTRUSTED_ASSERTION, reason=_WRONG_KEY
            ) from error
        except jwt.InvalidTokenError as error:
            raise SignInRefusedError(errors.MALFORMED_ASSERTION) from error

    def _check_claims(self, claims: Claims) -> None:
        for claim in ("iss", "sub", "aud", "exp", "jti"):
            if claim not in claims:
                raise SignInRefusedError(errors.MISSING_CLAIM, claim=claim)
        if claims["sub"] != claims["iss"]:
            raise SignInRefusedError(errors.SUBJECT_IS_NOT_ISSUER)
        if str(claims["iss"]).lower() != self._credentials.client_id:
            raise SignInRefusedError(errors.OTHER_APPLICATIONS_ASSERTION)
        named = {str(audience).lower() for audience in audiences(claims)}
        if not named & self._audiences:
            raise SignInRefusedError(errors.WRONG_ASSERTION_AUDIENCE)
        if is_out_of_time(claims):
            raise SignInRefusedError(errors.ASSERTION_OUT_OF_TIME)
        self._check_first_use(str(claims["jti"]), float(claims["exp"]))

    def _check_first_use(self, identifier: str, expires: float) -> None:
        if identifier in self._seen and self._rules.single_use_assertions:
            raise SignInRefusedError(errors.REPLAYED_ASSERTION)
        if len(self._seen) >= _KEPT_IDENTIFIERS:
            now = time.time()
            self._seen = {name: end for name, end in self._seen.items() if end > now}
        self._seen[identifier] = expires
