"""How many requests may be under way at once."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_purchase_orders.asking.stop import Stop

# How often one who waits looks whether asking is to end.
_LOOK_SECONDS = 0.5


class InFlight:
    """Lets at most `limit` requests be under way, however many threads would ask.

    Those who read the lists of what is to be asked for ask themselves, beside those
    who do the rest.

    Args:
        limit: Requests at once.
        stop: Ends the waiting.
    """

    def __init__(self, limit: int, stop: Stop) -> None:
        self._places = threading.BoundedSemaphore(limit)
        self._stop = stop

    @contextmanager
    def place(self) -> Iterator[None]:
        """Wait for a place, and hold it while the request is under way.

        Raises:
            StoppedError: Asking is to end.
        """
        while not self._places.acquire(timeout=_LOOK_SECONDS):
            self._stop.check()
        try:
            yield
        finally:
            self._places.release()
