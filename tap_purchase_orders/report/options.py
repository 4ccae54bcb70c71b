"""The command line of `purchase-orders-report`."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from tap_purchase_orders.instants import parse_instant

if TYPE_CHECKING:
    import datetime as dt

# As in the project for dbt.
SCHEMA_VARIABLE = "TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA"
USUAL_SCHEMA = "purchasing"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_$]{0,62}")
_MOST_NAMES = 2


def parser() -> argparse.ArgumentParser:
    """Return the parser; its help is the reference of all options."""
    result = argparse.ArgumentParser(
        prog="purchase-orders-report",
        description="Writes a page of what target-postgres has loaded.",
        epilog=(
            "The variables TARGET_POSTGRES_HOST, _PORT, _USER, _PASSWORD, _DATABASE, "
            "_DEFAULT_TARGET_SCHEMA and _SSL_MODE, which Meltano's target-postgres "
            "reads, are read here too."
        ),
    )
    result.add_argument(
        "--warehouse",
        metavar="URL",
        help="postgresql://user@host/database; better in the environment, as "
        "PURCHASE_ORDERS_WAREHOUSE_URL: all users of a machine see its command lines",
    )
    result.add_argument(
        "--schema",
        metavar="NAME",
        help="database schema of the loaded tables; otherwise "
        f"${SCHEMA_VARIABLE}, or {USUAL_SCHEMA}",
    )
    result.add_argument(
        "--output",
        type=Path,
        default=Path("report.html"),
        metavar="FILE",
        help="the page; %(default)s if not given",
    )
    result.add_argument(
        "--as-of",
        type=_moment,
        metavar="MOMENT",
        help="the moment that ages are counted to; now if not given",
    )
    result.add_argument(
        "--since",
        type=_moment,
        metavar="MOMENT",
        help="list what changed from this moment on, such as that of your last report; "
        "otherwise the last 7 days",
    )
    result.add_argument(
        "--purchase-order",
        action="append",
        default=[],
        metavar="NUMBER",
        help="a purchase order that has to be on the page, however old; repeatable",
    )
    result.add_argument(
        "--supplier-names",
        type=_table,
        metavar="TABLE",
        help="a table of yours, [SCHEMA.]TABLE, with the columns supplier_id and "
        "supplier_name",
    )
    return result


def _moment(text: str) -> dt.datetime:
    try:
        return parse_instant(text).moment
    except ValueError as error:
        message = f"{text!r} is no moment such as 2026-03-01T00:00:00Z"
        raise argparse.ArgumentTypeError(message) from error


def _table(text: str) -> list[str]:
    names = text.split(".")
    if len(names) > _MOST_NAMES or not all(map(_NAME.fullmatch, names)):
        message = f"{text!r} is no name of a table such as suppliers or erp.suppliers"
        raise argparse.ArgumentTypeError(message)
    return names
