"""Runs the command: reads the warehouse, writes the page."""

from __future__ import annotations

import datetime as dt
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tap_purchase_orders.errors import TapError
from tap_purchase_orders.report.address import Address, warehouse_address
from tap_purchase_orders.report.context import ReportContext
from tap_purchase_orders.report.options import SCHEMA_VARIABLE, USUAL_SCHEMA
from tap_purchase_orders.report.page import page_of
from tap_purchase_orders.report.sections import TABLES, read_sections
from tap_purchase_orders.report.warehouse import opened

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

# How far back changes are listed.
_USUAL_SPAN = dt.timedelta(days=7)


def run(options: argparse.Namespace) -> int:
    """Write the report; return the exit status: 1 if that could not be done."""
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
    return option or environment.get(SCHEMA_VARIABLE) or USUAL_SCHEMA


def _say(text: str) -> None:
    print(" ".join(text.split()), file=sys.stderr)  # noqa: T201 - the command's voice
