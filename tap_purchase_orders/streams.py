"""The streams of the catalog."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from singer_sdk.helpers._catalog import pop_deselected_record_properties
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.streams.core import Stream
from typing_extensions import override

from tap_purchase_orders.exact_json import decode_lines, json_copy, json_text
from tap_purchase_orders.incremental.state import REPLICATION_KEY
from tap_purchase_orders.records.encoded_records import encoded
from tap_purchase_orders.records.schemas import has_decimal, is_member, schema_of
from tap_purchase_orders.stream_maps import mapped

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Context, Record
    from singer_sdk.singerlib import MetadataMapping

    from tap_purchase_orders.config import DecimalType
    from tap_purchase_orders.records.encoded_records import Encoded


# Of the SDK: what a stream map may draw on, and how nested objects are spread out.
_MAPPING_SETTINGS = ("stream_map_config", "faker_config")
_FLATTENING_SETTINGS = (
    "flattening_max_depth",
    "flattening_separator",
    "flattening_max_key_length",
)

RecordsOf: TypeAlias = Callable[[str], Iterator[dict[str, Any]]]


class TapStream(Stream):
    """A stream of this tap.

    Args:
        tap: The tap.
        records_of: Reads one stream by itself, by its name.
        decimal_type: Given where numbers are text that fits this type.

    Attributes:
        upstream: The section of the settings that it depends on, none if any does.
        switch: The setting that has to be on for it, none if there is none.
        keys: Its key properties.
        arrays: Fields that are not selected by default: their rows are streams.
    """

    # Values are made to fit the schema when a response is read.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    upstream: ClassVar[str | None] = None
    switch: ClassVar[str | None] = None
    keys: ClassVar[Sequence[str]] = ()
    arrays: ClassVar[Sequence[str]] = ()
    is_incremental: ClassVar[bool] = False

    def __init__(
        self, tap: Tap, records_of: RecordsOf, decimal_type: DecimalType | None
    ) -> None:
        schema = schema_of(self.name, decimal_type)
        super().__init__(tap, schema=json_copy(schema))
        self._records_of = records_of
        self._decimal_type = decimal_type
        self.primary_keys = self.keys
        if self.is_incremental:
            self.forced_replication_method = "INCREMENTAL"
            if REPLICATION_KEY in self.schema["properties"]:
                self.replication_key = REPLICATION_KEY

    @property
    @override
    def metadata(self) -> MetadataMapping:
        """The stream's metadata; its arrays are available, but not by default."""
        is_first = self._metadata is None
        metadata = super().metadata
        if is_first and self._tap_input_catalog is None:
            for name in self.arrays:
                metadata["properties", name].selected_by_default = False
        return metadata

    @override
    def _increment_stream_state(
        self, latest_record: Record, *, context: Context | None = None
    ) -> None:
        """Do nothing: a run keeps the state by itself."""

    @property
    @override
    def partitions(self) -> list[dict[str, Any]] | None:
        """None: a run goes through the customers by itself."""
        return None

    def schema_messages(self) -> Iterator[dict[str, Any]]:
        """Yield the SCHEMA messages, after selection and stream maps."""
        # Private in the SDK, which offers no other way to have a stream's messages
        # without its loop of one stream after another.
        for message in self._generate_schema_messages():
            yield message.to_dict()

    def record_messages(
        self, record: Record, time_extracted: str
    ) -> Iterator[dict[str, Any]]:
        """Yield the RECORD messages of a record, after selection and stream maps."""
        self._pop_deselected(record)
        for stream_map in self.stream_maps:
            made = mapped(stream_map, record, self.name)
            if made is not None:
                yield {
                    "type": "RECORD",
                    "stream": stream_map.stream_alias,
                    "record": made,
                    "time_extracted": time_extracted,
                }

    def mapped(self, records: Encoded) -> Iterator[tuple[str, Encoded]]:
        """Yield the records that stream maps make of some, by the name of their stream.

        Args:
            records: Records of this stream without their deselected fields.
        """
        decoded = decode_lines(records.lines)
        if self._has_open_deselection:
            for record in decoded:
                self._pop_deselected(record)
        for stream_map in self.stream_maps:
            made = [mapped(stream_map, record, self.name) for record in decoded]
            yield (
                stream_map.stream_alias,
                encoded([record for record in made if record is not None]),
            )

    @cached_property
    def is_unmapped(self) -> bool:
        """Whether records without their deselected fields are written as they are."""
        maps = self.stream_maps
        return (
            not self._has_open_deselection
            and len(maps) == 1
            and isinstance(maps[0], SameRecordTransform)
            and not maps[0].flattening_enabled
        )

    @cached_property
    def fingerprint(self) -> str:
        """A digest of what is written of each record: fields, maps, numbers as text.

        Another one means that rows of earlier runs lack something, or may.
        """
        config = self.config
        maps = config.get("stream_maps") or {}
        parts: dict[str, Any] = {
            "deselected": sorted(
                list(path) for path, is_on in self.mask.items() if not is_on
            ),
            "maps": {
                name: definition
                for name, definition in maps.items()
                if fnmatchcase(self.name, name)
                or name.startswith("__")
                or (
                    isinstance(definition, Mapping)
                    and definition.get("__source__") == self.name
                )
            },
            **{name: config.get(name) for name in _MAPPING_SETTINGS if maps},
            "flattening": {
                name: config.get(name)
                for name in _FLATTENING_SETTINGS
                if config.get("flattening_enabled")
            },
        }
        if self._decimal_type is not None and has_decimal(self.schema):
            parts["decimals"] = self._decimal_type
        text = json_text(parts)
        return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()

    @cached_property
    def deselected_fields(self) -> tuple[str, ...]:
        """The deselected fields, as dotted names, but for those of open objects."""
        return tuple(
            ".".join(names)
            for names in self._deselected_paths
            if is_member(self.schema, names)
        )

    @cached_property
    def _has_open_deselection(self) -> bool:
        """Whether a deselected field is within an object of any members."""
        return len(self.deselected_fields) < len(self._deselected_paths)

    @cached_property
    def _deselected_paths(self) -> list[tuple[str, ...]]:
        """The names that lead to each deselected field."""
        return [
            path[1::2]
            for path, is_on in self.mask.items()
            if path and not is_on and {*path[::2]} == {"properties"}
        ]

    def _pop_deselected(self, record: Record) -> None:
        """Take the deselected fields out of a record."""
        paths = self._deselected_paths
        # Only for those within others is it worth going through all members.
        if any(len(names) > 1 for names in paths):
            pop_deselected_record_properties(record, self.schema, self.mask)
            return
        for (name,) in paths:
            record.pop(name, None)

    @override
    def get_records(self, context: Context | None) -> Iterable[Record]:
        """Yield the stream's records, for those who run this stream by itself."""
        return self._records_of(self.name)


