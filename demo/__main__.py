"""The demo: `python -m demo`, behind `make demo`."""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import psycopg
import requests

from demo.page import PageError
from demo.pipeline import PipelineError
from demo.story import DemoFailedError, tell
from demo.warehouse import WarehouseError
from tap_purchase_orders.sandbox.process import SandboxError

if TYPE_CHECKING:
    from types import FrameType

_FAILURES = (
    DemoFailedError,
    PageError,
    PipelineError,
    SandboxError,
    WarehouseError,
    psycopg.Error,
    requests.RequestException,
)
_DIRECTORY = Path(__file__).parents[1] / ".demo"


def main() -> int:
    """Run the demo; return the exit status: 1 if anything is not as it must be."""
    parser = argparse.ArgumentParser(
        prog="make demo",
        description="Reads a stand-in for both upstreams into a PostgreSQL server.",
    )
    parser.add_argument("--customers", type=int, default=60)
    parser.add_argument("--purchase-orders", type=int, default=150)
    parser.add_argument("--days", type=int, default=5, help="between the two runs")
    options = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    shutil.rmtree(_DIRECTORY, ignore_errors=True)
    _DIRECTORY.mkdir(mode=0o700)
    try:
        tell(_DIRECTORY, options.customers, options.purchase_orders, options.days)
    except _FAILURES as error:
        print(f"\nThe demo failed: {error}", file=sys.stderr)
        return 1
    return 0


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    # Everything is ended on the way out; a second signal must not cut that short.
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    print("\nEnding what was started ...", file=sys.stderr)
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
