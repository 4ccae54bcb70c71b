"""Runs the command: reads the warehouse, writes the page."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tap_purchase_orders.errors import TapError
from tap_purchase_orders.instants import parse_instant
from tap_purchase_orders.report.address import Address, warehouse_address
from tap_purchase_orders.report.context import ReportContext
from tap_purchase_orders.report.page import page_of
from tap_purchase_orders.report.sections import TABLES, read_sections
from tap_purchase_orders.report.warehouse import opened

if TYPE_CHECKING:
    from collections.abc import Mapping

# As in the project for dbt.
_SCHEMA_VARIABLE = "TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA"
_USUAL_SCHEMA = "purchasing"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_$]{0,62}")
_MOST_NAMES = 2
# How far back changes are listed.
_USUAL_SPAN = dt.timedelta(days=7)


def run(arguments: list[str] | None) -> int:
    """Write the report; return the exit status: 1 if that could not be done."""
    options = _parser().parse_args(arguments)
    try:
        address = warehouse_address(options.warehouse, os.environ)
        schema = _schema(options.schema, os.environ)
        problems = _write(address, schema, options)
    except TapError as error:
        _say(f"purchase-orders-report: {error}")
        return 1
    except KeyboardInterrupt:
        _say("purchase-orders-report: interrupted")
        return 130
    for problem in problems:
        _say(f"purchase-orders-report: {problem}")
    print(options.output)  # noqa: T201 - the command's answer
    return 0


def _write(address: Address, schema: str, options: argparse.Namespace) -> list[str]:
    """Write the page of a warehouse; return what could not be shown on it."""
    as_of = options.as_of or dt.datetime.now(dt.UTC)
    with opened(address, schema) as warehouse:
        table = options.supplier_names
        context = ReportContext(
            as_of=as_of,
            is_now=options.as_of is None,
            newest_row=warehouse.newest_row(TABLES),
            since=options.since or as_of - _USUAL_SPAN,
            purchase_orders=options.purchase_order,
            supplier_names=warehouse.supplier_names(table) if table else {},
        )
        answers = read_sections(warehouse, context)
        text = page_of(answers, context, warehouse.database, schema)
    _replace(options.output, text)
    return [answer.problem for answer in answers if answer.problem]


def _replace(path: Path, text: str) -> None:
    """Write a file all at once: who looks at it never sees half a page.

    It holds names and amounts: a new one is for its owner alone.

    Raises:
        TapError: It cannot be written.
    """
    try:
        if path.exists() and not path.is_file():
            # A terminal or a pipe, say, takes the page as it comes.
            path.write_text(text, encoding="utf-8")
            return
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=path.parent, prefix=".report-", delete=False
        ) as file:
            written = Path(file.name)
            try:
                file.write(text)
                file.flush()
                if path.exists():
                    written.chmod(path.stat().st_mode)
                written.replace(path)
            except BaseException:
                written.unlink(missing_ok=True)
                raise
    except OSError as error:
        reason = error.strerror or type(error).__name__
        message = f"`--output`: {path} cannot be written: {reason}"
        raise TapError(message) from error


def _schema(option: str | None, environment: Mapping[str, str]) -> str:
    return option or environment.get(_SCHEMA_VARIABLE) or _USUAL_SCHEMA


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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="purchase-orders-report",
        description="Writes a page of what target-postgres has loaded.",
        epilog=(
            "The variables TARGET_POSTGRES_HOST, _PORT, _USER, _PASSWORD, _DATABASE, "
            "_DEFAULT_TARGET_SCHEMA and _SSL_MODE, which Meltano's target-postgres "
            "reads, are read here too."
        ),
    )
    parser.add_argument(
        "--warehouse",
        metavar="URL",
        help="postgresql://user@host/database; better in the environment, as "
        "PURCHASE_ORDERS_WAREHOUSE_URL: all users of a machine see its command lines",
    )
    parser.add_argument(
        "--schema",
        metavar="NAME",
        help="database schema of the loaded tables; otherwise "
        f"${_SCHEMA_VARIABLE}, or {_USUAL_SCHEMA}",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("report.html"),
        metavar="FILE",
        help="the page; %(default)s if not given",
    )
    parser.add_argument(
        "--as-of",
        type=_moment,
        metavar="MOMENT",
        help="the moment that ages are counted to; now if not given",
    )
    parser.add_argument(
        "--since",
        type=_moment,
        metavar="MOMENT",
        help="list what changed from this moment on, such as that of your last report; "
        "otherwise the last 7 days",
    )
    parser.add_argument(
        "--purchase-order",
        action="append",
        default=[],
        metavar="NUMBER",
        help="a purchase order that has to be on the page, however old; repeatable",
    )
    parser.add_argument(
        "--supplier-names",
        type=_table,
        metavar="TABLE",
        help="a table of yours, [SCHEMA.]TABLE, with the columns supplier_id and "
        "supplier_name",
    )
    return parser


def _say(text: str) -> None:
    print(" ".join(text.split()), file=sys.stderr)  # noqa: T201 - the command's voice
