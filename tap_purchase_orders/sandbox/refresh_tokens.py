"""Refresh tokens: issue, redemption, rotation."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tap_purchase_orders.sandbox.authority_errors import (
    BAD_REFRESH_TOKEN,
    EXPIRED_REFRESH_TOKEN,
    USED_REFRESH_TOKEN,
    SignInRefusedError,
)
from tap_purchase_orders.sandbox.instants import DAY, utc_text
from tap_purchase_orders.sandbox.seeded_random import Draws

if TYPE_CHECKING:
    from tap_purchase_orders.sandbox.clock import Clock
    from tap_purchase_orders.sandbox.sign_in_rules import SignInRules

_GOOD_FOR_DAYS = 90
_SEAL_BYTES = hashlib.sha256().digest_size


@dataclass(slots=True)
class RefreshToken:
    """A refresh token and what became of it.

    Attributes:
        id: Its name.
        parent: The name of the token for which it was given; None: a user signed in.
        token: Its text.
        issued: World time.
        redemptions: How often an access token was given for it.
        refusals: How often it was refused.
    """

    id: str
    parent: str | None
    token: str
    issued: int
    redemptions: int = 0
    refusals: int = 0


class RefreshTokens:
    """All refresh tokens of a sandbox.

    A token carries what is known of it under a seal that follows from the seed. So one
    that a pipeline has kept is still good when the sandbox is started again.

    Args:
        seed: The seed of the world.
        clock: World time, which decides how old a token is.
        rules: Whether a token may be redeemed again.
    """

    def __init__(self, seed: int, clock: Clock, rules: SignInRules) -> None:
        self._key = Draws(seed, "refresh tokens").hex(64).encode()
        self._clock = clock
        self._rules = rules
        self._tokens: dict[str, RefreshToken] = {}

    def issue(self, parent: RefreshToken | None = None) -> str:
        """Return a new refresh token, good for 90 days of world time.

        *Secure application model*: each redemption yields a fresh one.

        Args:
            parent: The token that was redeemed; None: a user signed in.
        """
        parent_id = None if parent is None else parent.id
        name, issued = uuid.uuid4().hex, self._clock.now()
        payload = f"{issued}.{name}.{parent_id or ''}".encode()
        text = "1." + urlsafe_b64encode(self._seal(payload) + payload).decode()
        self._tokens[name] = RefreshToken(name, parent_id, text, issued)
        return text

    def redeem(self, text: str) -> RefreshToken:
        """Return what is known of a token that is good, and count the redemption.

        Raises:
            SignInRefusedError: It is not one of ours, or older than 90 days, or was
                redeemed before and may not be again.
        """
        token = self._known(text)
        refusal = None
        if self._clock.now() >= token.issued + _GOOD_FOR_DAYS * DAY:
            refusal = EXPIRED_REFRESH_TOKEN
        elif token.redemptions and self._rules.rotation == "strict":
            refusal = USED_REFRESH_TOKEN
        if refusal:
            token.refusals += 1
            raise SignInRefusedError(refusal)
        token.redemptions += 1
        return token

    def summary(self) -> dict[str, Any]:
        """Return counts and all tokens, in the order in which they were seen, as JSON.

        Nothing is lost by showing them: they open this sandbox only.
        """
        tokens = self._tokens.values()
        return {
            "redemptions": sum(token.redemptions for token in tokens),
            "refusals": sum(token.refusals for token in tokens),
            "tokens": [
                asdict(token) | {"issued": utc_text(token.issued)} for token in tokens
            ],
        }

    def _known(self, text: str) -> RefreshToken:
        try:
            sealed = urlsafe_b64decode(text.removeprefix("1."))
        except (Base64Error, ValueError) as error:
            raise SignInRefusedError(BAD_REFRESH_TOKEN) from error
        seal, payload = sealed[:_SEAL_BYTES], sealed[_SEAL_BYTES:]
        if not hmac.compare_digest(seal, self._seal(payload)):
            raise SignInRefusedError(BAD_REFRESH_TOKEN)
        issued, name, parent = payload.decode().split(".")
        token = RefreshToken(name, parent or None, text, int(issued))
        return self._tokens.setdefault(name, token)

    def _seal(self, payload: bytes) -> bytes:
        return hmac.new(self._key, payload, hashlib.sha256).digest()
