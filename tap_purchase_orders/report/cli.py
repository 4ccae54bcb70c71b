"""`purchase-orders-report`: the command."""

from __future__ import annotations

import sys

# What the extra `report` installs, by the names of the modules.
_EXTRA_MODULES = ("jinja2", "plotly", "psycopg")


def main(arguments: list[str] | None = None) -> int:
    """Write the report; return the exit status.

    Args:
        arguments: The command line; None: that of this process.
    """
    try:
        from tap_purchase_orders.report.command import run  # noqa: PLC0415 - see below
    except ModuleNotFoundError as error:
        # Only what the extra brings may be missing; all else would be a mistake here.
        if (error.name or "").partition(".")[0] not in _EXTRA_MODULES:
            raise
        print(  # noqa: T201 - the command's own voice
            f"The report needs {error.name}, which is not installed. Install the "
            "extra `report`: pip install 'tap-purchase-orders[report]'",
            file=sys.stderr,
        )
        return 1
    return run(arguments)
