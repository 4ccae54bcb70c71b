"""The sign-in state of the sandbox: certificates, tokens, counts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from tap_purchase_orders.sandbox.application_certificates import (
        ApplicationCertificates,
    )
    from tap_purchase_orders.sandbox.federation import Federation
    from tap_purchase_orders.sandbox.refresh_tokens import RefreshTokens
    from tap_purchase_orders.sandbox.sign_in_rules import SignInRules


@dataclass(frozen=True, slots=True)
class SignIn:
    """What the authority knows.

    Attributes:
        rules: How it behaves.
        certificates: What is registered for the application.
        federation: The issuer that the application trusts.
        refresh_tokens: Those of the user.
        given: How many tokens were given, by grant and by proof of the application.
    """

    rules: SignInRules
    certificates: ApplicationCertificates
    federation: Federation
    refresh_tokens: RefreshTokens
    given: Counter[tuple[str, str]] = field(default_factory=Counter)

    def summary(self) -> dict[str, Any]:
        """Return the rules and the counts as JSON."""
        given: dict[str, dict[str, int]] = {}
        for (grant, proof), count in sorted(self.given.items()):
            given.setdefault(grant, {})[proof] = count
        return {"rules": msgspec.structs.asdict(self.rules), "tokens_given": given}
