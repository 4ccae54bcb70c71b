"""`purchase-orders-report`: the command."""

from __future__ import annotations

from tap_purchase_orders.extras import run_with_extra
from tap_purchase_orders.report.options import parser

# What the extra `report` installs, by the names of the modules.
_BRINGS = ("jinja2", "plotly", "psycopg")
_COMMAND = "tap_purchase_orders.report.command"


def main(arguments: list[str] | None = None) -> int:
    """Write the report; return the exit status.

    Args:
        arguments: The command line; None: that of this process.
    """
    # Its help does without what the extra installs.
    options = parser().parse_args(arguments)
    return run_with_extra("report", _BRINGS, _COMMAND, options)
