"""Chart data and layout."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from plotly.graph_objects import Bar, Figure, Scatter

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence
    from decimal import Decimal

# Colours that the colour-blind can tell apart, after Okabe and Ito (*Color Universal
# Design*), darker or lighter where they would be lost on white or black.
BLUE = "#1f77b4"
ORANGE = "#e69f00"
GREEN = "#009e73"
RED = "#d55e00"
PINK = "#cc79a7"
SKY = "#56b4e9"
GREY = "#8a939e"
YELLOW = "#c9b400"
VIOLET = "#7b61c9"
BROWN = "#8c6239"
# A mark across bars; the style sheet makes it as dark, or as light, as the text.
MARK = "#1a1a1a"
# What has no colour of its own takes one of these, in this order.
COLOURS = (BLUE, ORANGE, GREEN, PINK, SKY, RED, YELLOW, VIOLET, BROWN)

_HEIGHT = 260
_HEIGHT_OF_A_BAR = 25
_HEIGHT_WITHOUT_BARS = 60
# As many as there is room for on a phone.
_MOST_LABELS = 7
_LONGEST_LABEL = 24
_FONT = {"family": "system-ui, sans-serif", "size": 12}


@dataclass(frozen=True, slots=True)
class Series:
    """What a chart has in one colour: a value for each place."""

    name: str
    colour: str
    values: Sequence[Decimal | int]


@dataclass(frozen=True, slots=True)
class Scale:
    """How values are written: in the notation of d3, and what stands behind them."""

    number_format: str
    unit: str = ""


AMOUNTS = Scale(",.2f")
COUNTS = Scale(",d")
SHARES = Scale(",.1f", "%")


def stacked_columns(categories: Sequence[str], series: Sequence[Series]) -> Figure:
    """Return columns in the order of the categories, which differ."""
    figure = _figure(_HEIGHT, bargap=0.35, hovermode="x unified")
    for each in series:
        bar = Bar(
            name=_plain(each.name),
            x=[_plain(category) for category in categories],
            y=list(each.values),
            marker={"color": each.colour, "line": {"width": 0}},
            hovertemplate="%{y:,d}",
        )
        figure.add_trace(bar)
    figure.update_xaxes(
        type="category", showgrid=False, nticks=_MOST_LABELS, tickangle=0
    )
    figure.update_yaxes(rangemode="tozero", tickformat=",d", nticks=6)
    return figure


def stacked_areas(moments: Sequence[dt.datetime], series: Sequence[Series]) -> Figure:
    """Return areas, one on the other, over a line of time.

    A value holds from its moment to the next one.
    """
    x = [moment.isoformat() for moment in moments]
    figure = _figure(_HEIGHT, hovermode="x unified")
    for each in series:
        area = Scatter(
            name=_plain(each.name),
            x=x,
            y=list(each.values),
            mode="lines",
            stackgroup="all",
            line={"color": each.colour, "width": 0, "shape": "hv"},
            fillcolor=each.colour,
            hovertemplate="%{y:,d}",
        )
        figure.add_trace(area)
    # Of few days each has its label: else there would be hours between them.
    ticks = {"tickvals": x} if len(x) <= _MOST_LABELS else {"nticks": _MOST_LABELS}
    figure.update_xaxes(
        type="date",
        showgrid=False,
        hoverformat="%e %b %Y",
        tickformat="%e %b<br>%Y",
        **ticks,
    )
    figure.update_yaxes(rangemode="tozero", tickformat=",d", nticks=6)
    return figure


def stacked_bars(
    categories: Sequence[str],
    series: Sequence[Series],
    scale: Scale,
    marks: Series | None = None,
) -> Figure:
    """Return bars from left to right, the first category on top.

    Args:
        categories: Their labels; they need not differ.
        series: The parts that each bar is put together of. Those below zero go left.
        scale: How values are written.
        marks: What has a mark across the bar, and is no part of it.
    """
    places = list(range(len(categories)))
    height = _HEIGHT_WITHOUT_BARS + _HEIGHT_OF_A_BAR * max(len(categories), 2)
    figure = _figure(height, barmode="relative", bargap=0.28, hovermode="y unified")
    hover = f"%{{x:{scale.number_format}}}{scale.unit}"
    for each in series:
        bar = Bar(
            name=_plain(each.name),
            orientation="h",
            x=[float(value) for value in each.values],
            y=places,
            marker={"color": each.colour, "line": {"width": 0}},
            hovertemplate=hover,
        )
        figure.add_trace(bar)
    if marks is not None:
        line = {"width": 3, "color": marks.colour}
        mark = Scatter(
            name=_plain(marks.name),
            x=[float(value) for value in marks.values],
            y=places,
            mode="markers",
            marker={"symbol": "line-ns", "size": 11, "line": line},
            hovertemplate=hover,
            cliponaxis=False,
        )
        figure.add_trace(mark)
    figure.update_xaxes(
        exponentformat="B",
        ticksuffix=scale.unit,
        nticks=6,
        rangemode="tozero",
    )
    figure.update_yaxes(
        tickmode="array",
        tickvals=places,
        ticktext=[_plain(_cut(category)) for category in categories],
        range=[len(categories) - 0.5, -0.5],
        showgrid=False,
        ticklabelstandoff=6,
    )
    return figure


def _figure(height: int, **layout: Any) -> Figure:
    figure = Figure(
        layout={
            "template": "none",
            "height": height,
            "barmode": "stack",
            "showlegend": False,
            "dragmode": False,
            "margin": {"l": 8, "r": 14, "t": 12, "b": 8},
            # The page shows through, light or dark.
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": _FONT,
            "hoverlabel": {"font": _FONT},
            **layout,
        }
    )
    # Nothing is dragged or zoomed: a finger on a chart scrolls the page.
    axis = {"fixedrange": True, "automargin": True, "zeroline": False, "title": None}
    figure.update_xaxes(ticklabelstandoff=5, **axis)
    figure.update_yaxes(**axis)
    return figure


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_LABEL else f"{text[: _LONGEST_LABEL - 1]}…"


def _plain(text: str) -> str:
    """Return a text in which plotly finds no mark-up and no links, only lines."""
    return html.escape(text, quote=False).replace("\n", "<br>")
