"""What a run wrote: how many records of each stream, and of which keys."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from benchmarks.simulator.control import Counts

_KEYS = {
    "orders": ("referenceCustomerId", "id"),
    "order_line_items": ("referenceCustomerId", "orderId", "lineItemNumber"),
    "purchase_orders": ("purchase_order_number",),
    "purchase_order_lines": ("purchase_order_number", "line_key"),
}
# The tables in which dlt puts them; it has keys of its own for child tables.
_TABLES = {
    "orders": "orders",
    "orders__line_items": "order_line_items",
    "purchase_orders": "purchase_orders",
    "purchase_orders__purchase_order_lines": "purchase_order_lines",
}
_DIGEST_BYTES = 16


class WorkDiffersError(Exception):
    """A contestant did not do what it was to do."""


@dataclass(slots=True)
class Written:
    """What was written of one stream.

    Attributes:
        records: How many records there are.
        keys: A digest of all keys, whatever their order; 0 where they cannot be told.
        arrays: How many records have an array of lines in them.
    """

    records: int = 0
    keys: int = 0
    arrays: int = 0


def work_of(output: Path) -> dict[str, Written]:
    """Return what a run wrote, by stream.

    Args:
        output: Its Singer messages, or one line with its rows by table.
    """
    work: dict[str, Written] = defaultdict(Written)
    with output.open("rb") as lines:
        for line in lines:
            message = json.loads(line)
            if "type" not in message:
                return {
                    stream: Written(message[table])
                    for table, stream in _TABLES.items()
                    if table in message
                }
            if message["type"] == "RECORD":
                _count(work[message["stream"]], message["stream"], message["record"])
    return dict(work)


def check_work(
    who: str,
    work: Mapping[str, Written],
    expected: Mapping[str, int],
    other: Mapping[str, Written] | None,
) -> None:
    """Return if a contestant did its work.

    Args:
        who: The contestant.
        work: What it wrote.
        expected: How many records of each stream it is to write.
        other: What another contestant wrote, if any did so far.

    Raises:
        WorkDiffersError: The records are not as many, or not the same.
    """
    counts = {stream: written.records for stream, written in work.items()}
    if counts != expected:
        msg = f"{who} wrote {counts} records, not {dict(expected)}"
        raise WorkDiffersError(msg)
    for stream, written in work.items():
        if other and written.keys and written != other[stream]:
            msg = f"{who} wrote other keys of {stream}, or lines in other places"
            raise WorkDiffersError(msg)


def check_requests(title: str, counts: Counts, expected: int) -> None:
    """Compare the requests of a run with those that it takes.

    Args:
        title: Whose run it was.
        counts: What the upstream counted.
        expected: How many it takes.

    Raises:
        WorkDiffersError: There were others.
    """
    if counts.requests != expected or counts.unknown:
        msg = (
            f"{title} made {counts.requests} requests, not {expected}; "
            f"without an answer: {counts.unknown or 'none'}"
        )
        raise WorkDiffersError(msg)


def _count(written: Written, stream: str, record: Mapping[str, Any]) -> None:
    key = json.dumps([record[name] for name in _KEYS[stream]]).encode()
    digest = blake2b(key, digest_size=_DIGEST_BYTES).digest()
    written.records += 1
    written.keys += int.from_bytes(digest, "big")
    written.arrays += bool(
        record.get("lineItems") or record.get("purchase_order_lines")
    )
