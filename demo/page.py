"""The report on the demo's warehouse, as a page."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from psycopg.sql import SQL, Identifier

from demo.variables import LOADER, variables
from demo.warehouse import SCHEMA

if TYPE_CHECKING:
    from demo.warehouse import Warehouse

_PROGRAM = Path(sys.executable).with_name("purchase-orders-report")
_SECONDS = 120
# What the tap takes from this machine's clock.
_TIMES = ["_sdc_extracted_at", "observedAt", "observed_at", "started_at", "ended_at"]
_COLUMNS = """
SELECT table_name, column_name
FROM information_schema.columns
WHERE table_schema = current_schema() AND column_name = ANY(%s)
"""


class PageError(Exception):
    """The page could not be written."""


def move_times(warehouse: Warehouse, began: dt.datetime, to: dt.datetime) -> None:
    """Date what a run has loaded as if it had begun at another moment.

    The sandbox's days go by at once, so that all runs are of one minute by the clock
    that the tap goes by.

    Args:
        warehouse: What it was loaded into.
        began: When the run began, by this machine's clock.
        to: When it began, by that of the sandbox.
    """
    move = SQL(
        "UPDATE {table} SET {column} = {column} - %s::interval WHERE {column} >= %s"
    )
    with warehouse.connected() as connection:
        for table, column in connection.execute(_COLUMNS, [_TIMES]).fetchall():
            connection.execute(
                move.format(table=Identifier(table), column=Identifier(column)),
                (began - to, began.astimezone(dt.UTC).replace(tzinfo=None)),
            )


def write_page(warehouse: Warehouse, as_of: dt.datetime, path: Path) -> None:
    """Write the report, as a user does.

    Raises:
        PageError: It could not be written; the message says why.
    """
    done = subprocess.run(  # noqa: S603
        [
            _PROGRAM,
            f"--schema={SCHEMA}",
            f"--as-of={as_of.isoformat()}",
            f"--output={path}",
        ],
        env={
            "PATH": os.environ["PATH"],
            "TARGET_POSTGRES_SSL_MODE": "disable",
            **dict(variables(LOADER, warehouse.loader_settings)),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode != 0 or done.stderr:
        raise PageError(done.stderr)
