"""Buffers response bodies and limits how many large ones are held at once."""

from __future__ import annotations

import io
import threading
from collections import deque
from typing import TYPE_CHECKING

from tap_purchase_orders.concurrency.event_loop import Event
from tap_purchase_orders.http import response_limits
from tap_purchase_orders.http.response_limits import Unpacking, too_large

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class LargeBodies:
    """Lets so many large bodies be held at once, and no more.

    Args:
        most: How many.
    """

    def __init__(self, most: int) -> None:
        self._lock = threading.Lock()
        self._free = most
        self._line: deque[BodyBuffer] = deque()

    def take(self, body: BodyBuffer) -> bool:
        """Return whether there is a place; else the body is told when there is."""
        with self._lock:
            if self._free and not self._line:
                self._free -= 1
                body.has_place = True
                return True
            if body not in self._line:
                self._line.append(body)
            return False

    def leave(self, body: BodyBuffer) -> None:
        """Take in that a body needs its place no more, or none after all."""
        with self._lock:
            if not body.has_place:
                if body in self._line:
                    self._line.remove(body)
                return
            body.has_place = False
            if not self._line:
                self._free += 1
                return
            following = self._line.popleft()
            following.has_place = True
        following.go_on()


class BodyBuffer:
    """The body of an answer; while it is open, it takes the place of a large one.

    Attributes:
        has_place: Whether it has one.
        go_on: Is called, on any thread, when there is the place that was lacking.

    Args:
        places: The places for large bodies.
        go_on: As above.
    """

    __slots__ = ("_is_large", "_pieces", "_places", "_size", "go_on", "has_place")

    def __init__(self, places: LargeBodies, go_on: Callable[[], None]) -> None:
        self._places = places
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self._is_large = False
        self.has_place = False
        self.go_on = go_on

    def take(self, piece: bytes) -> bool:
        """Return whether there was room for a piece; else it is to come once more.

        Raises:
            UnacceptableResponseError: The body becomes larger than it may be.
        """
        size = self._size + len(piece)
        if size > response_limits.LARGE_BODY_BYTES and not self._has_room(size):
            return False
        self._size = size
        self._pieces.append(piece)
        return True

    def _has_room(self, size: int) -> bool:
        if size > response_limits.LARGEST_BODY_BYTES:
            raise too_large(response_limits.LARGEST_BODY_BYTES)
        self._is_large = True
        return self.has_place or self._places.take(self)

    def value(self) -> bytes:
        """Return what has come; only once."""
        if not self._is_large:
            return b"".join(self._pieces)
        # Joined, it would be held twice for a moment.
        buffer = io.BytesIO()
        for piece in self._drained():
            buffer.write(piece)
        return buffer.getvalue()

    def _drained(self) -> Iterator[bytes]:
        pieces, self._pieces = self._pieces, deque()
        while pieces:
            yield pieces.popleft()

    def unpack(self, coding: str) -> None:
        """Replace what has come, all of it, by what was packed in it; for tasks only.

        Args:
            coding: What the field `Content-Encoding` says.

        Raises:
            TimeoutError: There was no place in time.
            UnacceptableResponseError: It becomes larger than it may be.
            ValueError: It is cut off.
            zlib.error: It is not packed as it should be.
        """
        packed, self._size = self._drained(), 0
        unpacking = Unpacking(coding, self._take_in_time)
        for piece in packed:
            unpacking.take(piece)
        unpacking.end()

    def _take_in_time(self, piece: bytes) -> None:
        while not self.take(piece):
            event = Event()
            self.go_on = event.set
            if not (self.has_place or event.wait(response_limits.ANSWER_SECONDS)):
                raise TimeoutError

    def close(self) -> None:
        """Give its place back; it is no longer needed."""
        self._pieces.clear()
        if self._is_large:
            self._places.leave(self)
