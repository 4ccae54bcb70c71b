"""The demo: `python -m demo`, behind `make demo`."""

from __future__ import annotations

import argparse
import io
import shutil
import signal
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import requests
from typing_extensions import override

from demo.page import PageError
from demo.pipeline import PipelineError
from demo.processes import end_on
from demo.scenario import DemoFailedError, tell
from demo.warehouse import WarehouseError
from tap_purchase_orders.sandbox.process import SandboxError

if TYPE_CHECKING:
    from typing import TextIO

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
# What was printed; `make check` holds README.md against it.
_PRINTED = "printed.txt"


class _Copied(io.StringIO):
    """A text stream that is written to two others."""

    def __init__(self, *streams: TextIO) -> None:
        super().__init__()
        self._streams = streams

    @override
    def write(self, text: str) -> int:
        for stream in self._streams:
            stream.write(text)
        return len(text)

    @override
    def flush(self) -> None:
        for stream in self._streams:
            stream.flush()


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
    printed = (_DIRECTORY / _PRINTED).open("w", encoding="utf-8")
    try:
        with printed, redirect_stdout(_Copied(sys.stdout, printed)):
            tell(_DIRECTORY, options.customers, options.purchase_orders, options.days)
    except _FAILURES as error:
        print(f"\nThe demo failed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
