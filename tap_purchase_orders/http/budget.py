"""A budget of requests per run."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tap_purchase_orders.errors import CancelledError

if TYPE_CHECKING:
    from tap_purchase_orders.concurrency.cancellation import CancelToken


class Budget:
    """Counts the requests to one upstream, retries included, up to a limit.

    Args:
        limit: How many requests a run may make; none for any number.
        cancel_token: Is cancelled when one more request would exceed the limit.

    Attributes:
        spent: How many requests were made.
        repeats: How many of these were retries.
        is_exceeded: Whether more requests were needed than the limit allows.
    """

    def __init__(self, limit: int | None, cancel_token: CancelToken) -> None:
        self.limit = limit
        self._cancel_token = cancel_token
        self._lock = threading.Lock()
        self.spent = 0
        self.repeats = 0
        self.is_exceeded = False

    @property
    def left(self) -> int | None:
        """How many more requests may be made, none for any number."""
        with self._lock:
            return None if self.limit is None else self.limit - self.spent

    def keep_rest(self) -> None:
        """Stop the caller's requests, so that other requests can use what is left.

        Raises:
            CancelledError: Always.
        """
        self.is_exceeded = True
        raise CancelledError

    def take(self, *, is_repeat: bool = False) -> None:
        """Count one request that is about to be made.

        Args:
            is_repeat: It is a retry.

        Raises:
            CancelledError: The limit is reached.
        """
        with self._lock:
            if self.limit is None or self.spent < self.limit:
                self.spent += 1
                self.repeats += is_repeat
                return
            self.is_exceeded = True
        self._cancel_token.cancel()
        raise CancelledError
