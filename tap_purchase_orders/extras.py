"""Runs commands that need an optional extra of the package, or names that extra."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection


def how_to_install(extra: str) -> str:
    """Return how to install an extra; the tap is on no package index."""
    return (
        f"install the extra `{extra}`, in a checkout: pip install '.[{extra}]', "
        f"elsewhere: pip install 'tap-purchase-orders[{extra}] @ git+URL'"
    )


def run_with_extra(
    extra: str, brings: Collection[str], module: str, *given: object
) -> int:
    """Run a command; return its exit status, 1 if its extra is not installed.

    Args:
        extra: The extra, which is also what people call the command.
        brings: What it installs, by the names of the modules.
        module: Where the command is: its function `run`.
        given: What the function is called with.
    """
    try:
        command = import_module(module)
    except ModuleNotFoundError as error:
        # Only what the extra brings may be missing; all else would be a mistake here.
        if (error.name or "").partition(".")[0] not in brings:
            raise
        print(  # noqa: T201 - the command's own voice
            f"The {extra} needs {error.name}, which is not installed: "
            f"{how_to_install(extra)}",
            file=sys.stderr,
        )
        return 1
    status: int = command.run(*given)
    return status
