"""A batch of records that are already encoded as JSON text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import Struct

from tap_purchase_orders.exact_json import ENCODER

if TYPE_CHECKING:
    from tap_purchase_orders.records.field_reader import Record

# The fields of each selected stream that no record of it is to have: dotted names.
Deselected: TypeAlias = Mapping[str, Sequence[str]]

# More are not copied.
_MOST_JOINED_BYTES = 1024 * 1024


class Encoded(Struct, frozen=True, gc=False):
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


_lines = attrgetter("lines")
_count = attrgetter("count")


def joined(records: Sequence[Record]) -> Sequence[Record]:
    """Return encoded records as one, unless they are many bytes; others as they are.

    Args:
        records: Some records; all are encoded, or none.
    """
    if not isinstance(records[0], Encoded):
        return records
    lines = [*map(_lines, records)]
    if sum(map(len, lines)) > _MOST_JOINED_BYTES:
        return records
    return [Encoded(b"".join(lines), sum(map(_count, records)), b"")]


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
