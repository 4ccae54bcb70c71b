"""The stock tap with the SDK's public switches set for speed.

The msgspec writer, no type conformance, no state by parent. `LOGLEVEL=WARNING`, which
keeps metrics out of the log, is set by who starts it.
"""

from __future__ import annotations

from singer_sdk.contrib.msgspec import MsgSpecWriter
from singer_sdk.helpers.conform import TypeConformanceLevel

from benchmarks.contestants import stock


class Customers(stock.Customers):
    """Customers of the partner."""

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE


class Orders(stock.Orders):
    """Orders of each customer."""

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE
    state_partitioning_keys = ()
    parent_stream_type = Customers


class OrderLineItems(stock.OrderLineItems):
    """Line items of the orders."""

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE
    parent_stream_type = Orders


class PurchaseOrders(stock.PurchaseOrders):
    """Purchase orders of the given numbers."""

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE


class PurchaseOrderLines(stock.PurchaseOrderLines):
    """Lines of the purchase orders."""

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE
    parent_stream_type = PurchaseOrders


class TunedTap(stock.StockTap):
    """The stock tap, tuned."""

    message_writer_class = MsgSpecWriter
    partner_center = (Customers, Orders, OrderLineItems)
    appzen = (PurchaseOrders, PurchaseOrderLines)


if __name__ == "__main__":
    TunedTap.cli()
