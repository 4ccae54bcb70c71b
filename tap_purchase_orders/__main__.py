"""The tap's command; `python -m tap_purchase_orders` is the same."""

from __future__ import annotations

import gc


def main() -> None:
    """Run the command."""
    # What is imported stays. To look for garbage among it, again and again, takes a
    # quarter of the start, and some of the run.
    gc.disable()
    from tap_purchase_orders.tap import TapPurchaseOrders  # noqa: PLC0415  # see above

    gc.freeze()
    gc.enable()
    TapPurchaseOrders.cli()


if __name__ == "__main__":
    main()
