"""The Singer state: what earlier runs left, and what this one leaves.

Bookmarks have the SDK's partitioned form, one partition for each customer, so that
other tools can read them; the orders that are followed stand beside the bookmark.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from tap_purchase_orders.errors import SettingsError
from tap_purchase_orders.exact_json import ENCODER
from tap_purchase_orders.incremental.customer_bookmark import (
    CustomerBookmark,
    TrackedOrder,
)
from tap_purchase_orders.incremental.order_id_digest import listed_ids_of
from tap_purchase_orders.incremental.run_scope import Scope, stream_texts, streams_of
from tap_purchase_orders.incremental.state_parser import (
    NUMBERS,
    mistake,
    parsed_changes_read,
    parsed_customers,
    parsed_instant,
    parsed_names,
    parsed_resume_point,
    parsed_scope,
    section,
)
from tap_purchase_orders.instants import Instant, instant_or_none
from tap_purchase_orders.urls import as_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_purchase_orders.incremental.resume import ChangesRead, ResumePoint

REPLICATION_KEY = "creationDate"
# What the text of a state ends with, behind the customers.
_END = b"]}}}"
# Customers of one piece of that text.
_PIECE = 256


class _Context(Struct):
    customer_id: str


class _Partition(Struct, omit_defaults=True):
    """One customer's part of the state, with its members in the order of the state."""

    context: _Context
    replication_key: str | None = None
    replication_key_value: str | None = None
    last_read: str | None = None
    ids: str | None = None
    highest_sequence: int = 0
    owed: list[str] = field(default_factory=list)
    followed_orders: dict[str, TrackedOrder] = field(default_factory=dict)


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
    problem = ""
    if given and "bookmarks" not in given:
        shown = ", ".join(sorted(repr(str(name))[:40] for name in given)[:5])
        problem = f"it has no `bookmarks`, but {shown}"
    elif "type" in given:
        problem = f"it is a message of another type, {given['type']!r:.40}"
    if problem:
        msg = (
            f"the state cannot be used: {problem}; give the value of a STATE message, "
            f"or the whole message"
        )
        raise SettingsError(msg)
    return given


