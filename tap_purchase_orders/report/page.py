"""Renders the page: one file that loads nothing."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from typing import TYPE_CHECKING

from jinja2 import Environment, FunctionLoader, StrictUndefined
from plotly.offline import get_plotlyjs

from tap_purchase_orders.report.figures import MARK
from tap_purchase_orders.report.parts import Chart, moment_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tap_purchase_orders.report.context import ReportContext
    from tap_purchase_orders.report.parts import BigFigure
    from tap_purchase_orders.report.sections.section import Answer

_PAGE = files(__package__) / "page"
_DISTRIBUTION = "tap-purchase-orders"


@dataclass(frozen=True, slots=True)
class Script:
    """A script of the page; `digest` is what the page's policy lets it run by."""

    text: str
    digest: str


def page_of(
    answers: Sequence[Answer], context: ReportContext, database: str, schema: str
) -> str:
    """Return the page, as HTML.

    Args:
        answers: What the sections say, in their order.
        context: When the page is written.
        database: Name of the database.
        schema: Name of the schema.
    """
    charts = [
        part
        for answer in answers
        for part in answer.content.parts
        if isinstance(part, Chart)
    ]
    environment = Environment(
        autoescape=True,
        loader=FunctionLoader(_text),
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    return environment.get_template("page.html.j2").render(
        answers=answers,
        big_figures=list(_big_figures(answers)),
        charts=charts,
        database=database,
        mark=MARK,
        moment=moment_text,
        context=context,
        schema=schema,
        scripts=list(_scripts(has_charts=bool(charts))),
        style=_text("style.css"),
        version=version(_DISTRIBUTION),
    )


def _big_figures(answers: Iterable[Answer]) -> Iterator[BigFigure]:
    for answer in answers:
        yield from answer.content.big_figures


def _scripts(*, has_charts: bool) -> Iterator[Script]:
    charts = [get_plotlyjs(), _text("charts.js")] if has_charts else []
    # A script in the page that is none of these, whoever put it there, does not run.
    for text in (_text("tables.js"), *charts):
        # What a browser makes of line ends before it looks at the digest.
        unix = text.replace("\r\n", "\n").replace("\r", "\n")
        digest = hashlib.sha256(unix.encode()).digest()
        yield Script(unix, base64.b64encode(digest).decode())


def _text(name: str) -> str:
    return (_PAGE / name).read_text(encoding="utf-8")
