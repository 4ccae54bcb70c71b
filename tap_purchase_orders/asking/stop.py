"""The word that the run is to end; everything that waits can be woken by it."""

from __future__ import annotations

import threading

from tap_purchase_orders.errors import StoppedError


class Stop:
    """Says once, to all threads, that no new request is to be made."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def request(self) -> None:
        """Ask everything that waits, and whatever would ask, to end."""
        self._event.set()

    @property
    def is_requested(self) -> bool:
        """Whether the run is to end."""
        return self._event.is_set()

    def check(self) -> None:
        """Return if the run goes on.

        Raises:
            StoppedError: The run is to end.
        """
        if self._event.is_set():
            raise StoppedError

    def wait(self, seconds: float) -> None:
        """Wait for a time.

        Raises:
            StoppedError: The run is to end; the wait is cut short.
        """
        if self._event.wait(max(0.0, seconds)):
            raise StoppedError
