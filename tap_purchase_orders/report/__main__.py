"""`python -m tap_purchase_orders.report`."""

import sys

from tap_purchase_orders.report.cli import main

sys.exit(main())
