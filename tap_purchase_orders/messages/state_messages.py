"""Writes STATE messages, at a cost in proportion to the work."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tap_purchase_orders.incremental.state import State
    from tap_purchase_orders.messages.message_writer import MessageWriter

# The work that a response counts for by itself: it took a request.
_RESPONSE_BYTES = 4 * 1024
# While the state is small, a message after every 32 responses is cheap.
_LEAST_WORK_BYTES = 32 * _RESPONSE_BYTES
# How much work there is for each byte of state.
_WORK_PER_BYTE = 4
_NOTHING = (b'{"bookmarks":{}}',)


class StateMessages:
    """Writes STATE messages by the work done since the last one.

    A line is due when that work weighs four times what the last line did. All lines
    together then weigh a quarter of the work: bytes and time grow linearly, however
    many customers the state holds. Time of day plays no part, so that the same
    responses give the same messages.

    Args:
        state: What is written.
        writer: Where to.
    """

    def __init__(self, state: State, writer: MessageWriter) -> None:
        self._state = state
        # The last message counts, also if a finished run has nothing left to store of
        # an interrupted one: then an empty state has to be written.
        self._has_to_forget = not state.is_empty
        self._writer = writer
        self._due_bytes = _LEAST_WORK_BYTES
        self._work_bytes = 0
        self._seen_bytes = writer.written_bytes

    def after_batch(self) -> None:
        """Write a STATE message if one is due; called when a batch is written."""
        self._work_bytes += _RESPONSE_BYTES
        work = self._work_bytes + self._writer.written_bytes - self._seen_bytes
        if work >= self._due_bytes:
            self.write()

    def write(self, *, is_incomplete: bool = False) -> None:
        """Write a line, unless there is nothing to remember; hand everything over.

        Args:
            is_incomplete: A line is to be written in any case.
        """
        before = self._writer.written_bytes
        is_empty = self._state.is_empty
        if self._has_to_forget or is_incomplete or not is_empty:
            # Never just `{}`: who keeps states may take that for none at all.
            value = _NOTHING if is_empty else self._state.encoded_value()
            self._writer.write_line(
                chain((b'{"type":"STATE","value":',), value, (b"}\n",))
            )
        self._has_to_forget = not is_empty
        self._writer.flush()
        self._seen_bytes = self._writer.written_bytes
        self._work_bytes = 0
        line_bytes = self._seen_bytes - before
        self._due_bytes = max(_WORK_PER_BYTE * line_bytes, _LEAST_WORK_BYTES)
