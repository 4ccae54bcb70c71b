"""`purchase-orders-sandbox`: the command."""

from __future__ import annotations

from tap_purchase_orders.extras import run_with_extra
from tap_purchase_orders.sandbox.options import read_options

# What the extra `sandbox` installs, by the names of the modules.
_BRINGS = ("cryptography", "jwt", "starlette", "trustme", "uvicorn")
_COMMAND = "tap_purchase_orders.sandbox.run"


def main(arguments: list[str] | None = None) -> int:
    """Run the sandbox; return the exit status.

    Args:
        arguments: The command line; None: that of this process.
    """
    # Its help does without what the extra installs.
    options = read_options(arguments)
    return run_with_extra("sandbox", _BRINGS, _COMMAND, options, arguments)
