# ruff: noqa: INP001  # run as a script
"""Draws the streams, their keys, and what belongs to what.

`python docs/generate_picture.py` writes docs/pictures/streams.svg from the schemas;
with `--check` it only says whether that would change anything.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

# The directory of a script is on the path.
from generate import ALL_STREAMS, default_of

from tap_purchase_orders.records.schemas import schema_of
from tap_purchase_orders.tap import TapPurchaseOrders

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tap_purchase_orders.streams import TapStream

PICTURE = Path(__file__).parent / "pictures" / "streams.svg"

# What a row belongs to: the other stream, and its key by the fields that hold it.
_OF_ORDER = {"referenceCustomerId": "referenceCustomerId", "orderId": "id"}
PARENTS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "orders": ("customers", {"referenceCustomerId": "id"}),
    "order_line_items": ("orders", _OF_ORDER),
    "order_status_changes": ("orders", _OF_ORDER),
    "order_attachments": ("orders", _OF_ORDER),
    "order_provisioning_status": ("orders", _OF_ORDER),
    "purchase_order_lines": (
        "purchase_orders",
        {"purchase_order_number": "purchase_order_number"},
    ),
}
_TITLES = {
    "partner_center": "Microsoft Partner Center",
    "appzen": "AppZen",
    None: "What the tap says of its runs",
}
_WIDTH, _GAP, _MARGIN = 240, 60, 12
_HEAD, _LINE, _FOOT, _SPACE, _TITLE = 28, 18, 10, 16, 34
_STYLE = """
  text { font: 13px ui-sans-serif, system-ui, sans-serif; fill: #1f2328; }
  .title { font-size: 12px; fill: #59636e; }
  .stream { font-weight: 600; }
  .key { font: 12px ui-monospace, monospace; }
  .box { fill: #ffffff; stroke: #818b98; }
  .off { stroke-dasharray: 5 4; }
  .line { fill: none; stroke: #818b98; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .title { fill: #9198a1; }
    .box { fill: #151b23; }
  }
"""


@dataclass(frozen=True, slots=True)
class Box:
    """A stream in its place."""

    stream: TapStream
    left: int
    top: int

    @property
    def height(self) -> int:
        """How high it is."""
        return _HEAD + _LINE * len(self.stream.primary_keys) + _FOOT

    @property
    def middle(self) -> int:
        """Where lines meet it."""
        return self.top + self.height // 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check the picture; return the exit status: 1 if a check fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing")
    parser.add_argument("file", nargs="?", type=Path, default=PICTURE)
    options = parser.parse_args(arguments)
    drawn = picture()
    if options.check:
        is_same = options.file.is_file() and options.file.read_text("utf-8") == drawn
        if not is_same:
            sys.stderr.write(f"{options.file.name} is out of date: run {__file__}\n")
        return int(not is_same)
    options.file.write_text(drawn, encoding="utf-8")
    return 0


def picture() -> str:
    """Return the picture as SVG."""
    streams = list(TapPurchaseOrders(config=ALL_STREAMS).discover_streams())
    parts: list[str] = []
    top = _MARGIN
    for upstream, title in _TITLES.items():
        parts.append(_text(_MARGIN, top + 18, "title", title))
        boxes = list(
            _placed([s for s in streams if s.upstream == upstream], top + _TITLE)
        )
        parts += _lines({box.stream.name: box for box in boxes})
        for box in boxes:
            parts += _drawn(box)
        top = max(box.top + box.height for box in boxes) + _SPACE
    width = 3 * _WIDTH + 2 * _GAP + 2 * _MARGIN
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {top}" '
        f'width="{width}" height="{top}" role="img" aria-labelledby="t d">'
    )
    about = (
        f"<title id='t'>Streams and their keys</title><desc id='d'>{in_words()}</desc>"
    )
    return "\n".join([head, about, f"<style>{_STYLE}</style>", *parts, "</svg>\n"])


def in_words() -> str:
    """Return what the picture shows of the streams that belong to others."""
    return escape(
        " ".join(
            f"{name} belongs to {parent} by {', '.join(fields)}."
            for name, (parent, fields) in PARENTS.items()
        )
    )


def _placed(streams: Sequence[TapStream], top: int) -> Iterator[Box]:
    """Yield the streams of an upstream: a column for each step away from the root."""
    tops: dict[int, int] = {}
    for position, stream in enumerate(streams):
        depth = _depth(stream.name)
        # What nothing belongs to stands side by side.
        column = depth if stream.name in PARENTS or _has_children(stream) else position
        box = Box(stream, _MARGIN + column * (_WIDTH + _GAP), tops.get(column, top))
        tops[column] = box.top + box.height + _SPACE
        yield box


def _depth(name: str) -> int:
    return 1 + _depth(PARENTS[name][0]) if name in PARENTS else 0


def _has_children(stream: TapStream) -> bool:
    return any(parent == stream.name for parent, _ in PARENTS.values())


def _lines(boxes: Mapping[str, Box]) -> Iterator[str]:
    for name, box in boxes.items():
        if name in PARENTS:
            parent = boxes[PARENTS[name][0]]
            start, end = parent.left + _WIDTH, box.left
            # Half way down, then to the right: the three prongs are the many.
            bend = start + _GAP // 2
            yield (
                f'<path class="line" d="M{start} {parent.middle}H{bend}'
                f"V{box.middle}H{end}M{end - 10} {box.middle}L{end} {box.middle - 6}"
                f'M{end - 10} {box.middle}L{end} {box.middle + 6}"/>'
            )


def _drawn(box: Box) -> Iterator[str]:
    stream, keys = box.stream, box.stream.primary_keys
    properties = schema_of(stream.name)["properties"]
    default = default_of(stream)
    kind = "box" if default == "on" else "box off"
    yield (
        f'<rect class="{kind}" x="{box.left}" y="{box.top}" width="{_WIDTH}" '
        f'height="{box.height}" rx="6"/>'
    )
    yield _text(box.left + 12, box.top + 20, "stream", stream.name)
    for number, key in enumerate(keys, 1):
        # A key that is in no schema would be a mistake.
        kinds = properties[key]["type"]
        shown = kinds if isinstance(kinds, str) else kinds[0]
        row = box.top + 20 + _LINE * number
        yield _text(box.left + 12, row, "key", f"{key}: {shown}")


def _text(x: int, y: int, kind: str, text: str) -> str:
    return f'<text class="{kind}" x="{x}" y="{y}">{escape(text)}</text>'


if __name__ == "__main__":
    sys.exit(main())
