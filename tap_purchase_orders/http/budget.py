"""A budget of requests per run."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tap_purchase_orders.errors import CancelledError

if TYPE_CHECKING:
    from tap_purchase_orders.concurrency.cancellation import CancelToken


class Budget:
    """Counts the requests of one upstream, repeats included, and ends their asking.

    Args:
        limit: How many there may be; none for any number.
        cancel_token: Is requested when one more would be needed than there may be.

    Attributes:
        spent: How many there were.
        repeats: How many of these repeated an earlier one.
        is_exceeded: Whether one more was needed than there may be.
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
        """How many more there may be, none for any number."""
        with self._lock:
            return None if self.limit is None else self.limit - self.spent

    def keep_rest(self) -> None:
        """Take in that one who asks does without what is left, for others to use.

        Raises:
            CancelledError: Always: it has no more to ask.
        """
        self.is_exceeded = True
        raise CancelledError

    def take(self, *, is_repeat: bool = False) -> None:
        """Count one request that is about to be made.

        Args:
            is_repeat: An earlier one had no good answer.

        Raises:
            CancelledError: There may be no more.
        """
        with self._lock:
            if self.limit is None or self.spent < self.limit:
                self.spent += 1
                self.repeats += is_repeat
                return
            self.is_exceeded = True
        self._cancel_token.cancel()
        raise CancelledError
