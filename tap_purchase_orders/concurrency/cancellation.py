"""A cancellation token that wakes every waiter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_purchase_orders.concurrency.event_loop import Event
from tap_purchase_orders.errors import CancelledError

if TYPE_CHECKING:
    from tap_purchase_orders.errors import UpstreamRefusedError


class CancelToken:
    """Says once, to all threads, that no new request is to be made.

    Args:
        parent: Where that is requested, it is requested here too.

    Attributes:
        reason: The error that it was requested for, if it was one.
    """

    def __init__(self, parent: CancelToken | None = None) -> None:
        # No more than that: it is requested by handlers of signals, which may come
        # while anything else is under way.
        self._is_requested = False
        self.reason: UpstreamRefusedError | None = None
        # Of those who wait, and would not hear of it else.
        self._events: set[Event] = set()
        self._children: list[CancelToken] = []
        if parent is not None:
            parent._children.append(self)  # noqa: SLF001  # one of its own kind
            if parent.is_requested:
                self.request()

    def request(self, reason: UpstreamRefusedError | None = None) -> None:
        """Ask everything that waits, and whatever would ask, to end.

        Args:
            reason: The error that ends it, if one does; the first counts.
        """
        self.reason = self.reason or reason
        self._is_requested = True
        for event in list(self._events):
            event.set()
        for child in self._children:
            child.request()

    @property
    def is_requested(self) -> bool:
        """Whether asking is to end."""
        return self._is_requested

    def check(self) -> None:
        """Return if asking goes on.

        Raises:
            CancelledError: It is to end.
        """
        if self._is_requested:
            raise CancelledError

    def wait(self, seconds: float) -> None:
        """Wait for a time.

        Raises:
            CancelledError: Asking is to end; the wait is cut short.
        """
        self.wait_for(Event(), max(0.0, seconds))

    def wait_for(self, event: Event, seconds: float | None = None) -> None:
        """Wait until a bell is rung.

        Args:
            event: It is rung here, too, when asking is to end.
            seconds: How long to wait at most; none: as long as it takes.

        Raises:
            CancelledError: Asking is to end.
        """
        self._events.add(event)
        try:
            # Only now: whoever requests it from here on rings this one.
            self.check()
            event.wait(seconds)
        finally:
            self._events.discard(event)
        self.check()
