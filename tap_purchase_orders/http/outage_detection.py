"""Detects an upstream that is down, and ends its part of the run soon."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from requests.auth import AuthBase
from typing_extensions import override

from tap_purchase_orders.concurrency.event_loop import event_loop
from tap_purchase_orders.concurrency.ordered_map import begin_last_tasks
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


class ResponseGap:
    """How long an upstream has given no good response.

    The waits that it asks for are not counted, as long as they are not too long.

    Attributes:
        asked_seconds: How long it has asked to be left alone since its last good
            response.

    Args:
        clock: Seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since: float | None = None
        self._under_way = 0
        # The waits that it has asked for since then.
        self._asked_until = 0.0
        self.asked_seconds = 0.0

    def sent(self) -> None:
        """Note that a request is being sent."""
        self._under_way += 1
        if self._since is None:
            self._begin()

    def ended(self) -> None:
        """Note that a request has ended, with a response or without."""
        self._under_way -= 1

    def answered(self) -> None:
        """Note a good response."""
        self._since = None
        if self._under_way:
            self._begin()

    def begin_anew(self) -> None:
        """Start counting anew: the time until now was no fault of the upstream."""
        if self._since is not None:
            self._begin()

    def is_asked_too_much(self, seconds: float) -> bool:
        """Note a wait that the upstream asks for; return whether it is too much.

        Args:
            seconds: From now on. A wait asked of many requests at once counts once.
        """
        now = self._clock()
        until = max(self._asked_until, now + seconds)
        self.asked_seconds += until - max(self._asked_until, now)
        self._asked_until = until
        return self.asked_seconds > LONGEST_PATIENCE_SECONDS

    def left_seconds(self) -> float | None:
        """Return how much longer it may last, none if no response is due."""
        if self._since is None:
            return None
        ends_at = self._since + self.asked_seconds + SILENT_SECONDS
        return max(0.0, ends_at - self._clock())

    def _begin(self) -> None:
        self._since = self._asked_until = self._clock()
        self.asked_seconds = 0.0


class Health:
    """Ends the requests to an upstream that is down, or asks for too long a wait.

    A few keys may fail for long at an upstream that is up. So other keys are tried
    before it counts as down.

    Args:
        name: The upstream's name.
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
        self._response_gap = ResponseGap(clock)
        self._signing_in = 0
        self._is_watched = False
        self._last_words = "no response"

    def sent(self) -> None:
        """Count a request as in flight, until `ended` is called."""
        with self._lock:
            self._response_gap.sent()
            is_watched, self._is_watched = self._is_watched, True
        if not is_watched:
            event_loop().begin(self._watch)

    def ended(self) -> None:
        """Note that a request has ended, with a response or without."""
        with self._lock:
            self._response_gap.ended()

    @contextmanager
    def signing(self) -> Iterator[None]:
        """Count no silence while credentials are fetched, which may take long."""
        began_at = self._clock()
        with self._lock:
            self._signing_in += 1
        try:
            yield
        finally:
            with self._lock:
                self._signing_in -= 1
                if self._clock() - began_at > _SIGN_IN_SECONDS:
                    self._response_gap.begin_anew()

    def answered(self) -> None:
        """Note a good response."""
        with self._lock:
            self._response_gap.answered()

    def failed(self, words: str, asked_seconds: float = 0.0) -> None:
        """Note that a request had no good response.

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
            is_too_much = self._response_gap.is_asked_too_much(asked_seconds)
            in_all = self._response_gap.asked_seconds
        if is_too_much:
            msg = f"{words}: it asks to be left alone for {in_all:.0f} seconds in all"
            raise self._error(msg)

    def _watch(self) -> None:
        """End the requests once the upstream has been silent for too long."""
        try:
            while (left := self._left_seconds()) is not None:
                if left <= 0:
                    silence = f"no good response for {SILENT_SECONDS:.0f} seconds"
                    self._error(f"{silence}: {self._last_words}")
                    return
                until_others = left - _PART_FOR_OTHERS * SILENT_SECONDS
                if until_others > 0:
                    self._cancel_token.wait(until_others)
                else:
                    begin_last_tasks(self._cancel_token)
                    self._cancel_token.wait(left)
        except CancelledError:
            return

    def _left_seconds(self) -> float | None:
        with self._lock:
            if self._signing_in:
                return SILENT_SECONDS
            left = self._response_gap.left_seconds()
            # The next request starts the watch again.
            self._is_watched = left is not None
            return left

    def _error(self, words: str) -> UpstreamRefusedError:
        """End the requests; return the error that it ends with."""
        error = UpstreamDownError(
            f"{self._name}: {words}; nothing more is asked of it, and the next run "
            f"goes on with what is not read; if that lasts, check "
            f"`{self._section}.api_url`"
        )
        self._cancel_token.cancel(error)
        # Another error may have come first: all requests in flight end with that one.
        return self._cancel_token.reason or error


class TimedAuth(AuthBase):
    """An auth method that reports to `Health` while it fetches credentials.

    Args:
        auth: The method.
        health: What it reports to.
    """

    def __init__(self, auth: AuthBase, health: Health) -> None:
        self._auth = auth
        self._health = health
        self.sign_at_once = getattr(auth, "sign_at_once", None)

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
