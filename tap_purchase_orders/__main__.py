"""`python -m tap_purchase_orders` is the tap's command."""

from tap_purchase_orders.tap import TapPurchaseOrders

TapPurchaseOrders.cli()
