"""The tap's command; `python -m tap_purchase_orders` is the same."""

from __future__ import annotations

import gc
import logging
import signal
import sys
from importlib import import_module

from tap_purchase_orders.lazy_imports import deferred
from tap_purchase_orders.process_exit import run_and_exit

# What the rest needs of the SDK, and of what it brings.
_NEEDED = ("singer_sdk.tap_base", "singer_sdk.streams.core", "requests")
# Guesses what a text is encoded in, which nobody asks of it here; `requests` looks at
# its version alone.
_GUESSES = "charset_normalizer"
# Their own code imports much that is for targets, for other kinds of taps, for
# `--about`, for files of other places, and for those who configure the log.
_PUT_OFF = (
    "asyncio",
    _GUESSES,
    "fsspec",
    "logging.config",
    "singer_sdk",
    "singer_sdk.about",
    "singer_sdk.streams",
)
# What others take from these they only call: for storage of batches, for a file of
# variables, for one format of texts, and for entry points.
_CALLED = {
    "dotenv": ["find_dotenv"],
    "dotenv.main": ["DotEnv"],
    "importlib_metadata": ["entry_points"],
    "rfc3339_validator": ["validate_rfc3339"],
    "upath": ["UPath"],
}


def main() -> None:
    """Run the command."""
    # Until the tap listens itself, it ends the process at once, without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # Since Python 3.12 each line of the log asks `asyncio`, of which there is no task.
    vars(logging)["logAsyncioTasks"] = False
    # What is imported stays. To look for garbage among it, again and again, takes a
    # quarter of the start, and some of the run.
    gc.disable()
    # The SDK is most of the start, and the greater part of it is of no use here.
    try:
        with deferred(_PUT_OFF, _CALLED):
            if (guesses := sys.modules.get(_GUESSES)) is not None:
                version = import_module(f"{_GUESSES}.version").__version__
                vars(guesses)["__version__"] = version
            for name in _NEEDED:
                import_module(name)
    except Exception:  # noqa: BLE001  # whatever another version of the SDK may raise
        # One that needs more at once: then with all.
        for name in [name for name in sys.modules if name.startswith("singer_sdk")]:
            del sys.modules[name]
    from tap_purchase_orders.tap import TapPurchaseOrders  # noqa: PLC0415  # see above

    gc.freeze()
    gc.enable()
    run_and_exit(TapPurchaseOrders.cli)


if __name__ == "__main__":
    main()
