"""The rules of the token authority that can be changed."""

from __future__ import annotations

from typing import Any, Literal, get_args

import msgspec

Rotation = Literal["usual", "strict", "none"]
ROTATIONS: tuple[str, ...] = get_args(Rotation)


class SignInRules(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """How the authority behaves; control calls may change it.

    Attributes:
        rotation: `usual`: each redemption yields a fresh refresh token, and the old
            one stays good (*Secure application model*); `strict`: the old one is dead
            at once; `none`: no fresh one comes, as in the responses that *Enable the
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
