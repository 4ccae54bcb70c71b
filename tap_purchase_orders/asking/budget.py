"""How many requests a run may make."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tap_purchase_orders.errors import StoppedError

if TYPE_CHECKING:
    from tap_purchase_orders.asking.stop import Stop


class Budget:
    """Counts the requests of one upstream, repeats included, and ends their asking.

    Args:
        limit: How many there may be; none for any number.
        stop: Is requested when one more would be needed than there may be.
    """

    def __init__(self, limit: int | None, stop: Stop) -> None:
        self._limit = limit
        self._stop = stop
        self._lock = threading.Lock()
        self.spent = 0
        self.is_exceeded = False

    def take(self) -> None:
        """Count one request that is about to be made.

        Raises:
            StoppedError: There may be no more.
        """
        with self._lock:
            if self._limit is None or self.spent < self._limit:
                self.spent += 1
                return
            self.is_exceeded = True
        self._stop.request()
        raise StoppedError
