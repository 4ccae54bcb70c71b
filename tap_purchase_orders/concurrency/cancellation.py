"""A cancellation token that wakes every waiter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_purchase_orders.concurrency.event_loop import Event
from tap_purchase_orders.errors import CancelledError

if TYPE_CHECKING:
    from tap_purchase_orders.errors import UpstreamRefusedError


class CancelToken:
    """A flag that ends the run: no new requests, and all waiters wake.

    Args:
        parent: When that is cancelled, this is cancelled too.

    Attributes:
        is_cancelled: Whether it was cancelled.
        reason: The error it was cancelled for, if it was one.
    """

    def __init__(self, parent: CancelToken | None = None) -> None:
        # A bare flag, no lock: signal handlers cancel it, and a signal may come at any
        # moment.
        self.is_cancelled = False
        self.reason: UpstreamRefusedError | None = None
        # One for each waiter.
        self._events: set[Event] = set()
        self._children: list[CancelToken] = []
        if parent is not None:
            parent._children.append(self)  # noqa: SLF001  # one of its own kind
            if parent.is_cancelled:
                self.cancel()

    def cancel(self, reason: UpstreamRefusedError | None = None) -> None:
        """Wake every waiter with `CancelledError`, and refuse new requests.

        Args:
            reason: The error that ends the requests, if one does; the first counts.
        """
        self.reason = self.reason or reason
        self.is_cancelled = True
        for event in list(self._events):
            event.set()
        for child in self._children:
            child.cancel()

    def check(self) -> None:
        """Return unless it was cancelled.

        Raises:
            CancelledError: It was.
        """
        if self.is_cancelled:
            raise CancelledError

    def wait(self, seconds: float) -> None:
        """Wait for a time.

        Raises:
            CancelledError: It was cancelled; the wait is cut short.
        """
        self.wait_for(Event(), max(0.0, seconds))

    def wait_for(self, event: Event, seconds: float | None = None) -> None:
        """Wait until an event is set.

        Args:
            event: It is set here, too, on cancellation.
            seconds: How long to wait at most; none: as long as it takes.

        Raises:
            CancelledError: It was cancelled.
        """
        self._events.add(event)
        try:
            # Checked after the event is added, so that no cancellation is missed.
            self.check()
            event.wait(seconds)
        finally:
            self._events.discard(event)
        self.check()
