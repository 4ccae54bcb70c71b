"""The Singer state: what earlier runs left, and what this one leaves.

Bookmarks have the SDK's partitioned form, one partition for each customer, so that
other tools can read them; the orders that are followed stand beside the bookmark.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Raw, Struct, field
from msgspec.structs import replace

from tap_purchase_orders.errors import SettingsError
from tap_purchase_orders.incremental.customer_bookmark import (
    CustomerBookmark,
    TrackedOrder,
)
from tap_purchase_orders.incremental.resume import (
    ChangesRead,
    DigestMark,
    ResumePoint,
)
from tap_purchase_orders.instants import Instant, instant_or_none

REPLICATION_KEY = "creationDate"
_NUMBERS = "bookmarks.purchase_orders"


class _Context(Struct):
    customer_id: str


class _Partition(Struct, omit_defaults=True):
    """What is known of one customer, with the members and in the order of the state."""

    context: _Context
    replication_key: str | None = None
    replication_key_value: str | None = None
    last_read: str | None = None
    followed_orders: dict[str, TrackedOrder] = field(default_factory=dict)


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(_Partition)


def state_value(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the state that a person or a program has given.

    Args:
        given: A state, or a whole STATE message.

    Raises:
        SettingsError: It is neither.
    """
    if given.get("type") == "STATE" and isinstance(given.get("value"), Mapping):
        given = given["value"]
    if given and "bookmarks" not in given:
        shown = ", ".join(sorted(repr(str(name))[:40] for name in given)[:5])
        msg = (
            f"the state cannot be used: it has no `bookmarks`, but {shown}; give the "
            f"value of a STATE message, or the whole message"
        )
        raise SettingsError(msg)
    return given


class State:
    """The state of a run. Only the thread that writes messages may touch it.

    Args:
        value: The value of a STATE message, or nothing.

    Raises:
        SettingsError: The state cannot be read; the message names the place.
    """

    def __init__(self, value: Mapping[str, Any]) -> None:
        bookmarks = _section(value.get("bookmarks", {}), "bookmarks")
        self._others = {
            stream: part for stream, part in bookmarks.items() if stream != "orders"
        }
        numbers = _section(bookmarks.get("purchase_orders", {}), _NUMBERS)
        self._resume_point = _resume_point(numbers)
        self._says_resume = "resume" in numbers
        self._changes_read = _changes_read(numbers)
        orders = _section(bookmarks.get("orders", {}), "bookmarks.orders")
        self._activity_read_until = _instant(
            orders.get("activity_read_until"), "bookmarks.orders.activity_read_until"
        )
        # Kept as the texts that are written, and read when their turn comes: there may
        # be a hundred thousand.
        try:
            self._partitions = {
                customer_id: _text(customer_id, customer_bookmark)
                for customer_id, customer_bookmark in _customers(
                    orders.get("partitions", [])
                )
            }
            _encoder.encode(self._others)
        except UnicodeEncodeError as error:
            path = "bookmarks"
            raise _mistake(path, "must not hold half a surrogate pair") from error

    def customer(self, customer_id: str) -> CustomerBookmark:
        """Return what is known of a customer's orders; nothing for a new one."""
        text = self._partitions.get(customer_id)
        if text is None:
            return CustomerBookmark()
        partition = _decoder.decode(text)
        return CustomerBookmark(
            instant_or_none(partition.replication_key_value),
            partition.followed_orders,
            instant_or_none(partition.last_read),
        )

    def remember_customer(
        self, customer_id: str, customer_bookmark: CustomerBookmark
    ) -> None:
        """Take in what is known of a customer's orders once they are written."""
        if customer_bookmark == CustomerBookmark():
            self._partitions.pop(customer_id, None)
            return
        self._partitions[customer_id] = _text(customer_id, customer_bookmark)

    def forget_last_read(self, customer_id: str) -> None:
        """Take in that a customer could not be read: the next run reads it again."""
        if customer_id in self._partitions:
            customer_bookmark = replace(self.customer(customer_id), last_read=None)
            self.remember_customer(customer_id, customer_bookmark)

    @property
    def activity_read_until(self) -> Instant | None:
        """Up to when the activity log was followed."""
        return self._activity_read_until

    def remember_activity(self, moment: Instant) -> None:
        """Take in that everything that the log named before a moment was read."""
        self._activity_read_until = moment

    @property
    def resume_point(self) -> ResumePoint | None:
        """Where the last run was interrupted in its list of numbers, if it was."""
        return self._resume_point

    def remember_resume_point(self, point: ResumePoint | None) -> None:
        """Take in how far the purchase orders are written, none at the end."""
        self._resume_point = point
        self._says_resume = True

    @property
    def changes_read(self) -> ChangesRead | None:
        """Up to when the changes of a number source were read, if it gives these."""
        return self._changes_read

    def remember_changes(self, changes: ChangesRead) -> None:
        """Take in that all changes up to a moment are written: a new list begins."""
        self._changes_read = changes
        self.remember_resume_point(None)

    def value(self) -> dict[str, Any]:
        """Return the value of a STATE message."""
        return self._value(list(map(msgspec.json.decode, self._partitions.values())))

    def encodable_value(self) -> dict[str, Any]:
        """Return the same with the customers' texts, which msgspec writes as they are.

        Complete, and at once.
        """
        return self._value(list(self._partitions.values()))

    def _value(self, partitions: list[Any]) -> dict[str, Any]:
        bookmarks = dict(self._others)
        numbers = _numbers(self._resume_point, self._changes_read)
        if self._says_resume and self._resume_point is None:
            # Said, and not left out: those who merge states would keep the old one.
            numbers["resume"] = None
        if numbers or "purchase_orders" in bookmarks:
            bookmarks["purchase_orders"] = numbers
        orders: dict[str, Any] = {}
        if self._activity_read_until is not None:
            orders["activity_read_until"] = self._activity_read_until.text
        if partitions:
            orders["partitions"] = partitions
        if orders:
            bookmarks["orders"] = orders
        return {"bookmarks": bookmarks} if bookmarks else {}


