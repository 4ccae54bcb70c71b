"""The transfers to one server, by libcurl's multi interface."""

from __future__ import annotations

import math
import select
import time
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import pycurl
from greenlet import getcurrent

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenlet import greenlet

# More connections than there may be requests in flight, so that none is closed that is
# of use again.
_MOST_KEPT: Final = 512
# After reading responses for so long, requests that wait to be sent are sent first.
_SEND_SECONDS: Final = 0.002
# What `poll` has found, as the library has it.
_FOUND: Final = (
    (select.POLLIN, pycurl.CSELECT_IN),
    (select.POLLOUT, pycurl.CSELECT_OUT),
    (select.POLLERR | select.POLLHUP | select.POLLNVAL, pycurl.CSELECT_ERR),
)
NEVER: Final = math.inf


class Transfers:
    """The transfers to one server over kept-alive connections; for tasks.

    Attributes:
        looks_at: By when the library wants to look again, though nothing has come.
    """

    def __init__(self) -> None:
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, _MOST_KEPT)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)
        self._under_way: dict[pycurl.Curl, greenlet] = {}
        # Sockets that can be read or written, and which of these.
        self._news: list[tuple[int, int]] = []
        self.looks_at = NEVER
        self._sent_at = 0.0
        self._has_acted = False
        self._is_closing = False
        self._is_closed = False

    @property
    def are_under_way(self) -> bool:
        """Whether there are any."""
        return bool(self._under_way)

    def watch_by(self, watch: Callable[..., None]) -> None:
        """Have sockets watched for the library.

        Args:
            watch: Takes what to wait for, as the library has it, and the socket.
        """
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, watch)

    def add(self, handle: pycurl.Curl) -> None:
        """Begin one; the task that runs goes on when it has ended.

        Args:
            handle: What is ready to be performed.
        """
        self._under_way[handle] = getcurrent()
        self._multi.add_handle(handle)

    def socket_is_ready(self, socket: int, found: int) -> None:
        """Note that a socket can be read or written."""
        self._news.append((socket, found))

    def go_on(self) -> bool:
        """Send and receive what is possible; return whether a transfer has ended."""
        if self._news:
            news, self._news = self._news, []
            self._has_acted = True
            for socket, found in news:
                self._multi.socket_action(socket, _as_library_has_it(found))
        self._send()
        has_ended = False
        # Tasks that were resumed may have begun transfers that have ended already.
        while self._has_acted:
            self._has_acted = False
            has_ended |= self._end_those_done()
        if self._is_closing:
            self.close()
        return has_ended

    def _send(self) -> None:
        """Call the library if its timer has run out."""
        self._sent_at = time.monotonic()
        if self.looks_at <= self._sent_at:
            # Before the call, which may set the timer again.
            self.looks_at = NEVER
            self._has_acted = True
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)

    def _end_those_done(self) -> bool:
        has_ended = False
        left = 1
        while left:
            left, good, bad = self._multi.info_read()
            for handle in good:
                self._end(handle, 0)
            for handle, code, _ in bad:
                self._end(handle, code)
            has_ended = has_ended or bool(good or bad)
        return has_ended

    def _end(self, handle: pycurl.Curl, code: int) -> None:
        self._multi.remove_handle(handle)
        self._under_way.pop(handle).switch(code)
        if time.monotonic() - self._sent_at > _SEND_SECONDS:
            self._send()

    def _set_timer(self, milliseconds: int) -> int:
        """Set when the library is to be called again; called by the library."""
        is_set = milliseconds >= 0
        self.looks_at = time.monotonic() + milliseconds / 1000 if is_set else NEVER
        return 0

    def close(self) -> None:
        """Close the connections, once nothing is under way."""
        self._is_closing = True
        if not (self._under_way or self._is_closed):
            self._is_closed = True
            self._multi.close()

    def abandon(self) -> None:
        """Close the connections at once, whatever is under way."""
        for handle in list(self._under_way):
            self._multi.remove_handle(handle)
        self._under_way.clear()
        self.close()


@lru_cache
def _as_library_has_it(found: int) -> int:
    """Return what `poll` has found of a socket as the library has it."""
    return sum(meaning for bits, meaning in _FOUND if found & bits)
