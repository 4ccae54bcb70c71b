"""Whether an upstream answers: one that is down ends its part of the run soon."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from requests.auth import AuthBase
from typing_extensions import override

from tap_purchase_orders.concurrency.event_loop import event_loop
from tap_purchase_orders.concurrency.ordered_map import begin_farthest
from tap_purchase_orders.errors import (
    CancelledError,
    UpstreamDownError,
    UpstreamRefusedError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from requests import PreparedRequest

    from tap_purchase_orders.concurrency.cancellation import CancelToken

# With what the end of a run takes, it is less than two minutes.
SILENT_SECONDS: Final = 90.0
LONGEST_PATIENCE_SECONDS: Final = 300.0
# In the last part of it, other keys are tried.
_PART_FOR_OTHERS: Final = 1 / 3
# Signing in may take its time; signing a request takes none.
_SIGN_IN_SECONDS: Final = 1.0


class Silence:
    """For how long an upstream has owed a good answer.

    What it asked us to wait is not counted, as long as that is not too much.

    Args:
        clock: Seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since: float | None = None
        self._under_way = 0
        # What it asked us to wait for since then.
        self._asked_until = 0.0
        self._asked_seconds = 0.0

    def sent(self) -> None:
        """Take in that a request is being sent."""
        self._under_way += 1
        if self._since is None:
            self._begin()

    def ended(self) -> None:
        """Take in that a request has ended, with an answer or without."""
        self._under_way -= 1

    def answered(self) -> None:
        """Take in a good answer."""
        self._since = None
        if self._under_way:
            self._begin()

    def begin_anew(self) -> None:
        """Take in that the time until now was no fault of the upstream."""
        if self._since is not None:
            self._begin()

    def is_asked_too_much(self, seconds: float) -> bool:
        """Take in what the upstream asks us to wait; return whether it is too much.

        Args:
            seconds: From now on. What it asks of many at once counts once.
        """
        now = self._clock()
        until = max(self._asked_until, now + seconds)
        self._asked_seconds += until - max(self._asked_until, now)
        self._asked_until = until
        return self._asked_seconds > LONGEST_PATIENCE_SECONDS

    def left_seconds(self) -> float | None:
        """Return how much longer it may last, none if nothing is owed."""
        if self._since is None:
            return None
        ends_at = self._since + self._asked_seconds + SILENT_SECONDS
        return max(0.0, ends_at - self._clock())

    def _begin(self) -> None:
        self._since = self._asked_until = self._clock()
        self._asked_seconds = 0.0


class Health:
    """Ends the asking of an upstream that does not answer, or asks for too long a wait.

    Some keys may fail at an upstream that is up, for however long: before that is taken
    for its end, others are tried.

    Args:
        name: What people call the upstream.
        section: Its section of the settings.
        cancel_token: Is cancelled, with the error to raise, when the upstream is down.
        clock: Seconds that never go back.
    """

    def __init__(
        self,
        name: str,
        section: str,
        cancel_token: CancelToken,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._section = section
        self._cancel_token = cancel_token
        self._clock = clock
        self._lock = threading.Lock()
        self._silence = Silence(clock)
        self._signing_in = 0
        self._is_watched = False
        self._last_words = "no answer"

    @contextmanager
    def request(self) -> Iterator[None]:
        """Take in that a request is under way while the context lasts."""
        with self._lock:
            self._silence.sent()
            is_watched, self._is_watched = self._is_watched, True
        if not is_watched:
            event_loop().begin(self._watch)
        try:
            yield
        finally:
            with self._lock:
                self._silence.ended()

    @contextmanager
    def signing(self) -> Iterator[None]:
        """Take in that credentials are being fetched, which may take its time."""
        began_at = self._clock()
        with self._lock:
            self._signing_in += 1
        try:
            yield
        finally:
            with self._lock:
                self._signing_in -= 1
                if self._clock() - began_at > _SIGN_IN_SECONDS:
                    self._silence.begin_anew()

    def answered(self) -> None:
        """Take in a good answer."""
        with self._lock:
            self._silence.answered()

    def failed(self, words: str, asked_seconds: float = 0.0) -> None:
        """Take in that a request had no good answer.

        Args:
            words: What happened.
            asked_seconds: How long the upstream asks us to wait.

        Raises:
            UpstreamDownError: That is too long.
        """
        self._last_words = words
        if not asked_seconds:
            return
        with self._lock:
            is_too_much = self._silence.is_asked_too_much(asked_seconds)
        if is_too_much:
            msg = f"{words}: it asks to be left alone for {asked_seconds:.0f} seconds"
            raise self._error(msg)

    def _watch(self) -> None:
        """End the asking once the upstream has been silent for too long."""
        try:
            while (left := self._left_seconds()) is not None:
                if left <= 0:
                    silence = f"no good answer for {SILENT_SECONDS:.0f} seconds"
                    self._error(f"{silence}: {self._last_words}")
                    return
                until_others = left - _PART_FOR_OTHERS * SILENT_SECONDS
                if until_others > 0:
                    self._cancel_token.wait(until_others)
                else:
                    begin_farthest(self._cancel_token)
                    self._cancel_token.wait(left)
        except CancelledError:
            return

    def _left_seconds(self) -> float | None:
        with self._lock:
            if self._signing_in:
                return SILENT_SECONDS
            left = self._silence.left_seconds()
            # The next request begins it anew.
            self._is_watched = left is not None
            return left

    def _error(self, words: str) -> UpstreamRefusedError:
        """End the asking; return the error that it ends with."""
        error = UpstreamDownError(
            f"{self._name}: {words}; nothing more is asked of it, and the next run "
            f"goes on with what is not read; if that lasts, check "
            f"`{self._section}.api_url`"
        )
        self._cancel_token.cancel(error)
        # Another one may have been the first: all that were under way end with that.
        return self._cancel_token.reason or error


class TimedAuth(AuthBase):
    """Signs requests by another method, and says so while that takes its time.

    Args:
        auth: The method.
        health: Is told.
    """

    def __init__(self, auth: AuthBase, health: Health) -> None:
        self._auth = auth
        self._health = health

    @override
    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        with self._health.signing():
            return self._auth(r)

    def renew(self, refused: PreparedRequest) -> None:
        """Drop the credentials of a refused request, if the method can get new ones."""
        renew = getattr(self._auth, "renew", None)
        if renew is not None:
            with self._health.signing():
                renew(refused)
