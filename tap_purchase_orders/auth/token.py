"""A bearer token that is fetched once for all workers and renewed before it expires."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from requests.auth import AuthBase
from typing_extensions import override

from tap_purchase_orders.errors import SignInError

if TYPE_CHECKING:
    from collections.abc import Callable

    from requests import PreparedRequest

    from tap_purchase_orders.http.session import TapSession

# A token is renewed this long before it expires, or in the last fifth of its life
# where that is shorter: Partner Center's own client renews 30 seconds before.
_RENEW_BEFORE_SECONDS = 60.0
_RENEW_BEFORE_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token and how long it may be used, in seconds of the monotonic clock."""

    value: str = field(repr=False)
    fetched_at: float
    lifetime_seconds: float

    def is_fresh(self, now: float) -> bool:
        """Return whether the token can still be sent at a moment."""
        margin = min(_RENEW_BEFORE_SECONDS, _RENEW_BEFORE_SHARE * self.lifetime_seconds)
        return now < self.fetched_at + self.lifetime_seconds - margin


class TokenAuth(AuthBase):
    """Signs requests with a token that is renewed in time, and after a refusal.

    Args:
        fetch: Fetches a new token; raises `SignInError` if there is none.
        use_session: Takes the session to fetch it with.
        clock: Seconds that never go back.
    """

    def __init__(
        self,
        fetch: Callable[[], Token],
        use_session: Callable[[TapSession], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._use_session = use_session
        self._clock = clock
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._refusal: SignInError | None = None

    @override
    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        with self._lock:
            if self._refusal is not None:
                # The same credentials would only be refused again.
                raise self._refusal
            if self._token is None or not self._token.is_fresh(self._clock()):
                self._token = self._fetched()
            r.headers["Authorization"] = _header(self._token)
        return r

    def sign_at_once(self, r: PreparedRequest) -> bool:
        """Sign a request if there is a fresh token; return whether there is."""
        token = self._token
        if token is None or not token.is_fresh(self._clock()):
            return False
        r.headers["Authorization"] = _header(token)
        return True

    def use_session(self, session: TapSession) -> None:
        """Fetch tokens by a session from now on."""
        self._use_session(session)

    def _fetched(self) -> Token:
        try:
            return self._fetch()
        except SignInError as error:
            self._refusal = error
            raise

    def renew(self, refused: PreparedRequest) -> None:
        """Drop the token of a refused request, unless it was dropped already.

        Many requests may be refused with the same token: the first drops it, and the
        next request fetches a new token for all of them.
        """
        with self._lock:
            if self._token is not None and (
                refused.headers.get("Authorization") == _header(self._token)
            ):
                self._token = None


def _header(token: Token) -> str:
    return f"Bearer {token.value}"