def _resume_point(numbers: Mapping[str, Any]) -> ResumePoint | None:
    path = f"{_NUMBERS}.resume"
    if (resume := numbers.get("resume")) is None:
        return None
    values = _section(resume, path)
    match values.get("position"), values.get("digest"):
        case int(count), str(text) if (
            not isinstance(count, bool) and 0 <= count <= sys.maxsize
        ):
            began_at = _instant(values.get("began_at"), f"{path}.began_at")
            order = _digest_mark(values.get("order"), f"{path}.order")
            return ResumePoint(count, text, began_at, order)
        case _:
            raise _mistake(path, "must have a position and a digest")


def _digest_mark(value: Any, path: str) -> DigestMark | None:
    if value is None:
        return None
    values = _section(value, path)
    match values.get("round"), values.get("after"):
        case int(number), str(after) if not isinstance(number, bool) and number >= 0:
            return DigestMark(number, after)
        case _:
            raise _mistake(path, "must have a round and an after")


def _changes_read(numbers: Mapping[str, Any]) -> ChangesRead | None:
    path = f"{_NUMBERS}.changes_read"
    if (changes := numbers.get("changes_read")) is None:
        return None
    values = _section(changes, path)
    until = _instant(values.get("until"), f"{path}.until")
    match values.get("source"), until:
        case str(identity), Instant():
            return ChangesRead(identity, until)
        case _:
            raise _mistake(path, "must have a source and an until")


def _numbers(resume: ResumePoint | None, changes: ChangesRead | None) -> dict[str, Any]:
    numbers: dict[str, Any] = {}
    if changes is not None:
        numbers["changes_read"] = {
            "source": changes.identity,
            "until": changes.until.text,
        }
    if resume is not None:
        began_at, order = resume.began_at, resume.order
        # All of them, each time: those who merge states would keep an old one.
        numbers["resume"] = {
            "position": resume.position,
            "digest": resume.digest,
            "began_at": None if began_at is None else began_at.text,
            "order": None
            if order is None
            else {"round": order.round, "after": order.after},
        }
    return numbers


def _customers(partitions: Any) -> Iterator[tuple[str, CustomerBookmark]]:
    if not isinstance(partitions, list):
        path = "bookmarks.orders.partitions"
        raise _mistake(path, "must be an array")
    for position, partition in enumerate(partitions):
        path = f"bookmarks.orders.partitions[{position}]"
        part = _section(partition, path)
        context = _section(part.get("context", {}), f"{path}.context")
        customer_id = context.get("customer_id")
        if not isinstance(customer_id, str):
            member = f"{path}.context.customer_id"
            raise _mistake(member, "must be text")
        yield customer_id, _memory(part, path)


def _memory(part: Mapping[str, Any], path: str) -> CustomerBookmark:
    tracked = _section(part.get("followed_orders", {}), f"{path}.followed_orders")
    return CustomerBookmark(
        _instant(part.get("replication_key_value"), f"{path}.replication_key_value"),
        {
            order_id: _followed_order(value, f"{path}.followed_orders.{order_id}")
            for order_id, value in tracked.items()
        },
        _instant(part.get("last_read"), f"{path}.last_read"),
    )


def _followed_order(value: Any, path: str) -> TrackedOrder:
    match value:
        case [str() | None as status, int(sequence), str(digest)] if (
            sequence >= 0 and not isinstance(sequence, bool)
        ):
            return TrackedOrder(status, sequence, digest)
        case _:
            raise _mistake(path, "must be an array of status, sequence and digest")


def _instant(value: Any, path: str) -> Instant | None:
    if value is None:
        return None
    instant = instant_or_none(value)
    if instant is None:
        raise _mistake(path, "must be a date-time")
    return instant


def _text(customer_id: str, customer_bookmark: CustomerBookmark) -> Raw:
    """Return what is known of a customer as the state holds it."""
    partition = _Partition(
        _Context(customer_id), followed_orders=customer_bookmark.tracked
    )
    if customer_bookmark.bookmark is not None:
        partition.replication_key = REPLICATION_KEY
        partition.replication_key_value = customer_bookmark.bookmark.text
    if customer_bookmark.last_read is not None:
        partition.last_read = customer_bookmark.last_read.text
    return Raw(_encoder.encode(partition))


def _section(value: Any, path: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _mistake(path, "must be an object")
    return value


def _mistake(path: str, what: str) -> SettingsError:
    return SettingsError(f"the state cannot be used: `{path}` {what}")
