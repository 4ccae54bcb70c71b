"""An estimate of how far an upstream's clock is behind ours."""

from __future__ import annotations

import datetime as dt
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tap_purchase_orders.http.api_response import ApiResponse

_NONE = dt.timedelta()


class UpstreamClock:
    """The most that an upstream's clock was seen to be behind ours.

    "Since" in a request goes by the earlier of the two clocks: if ours were ahead, some
    changes that the upstream dates by its own would be missed. Safe on any thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._behind = _NONE

    def note(self, response: ApiResponse) -> None:
        """Compare the times of a response: by the upstream's clock, and by ours."""
        with self._lock:
            self._behind = max(self._behind, response.received_at - response.as_of)

    def earlier(self, moment: dt.datetime) -> dt.datetime:
        """Return a moment of our clock by whichever clock is earlier."""
        return moment - self._behind
