"""The demo: `python -m demo`, behind `make demo`."""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
from pathlib import Path

import psycopg
import requests

from demo.page import PageError
from demo.pipeline import PipelineError
from demo.processes import end_on
from demo.scenario import DemoFailedError, tell
from demo.warehouse import WarehouseError
from tap_purchase_orders.sandbox.process import SandboxError

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
    end_on(signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    shutil.rmtree(_DIRECTORY, ignore_errors=True)
    _DIRECTORY.mkdir(mode=0o700)
    try:
        tell(_DIRECTORY, options.customers, options.purchase_orders, options.days)
    except _FAILURES as error:
        print(f"\nThe demo failed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
