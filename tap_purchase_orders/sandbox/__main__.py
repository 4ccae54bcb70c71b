"""`python -m tap_purchase_orders.sandbox`."""

from __future__ import annotations

import sys

from tap_purchase_orders.sandbox.cli import main

sys.exit(main())
