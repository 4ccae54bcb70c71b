"""How people and applications may sign in, and how often they did."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

import msgspec

if TYPE_CHECKING:
    from tap_purchase_orders.sandbox.application_certificates import (
        ApplicationCertificates,
    )
    from tap_purchase_orders.sandbox.federation import Federation
    from tap_purchase_orders.sandbox.refresh_tokens import RefreshTokens

Rotation = Literal["usual", "strict", "none"]
ROTATIONS: tuple[str, ...] = get_args(Rotation)


class SignInRules(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """How the authority behaves; control calls may change it.

    Attributes:
        rotation: `usual`: each redemption yields a fresh refresh token, and the old
            one stays good (*Secure application model*); `strict`: the old one is dead
            at once; `none`: no fresh one comes, as in the answers that *Enable the
            Secure Application Model* shows.
        user_mfa: Whether users signed in with two factors.
        mfa_enforced: Whether Partner Center refuses users who did not, as it does since
            2026.
        single_use_assertions: Whether an assertion of the application is good once
            only.
    """

    rotation: Rotation = "usual"
    user_mfa: bool = True
    mfa_enforced: bool = True
    single_use_assertions: bool = False

    def change(self, body: bytes) -> None:
        """Change what a JSON object names.

        Raises:
            msgspec.MsgspecError: It names something else, or values that do not fit.
        """
        named = msgspec.json.decode(body, type=dict[str, Any])
        changed = msgspec.convert(msgspec.structs.asdict(self) | named, SignInRules)
        for name, value in msgspec.structs.asdict(changed).items():
            setattr(self, name, value)


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
