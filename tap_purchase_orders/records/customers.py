"""Reads a customer of Partner Center."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from tap_purchase_orders.exact_json import json_text
from tap_purchase_orders.records.field_reader import ParseNotes, RecordReader
from tap_purchase_orders.records.issues import Issue, unreadable_issues
from tap_purchase_orders.records.schemas import schema_of
from tap_purchase_orders.records.values import UnreadableError, to_text
from tap_purchase_orders.urls import as_key, is_path_segment

if TYPE_CHECKING:
    import datetime as dt

UPSTREAM = "partner_center"
STREAM = "customers"


class Customer(Struct, frozen=True):
    """A customer read in full.

    Attributes:
        record: The record of `customers`.
        issues: What could not be read.
        unknown: Names of fields that the schema does not know, by stream.
    """

    record: dict[str, Any]
    issues: list[Issue]
    unknown: dict[str, set[str]] = field(default_factory=dict)


class CustomerReader:
    """Reads customers by the schema of their stream."""

    def __init__(self) -> None:
        self._record = RecordReader(schema_of(STREAM))

    def read(self, raw: Any, customer_id: str, received_at: dt.datetime) -> Customer:
        """Return the record of a customer.

        Args:
            raw: The customer as it was sent, an object.
            customer_id: The id that its record is to have.
            received_at: When it had arrived.
        """
        notes = ParseNotes()
        record = {**self._record.read(raw, notes), "id": customer_id}
        issues = unreadable_issues(UPSTREAM, STREAM, customer_id, notes, received_at)
        return Customer(record, issues, {STREAM: notes.unknown})

    @staticmethod
    def key(raw: Any, received_at: dt.datetime) -> str | Issue:
        """Return the id of a customer, or the issue that it has no usable one."""
        try:
            customer_id = to_text(raw["id"])
        except (KeyError, TypeError, UnreadableError):
            customer_id = None
        if customer_id is not None and is_path_segment(customer_id):
            return as_key(customer_id)
        return Issue(
            upstream=UPSTREAM,
            stream=STREAM,
            kind="invalid_record",
            message="a customer has no usable id; nothing of it was emitted",
            observed_at=received_at,
            payload=json_text(_without_credentials(raw)),
        )


def _without_credentials(raw: Any) -> Any:
    if not isinstance(raw, dict):
        return raw
    return {name: value for name, value in raw.items() if name != "userCredentials"}