class Customers(TapStream):
    """Customers of the partner."""

    name = "customers"
    upstream = "partner_center"
    keys = ("id",)


class Orders(TapStream):
    """Orders of every customer."""

    name = "orders"
    upstream = "partner_center"
    keys = ("referenceCustomerId", "id")
    arrays = ("lineItems",)
    is_incremental = True


class OrderLineItems(TapStream):
    """Line items of the orders, from the same responses."""

    name = "order_line_items"
    upstream = "partner_center"
    keys = ("referenceCustomerId", "orderId", "lineItemNumber")
    is_incremental = True


class OrderStatusChanges(TapStream):
    """Steps of the orders' statuses, from the same responses and the state."""

    name = "order_status_changes"
    upstream = "partner_center"
    keys = ("referenceCustomerId", "orderId", "sequence")
    is_incremental = True


class OrderAttachments(TapStream):
    """Files attached to the orders that are or were in a purchase-order state."""

    name = "order_attachments"
    upstream = "partner_center"
    keys = ("referenceCustomerId", "orderId", "attachmentId")
    is_incremental = True
    selected_by_default = False


class OrderProvisioningStatus(TapStream):
    """Provisioning of the line items of the orders that link to it."""

    name = "order_provisioning_status"
    upstream = "partner_center"
    keys = ("referenceCustomerId", "orderId", "lineItemNumber")
    is_incremental = True
    selected_by_default = False


class PurchaseOrders(TapStream):
    """Purchase orders of the numbers that are given."""

    name = "purchase_orders"
    upstream = "appzen"
    keys = ("purchase_order_number",)
    arrays = ("purchase_order_lines",)


class PurchaseOrderLines(TapStream):
    """Lines of the purchase orders, from the same responses."""

    name = "purchase_order_lines"
    upstream = "appzen"
    keys = ("purchase_order_number", "line_key")


class ExtractionIssues(TapStream):
    """What could not be read, and why."""

    name = "extraction_issues"
    keys = ("issue_id",)


class ExtractionRuns(TapStream):
    """What each run did, and how it ended."""

    name = "extraction_runs"
    switch = "run_history"
    keys = ("run_id", "upstream")


STREAMS: Sequence[type[TapStream]] = (
    Customers,
    Orders,
    OrderLineItems,
    OrderStatusChanges,
    OrderAttachments,
    OrderProvisioningStatus,
    PurchaseOrders,
    PurchaseOrderLines,
    ExtractionIssues,
    ExtractionRuns,
)
