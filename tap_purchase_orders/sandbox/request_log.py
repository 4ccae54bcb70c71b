"""The request log: counts, peaks, and one entry per request."""

from __future__ import annotations

import time
from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tap_purchase_orders.sandbox.messages import Asked, Call, Reply

# About 100 MB at the very most; counts and peaks go on beyond it.
_KEPT_ENTRIES = 200_000
_WINDOWS = {"minute": 60.0, "second": 1.0}
_LOGGED_REQUEST_HEADERS = ("MS-RequestId", "MS-CorrelationId", "MS-ContinuationToken")
_LOGGED_REPLY_HEADERS = ("Retry-After", "x-correlation-id")


@dataclass(frozen=True, slots=True)
class _Entry:
    """One request that was answered."""

    asked: Asked
    method: str
    target: str
    status: int | None
    at: float
    headers: dict[str, str]

    def as_json(self) -> dict[str, Any]:
        return {
            "api": self.asked.api,
            "resource": self.asked.resource,
            "key": self.asked.key,
            "method": self.method,
            "target": self.target,
            "status": self.status,
            "at_seconds": round(self.at, 3),
            "headers": self.headers,
        }


class _Peak:
    """The most requests that were seen in any sliding window."""

    def __init__(self, window_seconds: float) -> None:
        self._window_seconds = window_seconds
        self._recent: deque[float] = deque()
        self.highest = 0

    def count(self, now: float) -> None:
        recent = self._recent
        recent.append(now)
        while recent[0] <= now - self._window_seconds:
            recent.popleft()
        self.highest = max(self.highest, len(recent))


class RequestLog:
    """Counts requests by resource and status; control calls are not among them."""

    def __init__(self) -> None:
        self._in_flight: Counter[str] = Counter()
        self.reset()

    def reset(self) -> None:
        """Forget everything but what is being answered now."""
        self._started = time.monotonic()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._peaks: dict[tuple[str, str], _Peak] = {}
        self._most_in_flight = self._in_flight.copy()
        self._entries: deque[_Entry] = deque(maxlen=_KEPT_ENTRIES)

    def begin(self, asked: Asked) -> None:
        """Count a request that has arrived."""
        self._in_flight[asked.api] += 1
        self._most_in_flight |= self._in_flight
        now = time.monotonic()
        for window, seconds in _WINDOWS.items():
            key = (window, asked.resource)
            if key not in self._peaks:
                self._peaks[key] = _Peak(seconds)
            self._peaks[key].count(now)

    def end(self, asked: Asked, call: Call, reply: Reply | None) -> None:
        """Count the answer of a request; None: the client went away."""
        self._in_flight[asked.api] -= 1
        status = None if reply is None or reply.dropped else reply.status
        self._counts[asked.resource, "none" if status is None else str(status)] += 1
        headers = {
            name: call.headers[name]
            for name in _LOGGED_REQUEST_HEADERS
            if name in call.headers
        }
        if reply is not None:
            headers |= {
                name: reply.headers[name]
                for name in _LOGGED_REPLY_HEADERS
                if name in reply.headers
            }
        at = time.monotonic() - self._started
        self._entries.append(
            _Entry(asked, call.method, call.target, status, at, headers)
        )

    def summary(self, *, with_entries: bool) -> dict[str, Any]:
        """Return counts by resource and status, and peaks, since the last reset."""
        by_resource: dict[str, dict[str, int]] = {}
        for (resource, status), count in sorted(self._counts.items()):
            by_resource.setdefault(resource, {})[status] = count
        summary: dict[str, Any] = {
            "total": self._counts.total(),
            "by_resource": by_resource,
            "in_flight": self._in_flight.total(),
            "most_in_flight": dict(self._most_in_flight),
        }
        for window in _WINDOWS:
            summary[f"most_per_{window}"] = {
                resource: peak.highest
                for (of, resource), peak in sorted(self._peaks.items())
                if of == window
            }
        if with_entries:
            summary["log"] = [entry.as_json() for entry in self._entries]
        return summary
