"""The word that asking is to end; everything that waits can be woken by it."""

from __future__ import annotations

from tap_purchase_orders.asking.loop import Bell
from tap_purchase_orders.errors import StoppedError


class Stop:
    """Says once, to all threads, that no new request is to be made.

    Args:
        parent: Where that is requested, it is requested here too.
    """

    def __init__(self, parent: Stop | None = None) -> None:
        # No more than that: it is requested by handlers of signals, which may come
        # while anything else is under way.
        self._is_requested = False
        # Of those who wait, and would not hear of it else.
        self._bells: set[Bell] = set()
        self._children: list[Stop] = []
        if parent is not None:
            parent._children.append(self)  # noqa: SLF001  # one of its own kind
            if parent.is_requested:
                self.request()

    def request(self) -> None:
        """Ask everything that waits, and whatever would ask, to end."""
        self._is_requested = True
        for bell in list(self._bells):
            bell.ring()
        for child in self._children:
            child.request()

    @property
    def is_requested(self) -> bool:
        """Whether asking is to end."""
        return self._is_requested

    def check(self) -> None:
        """Return if asking goes on.

        Raises:
            StoppedError: It is to end.
        """
        if self._is_requested:
            raise StoppedError

    def wait(self, seconds: float) -> None:
        """Wait for a time.

        Raises:
            StoppedError: Asking is to end; the wait is cut short.
        """
        self.wait_for(Bell(), max(0.0, seconds))

    def wait_for(self, bell: Bell, seconds: float | None = None) -> None:
        """Wait until a bell is rung.

        Args:
            bell: It is rung here, too, when asking is to end.
            seconds: How long to wait at most; none: as long as it takes.

        Raises:
            StoppedError: Asking is to end.
        """
        self._bells.add(bell)
        try:
            # Only now: whoever requests it from here on rings this one.
            self.check()
            bell.wait(seconds)
        finally:
            self._bells.discard(bell)
        self.check()
