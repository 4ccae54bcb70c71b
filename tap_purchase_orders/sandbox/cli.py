"""`purchase-orders-sandbox`: the command."""

from __future__ import annotations

import sys

# What the extra `sandbox` installs, by the names of the modules.
_EXTRA_MODULES = ("cryptography", "jwt", "starlette", "trustme", "uvicorn")


def main(arguments: list[str] | None = None) -> int:
    """Run the sandbox; return the exit status.

    Args:
        arguments: The command line; None: that of this process.
    """
    try:
        from tap_purchase_orders.sandbox.run import run  # noqa: PLC0415 - see below
    except ModuleNotFoundError as error:
        # Only what the extra brings may be missing; all else would be a mistake here.
        if (error.name or "").partition(".")[0] not in _EXTRA_MODULES:
            raise
        print(  # noqa: T201 - the command's own voice
            f"The sandbox needs {error.name}, which is not installed. Install the "
            "extra `sandbox`: pip install 'tap-purchase-orders[sandbox]'",
            file=sys.stderr,
        )
        return 1
    return run(arguments)
