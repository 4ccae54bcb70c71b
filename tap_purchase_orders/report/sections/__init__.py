"""The sections of the page, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_purchase_orders.report.parts import Note
from tap_purchase_orders.report.sections import (
    breakdowns,
    changes,
    commitments,
    issues,
    purchase_orders,
    runs,
    statuses,
    uploads,
)
from tap_purchase_orders.report.sections.section import Answer, Content, Section
from tap_purchase_orders.report.warehouse import TableError, WarehouseError

if TYPE_CHECKING:
    from tap_purchase_orders.report.context import ReportContext
    from tap_purchase_orders.report.warehouse import Warehouse

SECTIONS: tuple[Section, ...] = (
    uploads.SECTION,
    statuses.SECTION,
    changes.SECTION,
    commitments.SECTION,
    breakdowns.SECTION,
    purchase_orders.SECTION,
    issues.SECTION,
    runs.SECTION,
)
TABLES = frozenset(name for section in SECTIONS for name in section.tables)


def read_sections(warehouse: Warehouse, context: ReportContext) -> list[Answer]:
    """Return what each section says.

    Raises:
        WarehouseError: There is nothing that any of them could read.
    """
    if not warehouse.tables & TABLES:
        message = (
            f"`--schema`: none of the tap's tables is in {warehouse.schema}; it is the "
            "schema that target-postgres writes to (its `default_target_schema`)"
        )
        raise WarehouseError(message)
    return [_answer(section, warehouse, context) for section in SECTIONS]


def _answer(section: Section, warehouse: Warehouse, context: ReportContext) -> Answer:
    missing = [name for name in section.tables if name not in warehouse.tables]
    if missing:
        names = ", ".join(missing)
        there = "is not there" if len(missing) == 1 else "are not there"
        tables = "table" if len(missing) == 1 else "tables"
        text = f"The {tables} {names} {there}. {section.without_tables}"
        return Answer(section, Content([Note(text)]))
    try:
        return Answer(section, section.read(warehouse, context))
    except TableError as error:
        text = (
            f"This section cannot be shown: {error}. It needs the fields that are "
            "selected by default, as target-postgres loads them, and the right to read "
            "them."
        )
        problem = f"{section.title}: {error}"
        return Answer(section, Content([Note(text)]), problem)