class State:
    """The state of a run. Only the thread that writes messages may use it.

    Args:
        value: The value of a STATE message, or nothing.

    Raises:
        SettingsError: The state cannot be read; the message names the place.
    """

    def __init__(self, value: Mapping[str, Any]) -> None:
        bookmarks = section(value.get("bookmarks", {}), "bookmarks")
        self._others = {
            stream: part for stream, part in bookmarks.items() if stream != "orders"
        }
        numbers = section(bookmarks.get("purchase_orders", {}), NUMBERS)
        self._resume_point = parsed_resume_point(numbers)
        self._changes_read = parsed_changes_read(numbers)
        self._number_streams = streams_of(
            parsed_names(numbers.get("streams", []), f"{NUMBERS}.streams")
        )
        # A member that was once written is written as null later, not left out: a
        # program that merges states would keep the old value.
        self._members_to_write = {"resume"} & numbers.keys()
        orders = section(bookmarks.get("orders", {}), "bookmarks.orders")
        self._members_to_write |= {
            "activity_read_until",
            "full_table_until",
        } & orders.keys()
        self._activity_read_until = parsed_instant(
            orders.get("activity_read_until"), "bookmarks.orders.activity_read_until"
        )
        self._full_table_until = parsed_instant(
            orders.get("full_table_until"), "bookmarks.orders.full_table_until"
        )
        self._scope = parsed_scope(orders.get("scope"))
        self._has_prices = orders.get("prices") is True
        # Kept as JSON text, and decoded one at a time: there may be 100,000.
        try:
            self._partitions = {
                customer_id: _text(customer_id, customer_bookmark)
                for customer_id, customer_bookmark in parsed_customers(
                    orders.get("partitions", [])
                )
            }
            ENCODER.encode(self._others)
        except UnicodeEncodeError as error:
            path = "bookmarks"
            raise mistake(path, "must not hold half a surrogate pair") from error
        self._spellings = {
            lower: customer_id
            for customer_id in self._partitions
            if (lower := customer_id.lower()) != customer_id
        }

    def known_as(self, customer_id: str) -> str:
        """Return the id of a customer in the spelling that its rows have."""
        if customer_id in self._partitions:
            return customer_id
        lower = customer_id.lower()
        if lower in self._partitions:
            return lower
        return self._spellings.get(lower) or as_key(customer_id)

    def customer(self, customer_id: str) -> CustomerBookmark:
        """Return a customer's bookmark; an empty one for a new customer."""
        text = self._partitions.get(customer_id)
        if text is None:
            return CustomerBookmark()
        partition = _decoder.decode(text)
        return CustomerBookmark(
            instant_or_none(partition.replication_key_value),
            partition.followed_orders,
            instant_or_none(partition.last_read),
            None if partition.ids is None else listed_ids_of(partition.ids),
            partition.highest_sequence,
            frozenset(partition.owed),
        )

    def checkpoint_customer(
        self, customer_id: str, customer_bookmark: CustomerBookmark
    ) -> None:
        """Store a customer's bookmark once its orders are written."""
        if customer_bookmark == CustomerBookmark():
            self._partitions.pop(customer_id, None)
            return
        self._partitions[customer_id] = _text(customer_id, customer_bookmark)

    def checkpoint_failure(self, customer_id: str, owed: Iterable[str] = ()) -> None:
        """Mark a customer as not read: the next run reads it again.

        Args:
            customer_id: The customer.
            owed: The streams that the next read has to bring complete.
        """
        if customer_id in self._partitions:
            customer_bookmark = self.customer(customer_id)
            self.checkpoint_customer(
                customer_id,
                replace(
                    customer_bookmark,
                    last_read=None,
                    owed=customer_bookmark.owed.union(owed),
                ),
            )

    @property
    def customer_count(self) -> int:
        """Of how many customers something is known."""
        return len(self._partitions)

    def owe(self, streams: Iterable[str]) -> None:
        """Have each customer's next read bring some streams complete."""
        for customer_id in list(self._partitions):
            customer_bookmark = self.customer(customer_id)
            owed = customer_bookmark.owed.union(streams)
            self.checkpoint_customer(customer_id, replace(customer_bookmark, owed=owed))

    def forget_ids(self) -> None:
        """Drop the digests of listed orders: other orders are listed from now on."""
        for customer_id in list(self._partitions):
            customer_bookmark = replace(self.customer(customer_id), ids=None)
            self.checkpoint_customer(customer_id, customer_bookmark)

    @property
    def scope(self) -> Scope | None:
        """The scope of the last run; none in a state of an earlier version."""
        return self._scope

    def checkpoint_scope(self, scope: Scope) -> None:
        """Store the scope of this run."""
        self._scope = scope

    @property
    def has_prices(self) -> bool:
        """Whether prices came with the orders of an earlier run."""
        return self._has_prices

    def checkpoint_prices(self) -> None:
        """Store that orders with prices are written."""
        self._has_prices = True

    @property
    def full_table_until(self) -> Instant | None:
        """Up to when all customers that were due for a full read had one."""
        return self._full_table_until

    def checkpoint_full_table(self, moment: Instant | None) -> None:
        """Store that moment; none if no customer is ever due."""
        self._full_table_until = moment
        if moment is not None:
            self._members_to_write.add("full_table_until")

    @property
    def activity_read_until(self) -> Instant | None:
        """Up to when the activity log was read."""
        return self._activity_read_until

    def checkpoint_activity(self, moment: Instant | None) -> None:
        """Store up to when all activity in the log has been read; none for never."""
        self._activity_read_until = moment
        self._members_to_write.add("activity_read_until")

    @property
    def resume_point(self) -> ResumePoint | None:
        """Where the last run was interrupted in its list of numbers, if it was."""
        return self._resume_point

    def checkpoint_resume_point(self, point: ResumePoint | None) -> None:
        """Store how far the purchase orders are written, none at the end."""
        self._resume_point = point
        self._members_to_write.add("resume")

    @property
    def number_streams(self) -> Mapping[str, str]:
        """The streams that are written of the purchase orders, as in `Scope`."""
        return self._number_streams

    def checkpoint_number_streams(self, streams: Mapping[str, str]) -> None:
        """Store the streams that this run writes of the purchase orders."""
        self._number_streams = dict(streams)

    def forget_numbers(self) -> None:
        """Have the next run read all purchase orders anew."""
        if self._changes_read is not None:
            self._changes_read = replace(self._changes_read, until=None)
        self.checkpoint_resume_point(None)

    @property
    def changes_read(self) -> ChangesRead | None:
        """Up to when the changes of a number source were read, if it gives these."""
        changes = self._changes_read
        return None if changes is None or changes.until is None else changes

    def checkpoint_changes(self, changes: ChangesRead) -> None:
        """Store that all changes up to a moment are written, and clear the position."""
        self._changes_read = changes
        self.checkpoint_resume_point(None)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to remember."""
        return not self._value([])

    def value(self) -> dict[str, Any]:
        """Return the value of a STATE message."""
        return self._value(list(map(msgspec.json.decode, self._partitions.values())))

    def encoded_value(self) -> Iterator[bytes]:
        """Yield the JSON text of the same, piece by piece: it may have 30 MB."""
        text = ENCODER.encode(self._value([]))
        if not self._partitions:
            yield text
            return
        yield text.removesuffix(_END)
        texts = iter(self._partitions.values())
        separator = b""
        while piece := b",".join(islice(texts, _PIECE)):
            yield separator + piece
            separator = b","
        yield _END

    def _numbers(self) -> dict[str, Any]:
        numbers: dict[str, Any] = {}
        if (changes := self._changes_read) is not None:
            until, since = (
                None if moment is None else moment.text
                for moment in (changes.until, changes.since)
            )
            numbers["changes_read"] = {
                "source": changes.identity,
                "until": until,
                "since": since,
            }
        if (resume := self._resume_point) is not None:
            began_at = None if resume.began_at is None else resume.began_at.text
            order = resume.order
            # An array: who merges states would mix the members of two objects.
            numbers["resume"] = [
                *(resume.position, resume.digest, began_at),
                *(() if order is None else (order.round, order.after)),
            ]
        elif "resume" in self._members_to_write:
            numbers["resume"] = None
        if numbers and self._number_streams:
            numbers["streams"] = stream_texts(self._number_streams)
        return numbers

    def _value(self, partitions: list[Any]) -> dict[str, Any]:
        bookmarks = dict(self._others)
        numbers = self._numbers()
        if numbers or "purchase_orders" in bookmarks:
            bookmarks["purchase_orders"] = numbers
        orders: dict[str, Any] = {}
        for name, moment in (
            ("activity_read_until", self._activity_read_until),
            ("full_table_until", self._full_table_until),
        ):
            if name in self._members_to_write:
                orders[name] = None if moment is None else moment.text
        if self._has_prices:
            orders["prices"] = True
        if self._scope is not None and self._partitions:
            scope = msgspec.to_builtins(self._scope)
            orders["scope"] = {**scope, "streams": stream_texts(self._scope.streams)}
        if self._partitions:
            # The last member of all, as `encoded_value` has it.
            orders["partitions"] = partitions
        if orders:
            bookmarks["orders"] = orders
        return {"bookmarks": bookmarks} if bookmarks else {}


def _text(customer_id: str, customer_bookmark: CustomerBookmark) -> bytes:
    """Return what is known of a customer as the state holds it."""
    partition = _Partition(
        _Context(customer_id), followed_orders=customer_bookmark.tracked
    )
    if customer_bookmark.bookmark is not None:
        partition.replication_key = REPLICATION_KEY
        partition.replication_key_value = customer_bookmark.bookmark.text
    if customer_bookmark.last_read is not None:
        partition.last_read = customer_bookmark.last_read.text
    if customer_bookmark.ids is not None:
        partition.ids = customer_bookmark.ids.text
    partition.highest_sequence = customer_bookmark.highest_gone
    partition.owed = sorted(customer_bookmark.owed)
    # A text of its own size: what `encode` returns has been cut from a larger one, and
    # the rest of it is left as a hole.
    text = bytearray()
    ENCODER.encode_into(partition, text)
    return bytes(text)
