"""The type of a section."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tap_purchase_orders.report.context import ReportContext
    from tap_purchase_orders.report.parts import BigFigure, Part
    from tap_purchase_orders.report.warehouse import Warehouse


@dataclass(frozen=True, slots=True)
class Content:
    """What a section says.

    Attributes:
        parts: Its body.
        big_figures: What it has for the head of the page.
    """

    parts: Sequence[Part]
    big_figures: Sequence[BigFigure] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A question, and how the warehouse answers it.

    Attributes:
        name: Id of the section in the page.
        title: Its heading.
        short_title: What leads to it.
        lead: What its figures mean.
        tables: The tables that it reads.
        without_tables: What the reader can do if one of them is not there.
        read: Reads it.
    """

    name: str
    title: str
    short_title: str
    lead: str
    tables: tuple[str, ...]
    without_tables: str
    read: Callable[[Warehouse, ReportContext], Content]


@dataclass(frozen=True, slots=True)
class Answer:
    """A section with what it says of one warehouse.

    Attributes:
        section: The section.
        content: What it says.
        problem: Why it says less than it should; empty if it does not.
    """

    section: Section
    content: Content
    problem: str = ""
