"""The show: `python -m orchestrate.demo`, behind `make orchestrate`."""

from __future__ import annotations

import argparse
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import requests

from demo.processes import end_on
from demo.warehouse import WarehouseError
from orchestrate.demo.redis import RedisError
from orchestrate.demo.scenario import ShowFailedError, tell
from orchestrate.demo.site import AirflowError
from tap_purchase_orders.sandbox.process import SandboxError

_FAILURES = (
    AirflowError,
    RedisError,
    SandboxError,
    ShowFailedError,
    WarehouseError,
    psycopg.Error,
    requests.RequestException,
    subprocess.TimeoutExpired,
)
_DIRECTORY = Path(__file__).parents[2] / ".orchestrate"
_LOGS = "logs"
# Then it ends, whatever it is waiting for.
_SECONDS = 560


def main() -> int:
    """Run the show; return the exit status: 1 if anything is not as it must be."""
    parser = argparse.ArgumentParser(
        prog="make orchestrate",
        description="Airflow reads the sandbox with two workers; one is killed.",
    )
    parser.add_argument("--customers", type=int, default=120)
    parser.add_argument("--purchase-orders", type=int, default=1000)
    parser.add_argument("--shards", type=int, default=4)
    options = parser.parse_args()
    end_on(signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)
    signal.alarm(_SECONDS)
    shutil.rmtree(_DIRECTORY, ignore_errors=True)
    _DIRECTORY.mkdir(mode=0o700)
    try:
        tell(_DIRECTORY, options.customers, options.purchase_orders, options.shards)
    except _FAILURES as error:
        print(f"\nThe show failed: {error}", file=sys.stderr)
        return 1
    finally:
        _leave_logs_only()
    return 0


def _leave_logs_only() -> None:
    for entry in _DIRECTORY.iterdir():
        if entry.name == _LOGS:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
