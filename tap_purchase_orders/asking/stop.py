"""The word that asking is to end; everything that waits can be woken by it."""

from __future__ import annotations

import threading

from tap_purchase_orders.errors import StoppedError


class Stop:
    """Says once, to all threads, that no new request is to be made.

    Args:
        parent: Where that is requested, it is requested here too.
    """

    def __init__(self, parent: Stop | None = None) -> None:
        self._event = threading.Event()
        self._children: list[Stop] = []
        if parent is not None:
            parent._children.append(self)  # noqa: SLF001  # one of its own kind
            if parent.is_requested:
                self.request()

    def request(self) -> None:
        """Ask everything that waits, and whatever would ask, to end."""
        self._event.set()
        for child in self._children:
            child.request()

    @property
    def is_requested(self) -> bool:
        """Whether asking is to end."""
        return self._event.is_set()

    def check(self) -> None:
        """Return if asking goes on.

        Raises:
            StoppedError: It is to end.
        """
        if self._event.is_set():
            raise StoppedError

    def wait(self, seconds: float) -> None:
        """Wait for a time.

        Raises:
            StoppedError: Asking is to end; the wait is cut short.
        """
        if self._event.wait(max(0.0, seconds)):
            raise StoppedError
