"""Parses the parts of a given Singer state; an error names the place."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from tap_purchase_orders.errors import SettingsError
from tap_purchase_orders.incremental.customer_bookmark import (
    CustomerBookmark,
    TrackedOrder,
)
from tap_purchase_orders.incremental.order_id_digest import ListedIds, listed_ids_of
from tap_purchase_orders.incremental.record_digests import carried_over
from tap_purchase_orders.incremental.resume import ChangesRead, DigestMark, ResumePoint
from tap_purchase_orders.incremental.run_scope import Scope, streams_of
from tap_purchase_orders.instants import Instant, instant_or_none

NUMBERS = "bookmarks.purchase_orders"


def parsed_resume_point(numbers: Mapping[str, Any]) -> ResumePoint | None:
    """Return where an interrupted run had come to, if one was interrupted."""
    path = f"{NUMBERS}.resume"
    if (resume := numbers.get("resume")) is None:
        return None
    if isinstance(resume, Mapping):
        # As earlier versions wrote it.
        resume = [resume.get(name) for name in ("position", "digest", "began_at")]
    match resume:
        case [int(count), str(text), began_at, *order] if (
            not isinstance(count, bool) and 0 <= count <= sys.maxsize
        ):
            moment = parsed_instant(began_at, path)
            return ResumePoint(count, text, moment, _digest_mark(order, path))
        case _:
            raise mistake(path, "must have a position and a digest")


def _digest_mark(order: list[Any], path: str) -> DigestMark | None:
    match order:
        case []:
            return None
        case [int(number), str(after)] if not isinstance(number, bool) and number >= 0:
            return DigestMark(number, after)
        case _:
            raise mistake(path, "must end with the number of an order and a digest")


def parsed_changes_read(numbers: Mapping[str, Any]) -> ChangesRead | None:
    """Return up to when the changes of a number source were read."""
    path = f"{NUMBERS}.changes_read"
    if (changes := numbers.get("changes_read")) is None:
        return None
    values = section(changes, path)
    identity, until = values.get("source"), values.get("until")
    if not isinstance(identity, str):
        raise mistake(path, "must have a source and an until")
    since = parsed_instant(values.get("since"), f"{path}.since")
    return ChangesRead(identity, parsed_instant(until, f"{path}.until"), since)


def parsed_customers(partitions: Any) -> Iterator[tuple[str, CustomerBookmark]]:
    """Yield each customer's id and what is known of its orders."""
    if not isinstance(partitions, list):
        path = "bookmarks.orders.partitions"
        raise mistake(path, "must be an array")
    for position, partition in enumerate(partitions):
        path = f"bookmarks.orders.partitions[{position}]"
        part = section(partition, path)
        context = section(part.get("context", {}), f"{path}.context")
        customer_id = context.get("customer_id")
        if not isinstance(customer_id, str):
            member = f"{path}.context.customer_id"
            raise mistake(member, "must be text")
        yield customer_id, _customer_bookmark(part, path)


def _customer_bookmark(part: Mapping[str, Any], path: str) -> CustomerBookmark:
    tracked = section(part.get("followed_orders", {}), f"{path}.followed_orders")
    return CustomerBookmark(
        parsed_instant(
            part.get("replication_key_value"), f"{path}.replication_key_value"
        ),
        {
            order_id: _followed_order(value, f"{path}.followed_orders.{order_id}")
            for order_id, value in tracked.items()
        },
        parsed_instant(part.get("last_read"), f"{path}.last_read"),
        _ids(part.get("ids"), f"{path}.ids"),
        _whole(part.get("highest_sequence", 0), f"{path}.highest_sequence"),
        frozenset(parsed_names(part.get("owed", []), f"{path}.owed")),
    )


def _followed_order(value: Any, path: str) -> TrackedOrder:
    match value:
        case [str() | None as status, int(sequence), str(digest)] if (
            not isinstance(sequence, bool) and abs(sequence) <= sys.maxsize
        ):
            return TrackedOrder(status, sequence, carried_over(digest))
        case _:
            raise mistake(path, "must be an array of status, sequence and digest")


def parsed_instant(value: Any, path: str) -> Instant | None:
    """Return a moment, none for null."""
    if value is None:
        return None
    instant = instant_or_none(value)
    if instant is None:
        raise mistake(path, "must be a date-time")
    return instant


def _ids(value: Any, path: str) -> ListedIds | None:
    if value is None:
        return None
    try:
        return listed_ids_of(value)
    except (TypeError, ValueError) as error:
        raise mistake(path, "must be a digest of ids") from error


def _whole(value: Any, path: str) -> int:
    if type(value) is not int or not 0 <= value <= sys.maxsize:
        raise mistake(path, "must be a whole number, not below 0")
    return value


def parsed_names(value: Any, path: str) -> list[str]:
    """Return an array of texts."""
    if not isinstance(value, list) or not all(isinstance(it, str) for it in value):
        raise mistake(path, "must be an array of names")
    return value


def parsed_scope(value: Any) -> Scope | None:
    """Return what the last run requested; none in a state of an earlier version."""
    path = "bookmarks.orders.scope"
    if value is None:
        return None
    values = section(value, path)
    streams = parsed_names(values.get("streams", []), f"{path}.streams")
    try:
        return msgspec.convert({**values, "streams": streams_of(streams)}, Scope)
    except msgspec.ValidationError as error:
        raise mistake(path, f"cannot be read: {error}") from error


def section(value: Any, path: str) -> Mapping[str, Any]:
    """Return an object."""
    if not isinstance(value, Mapping):
        raise mistake(path, "must be an object")
    return value


def mistake(path: str, what: str) -> SettingsError:
    """Return the error that a place of the state is not as it must be."""
    return SettingsError(f"the state cannot be used: `{path}` {what}")
