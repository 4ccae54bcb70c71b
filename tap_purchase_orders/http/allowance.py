"""The part of a rate limit that is used after a refusal (HTTP 429)."""

from __future__ import annotations

from typing import Final

# What is left of the allowance after a refusal. Two of them find a server that grants
# half, and one that came by chance costs little.
_LEFT: Final = 0.7
# How long it takes to come back to where the server refused.
_LEAST_RETURN_SECONDS: Final = 60.0
_RETURN_WINDOWS: Final = 2
# How much longer it takes from there to the full limit.
_TIMES_TO_THE_FULL: Final = 2
# What fractions of two lose.
_ROUNDING: Final = 1e-9


class Allowance:
    """The requests per window that may be made now: the limit, less after a refusal.

    The way back is that of TCP CUBIC (RFC 9438): fast at first, slow near what was
    refused, faster again beyond. So a server that grants less than the limit refuses
    now and then only, and the full limit is reached again in any case: three minutes
    after a refusal where the limit is by the second, six where it is by the minute.

    Args:
        limit: Requests per window; never more.
        window_seconds: Length of the window.
    """

    def __init__(self, limit: int, window_seconds: float) -> None:
        self.limit = limit
        self._return_seconds = max(
            _LEAST_RETURN_SECONDS, _RETURN_WINDOWS * window_seconds
        )
        self._refused_at: float | None = None
        self._lowest = self._refused_share = 1.0

    def at(self, now: float) -> int:
        """Return how many requests a window may have; at least one."""
        if self._refused_at is None:
            return self.limit
        share = self._share(now)
        if share >= 1:
            self._refused_at = None
            return self.limit
        return max(1, int(self.limit * share + _ROUNDING))

    def refused(self, sent_at: float, now: float) -> None:
        """Take in that the server refused a request because there were too many.

        Args:
            sent_at: When it was sent. Requests that were under way when another was
                refused say nothing new.
            now: The present moment.
        """
        if self._refused_at is not None and sent_at < self._refused_at:
            return
        share = 1.0 if self._refused_at is None else min(1.0, self._share(now))
        self._refused_share = share
        self._lowest = max(share * _LEFT, 1 / self.limit)
        self._refused_at = now

    def _share(self, now: float) -> float:
        """Return the part of the limit that may be used; 1 or more is all of it."""
        if self._refused_at is None:
            return 1.0
        # 0 where the server refused: negative on the way there, positive beyond.
        way = (now - self._refused_at) / self._return_seconds - 1
        if way < 0:
            return self._refused_share + (self._refused_share - self._lowest) * way**3
        beyond = (way / _TIMES_TO_THE_FULL) ** 3
        # Where the full limit was refused, it is tried again at once.
        return self._refused_share + (1 - self._refused_share) * beyond
