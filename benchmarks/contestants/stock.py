"""The tap as the SDK's template and its page on parent streams would have it.

Customers are the parents of orders. The lines of an order or purchase order are a child
stream that is handed them, so that they cost no request of their own; in the context,
the other place for them, every meter would write them into the log. As that page
advises for thousands of parents, state is kept by customer and no finer.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from singer_sdk import Stream, StreamSchema, Tap
from singer_sdk import typing as th
from singer_sdk.authenticators import BearerTokenAuthenticator
from singer_sdk.pagination import BaseAPIPaginator
from singer_sdk.schema.source import SchemaDirectory
from singer_sdk.streams import RESTStream
from typing_extensions import override

from benchmarks.contestants.job import (
    APPZEN_HEADERS,
    NUMBER_PATH,
    ORDERS_PATH,
    PAGE_SIZE,
    SCHEMAS,
    TOKEN,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import requests
    from singer_sdk.helpers.types import Context, Record
    from singer_sdk.streams.rest import HTTPRequest, PageContext

_SCHEMAS = SchemaDirectory(SCHEMAS)


class _NextLink(BaseAPIPaginator[dict[str, Any] | None]):
    """Follows `links.next`, whose headers belong to it."""

    def __init__(self) -> None:
        super().__init__(None)

    @override
    def get_next(self, response: requests.Response) -> dict[str, Any] | None:
        link: dict[str, Any] | None = response.json().get("links", {}).get("next")
        return link


class _PartnerCenterStream(RESTStream[dict[str, Any] | None]):
    """A collection of Partner Center."""

    schema = StreamSchema(_SCHEMAS)
    records_jsonpath = "$.items[*]"

    @property
    @override
    def url_base(self) -> str:
        return str(self.config["url"])

    @property
    @override
    def authenticator(self) -> BearerTokenAuthenticator:
        return BearerTokenAuthenticator(token=TOKEN)

    @override
    def get_new_paginator(self) -> _NextLink:
        return _NextLink()

    @override
    def get_http_request(
        self, *, page: PageContext[dict[str, Any] | None]
    ) -> HTTPRequest:
        request = super().get_http_request(page=page)
        if link := page.next_page_token:
            request.url = f"{self.url_base}/v1{link['uri']}"
            request.params = {}
            request.headers |= {each["key"]: each["value"] for each in link["headers"]}
        return request


class _Lines(Stream):
    """Lines that came with their headers."""

    schema = StreamSchema(_SCHEMAS)
    state_partitioning_keys = ()
    lines: Sequence[dict[str, Any]] = ()

    @override
    def get_records(self, context: Context | None) -> Iterable[Record]:
        for line in self.lines:
            yield {**line, **(context or {})}


def _hand_over(parent: Stream, record: Record, name: str) -> None:
    """Give a record's lines to the stream of lines; they stay in it if they are to."""
    if parent.config["lines"] == "inside":
        return
    lines = record.pop(name, None) or ()
    for child in parent.child_streams:
        if isinstance(child, _Lines):
            child.lines = lines


class Customers(_PartnerCenterStream):
    """Customers of the partner: asked for, but not selected."""

    name = "customers"
    path = "/v1/customers"
    primary_keys = ("id",)
    selected_by_default = False

    @override
    def get_url_params(self, context: Context | None, next_page_token: Any) -> Any:
        return {"size": PAGE_SIZE}

    @override
    def get_child_context(self, record: Record, context: Context | None) -> Context:
        return {"customer_id": record["id"]}


class Orders(_PartnerCenterStream):
    """Orders of each customer."""

    name = "orders"
    path = ORDERS_PATH
    primary_keys = ("referenceCustomerId", "id")
    replication_key = "creationDate"
    parent_stream_type = Customers

    @override
    def get_child_context(self, record: Record, context: Context | None) -> Context:
        _hand_over(self, record, "lineItems")
        return {
            "referenceCustomerId": record["referenceCustomerId"],
            "orderId": record["id"],
        }


class PurchaseOrders(RESTStream[None]):
    """Purchase orders of the given numbers."""

    name = "purchase_orders"
    path = NUMBER_PATH
    primary_keys = ("purchase_order_number",)
    schema = StreamSchema(_SCHEMAS)
    records_jsonpath = "$"
    state_partitioning_keys = ()

    @property
    @override
    def url_base(self) -> str:
        return str(self.config["url"])

    @property
    @override
    def http_headers(self) -> dict[str, Any]:
        return APPZEN_HEADERS

    @property
    @override
    def partitions(self) -> list[dict[str, Any]]:
        return [{"purchase_order_number": each} for each in self.config["numbers"]]

    @override
    def get_child_context(self, record: Record, context: Context | None) -> Context:
        _hand_over(self, record, "purchase_order_lines")
        return {"purchase_order_number": record["purchase_order_number"]}


class OrderLineItems(_Lines):
    """Line items of the orders."""

    name = "order_line_items"
    primary_keys = ("referenceCustomerId", "orderId", "lineItemNumber")
    parent_stream_type = Orders


class PurchaseOrderLines(_Lines):
    """Lines of the purchase orders."""

    name = "purchase_order_lines"
    primary_keys = ("purchase_order_number", "line_key")
    parent_stream_type = PurchaseOrders

    @override
    def post_process(
        self, row: Record, context: Mapping[str, Any] | None = None
    ) -> Record:
        return row | {"line_key": str(row["line_number"])}


class StockTap(Tap):
    """A tap for both upstreams."""

    name = "tap-stock"
    config_jsonschema = th.PropertiesList(
        th.Property("url", th.StringType, required=True),
        th.Property("upstream", th.StringType, required=True),
        th.Property("lines", th.StringType, required=True),
        th.Property("numbers", th.ArrayType(th.StringType)),
    ).to_dict()

    partner_center: Sequence[type[Stream]] = (Customers, Orders, OrderLineItems)
    appzen: Sequence[type[Stream]] = (PurchaseOrders, PurchaseOrderLines)

    @override
    def discover_streams(self) -> list[Stream]:
        is_appzen = self.config["upstream"] == "appzen"
        types = self.appzen if is_appzen else self.partner_center
        if self.config["lines"] != "children":
            types = types[:-1]
        streams = [each(self) for each in types]
        if authority := os.environ.get("REQUESTS_CA_BUNDLE"):
            # The SDK's way of sending passes the variable by.
            for stream in streams:
                if isinstance(stream, RESTStream):
                    stream.requests_session.verify = authority
        return streams


if __name__ == "__main__":
    StockTap.cli()
