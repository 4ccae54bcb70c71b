"""A batch of records that are already encoded as JSON text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from msgspec import Struct

from tap_purchase_orders.exact_json import ENCODER

# The fields of each selected stream that no record of it is to have: dotted names.
Deselected: TypeAlias = Mapping[str, Sequence[str]]


class Encoded(Struct, frozen=True):
    """Records of one stream, each a line of JSON.

    Attributes:
        lines: The lines, each with its end; none has another within it.
        count: How many there are.
        everything: The same with the deselected fields, and without rows inside; or
            what returns it, where few ask for it.
    """

    lines: bytes
    count: int
    everything: bytes | Callable[[], bytes]

    @property
    def whole(self) -> bytes:
        """All that was read: by it is told whether there is news."""
        everything = self.everything
        return everything if isinstance(everything, bytes) else everything()


def encoded(records: Sequence[Any], deselected: Sequence[str] = ()) -> Encoded:
    """Return records as they are written.

    Args:
        records: The records, with a member for each field; they belong to this function
            from now on.
        deselected: Fields that they are not to have.
    """
    lines = whole = ENCODER.encode_lines(records)
    if deselected:
        for record in records:
            for name in deselected:
                record.pop(name, None)
        lines = ENCODER.encode_lines(records)
    return Encoded(lines, len(records), whole)
