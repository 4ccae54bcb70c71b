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
    """Limits how many large bodies are in memory at once.

    Args:
        most: How many.
    """

    def __init__(self, most: int) -> None:
        self._lock = threading.Lock()
        self._free = most
        self._waiting: deque[BodyBuffer] = deque()

    def take(self, body: BodyBuffer) -> bool:
        """Return whether there is a place; if not, the body is called back later."""
        with self._lock:
            if self._free and not self._waiting:
                self._free -= 1
                body.has_place = True
                return True
            if body not in self._waiting:
                self._waiting.append(body)
            return False

    def leave(self, body: BodyBuffer) -> None:
        """Free the place of a body, or remove it from the queue for one."""
        with self._lock:
            if not body.has_place:
                if body in self._waiting:
                    self._waiting.remove(body)
                return
            body.has_place = False
            if not self._waiting:
                self._free += 1
                return
            following = self._waiting.popleft()
            following.has_place = True
        following.go_on()


class BodyBuffer:
    """The body of a response, which holds one of the places for large bodies if large.

    Attributes:
        has_place: Whether it holds a place.
        go_on: Is called, on any thread, when it gets the place that it waits for.

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
        """Return whether a piece was taken; if not, it has to be given again.

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
        """Return what was received; only once."""
        if not self._is_large:
            return b"".join(self._pieces)
        # To join the pieces would hold them twice for a moment.
        buffer = io.BytesIO()
        for piece in self._drained():
            buffer.write(piece)
        return buffer.getvalue()

    def _drained(self) -> Iterator[bytes]:
        pieces, self._pieces = self._pieces, deque()
        while pieces:
            yield pieces.popleft()

    def unpack(self, coding: str) -> None:
        """Decompress the whole body; for tasks only.

        Args:
            coding: The value of `Content-Encoding`.

        Raises:
            TimeoutError: There was no place in time.
            UnacceptableResponseError: It becomes larger than it may be.
            ValueError: It is cut off.
            zlib.error: It is not compressed data.
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
        """Drop the body and free its place."""
        self._pieces.clear()
        if self._is_large:
            self._places.leave(self)
