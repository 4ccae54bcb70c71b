"""Numbers from a JSON array, item by item."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from tap_purchase_orders.number_sources.error_messages import source_error
from tap_purchase_orders.number_sources.files.text_formats import (
    numbers_of_json_lines,
    numbers_of_objects,
)
from tap_purchase_orders.number_sources.files.text_lines import LONGEST_LINE, pieces
from tap_purchase_orders.number_sources.number_values import NumberColumn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_purchase_orders.errors import SourceError
    from tap_purchase_orders.number_sources.files.options import FileOptions
    from tap_purchase_orders.number_sources.files.stored_file import StoredFile

_BLANKS = re.compile(r"[ \t\n\r]*")
_decode = json.JSONDecoder(parse_float=Decimal).raw_decode


def numbers_of_json(
    file: StoredFile, packing: str, options: FileOptions
) -> Iterator[list[str]]:
    """Yield the items of an array, or the values of a member of those that are objects.

    Without an array, it is read as JSON lines, which some warehouses write under this
    name.

    Raises:
        SourceError: It cannot be read, or no object has such a member.
    """
    text = pieces(file, packing, options.encoding)
    start = next((piece for piece in text if piece.strip()), "").lstrip()
    if not start.startswith("["):
        yield from numbers_of_json_lines(file, packing, options)
        return
    items = _items(file, start, text)
    first = next(items, None)
    if first is None:
        return
    items = chain((first,), items)
    if isinstance(first[1], dict):
        yield from numbers_of_objects(file, _objects(file, items), options)
        return
    refusal = partial(source_error, key="path")
    values = NumberColumn(file.shown, refusal, is_verbatim=options.verbatim)
    for number, item in items:
        if (known := values.text(item, number)) is not None:
            yield values.numbers([known], number.__add__)
    values.end()


def _objects(
    file: StoredFile, items: Iterator[tuple[int, Any]]
) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, item in items:
        if not isinstance(item, dict):
            problem = f"{file.shown}: item {number} is no object, as others are"
            raise source_error(problem, "path")
        yield number, item


def _items(
    file: StoredFile, text: str, more: Iterator[str]
) -> Iterator[tuple[int, Any]]:
    """Yield the items of an array, each with its number, counted from 1.

    Args:
        file: Where it comes from.
        text: The beginning of the array.
        more: What follows.
    """
    number, place, before = 0, 1, "["
    while True:
        place = _skip_blanks(text, place)
        sign = text[place : place + 1]
        if sign == "]" and before != ",":
            if text[place + 1 :].strip() or any(piece.strip() for piece in more):
                raise _no_array(file, number)
            return
        if sign == "," and before == "item":
            place, before = place + 1, ","
            continue
        if sign and before == "item":
            raise _no_array(file, number)
        if sign and (found := _item(text, place)):
            number += 1
            yield number, found[0]
            place, before = found[1], "item"
            continue
        # It goes on in the next piece; the text before it is done with.
        piece = next(more, "")
        if not piece or len(text) - place > LONGEST_LINE:
            raise _no_array(file, number)
        text, place = text[place:] + piece, 0


def _item(text: str, place: int) -> tuple[Any, int] | None:
    """Return an item and where it ends, none if it is not there to its end."""
    try:
        item, end = _decode(text, place)
    except (ValueError, RecursionError):
        return None
    # Of a number, more digits may follow.
    return (item, end) if _skip_blanks(text, end) < len(text) else None


def _skip_blanks(text: str, place: int) -> int:
    blanks = _BLANKS.match(text, place)
    return blanks.end() if blanks else place


def _no_array(file: StoredFile, number: int) -> SourceError:
    problem = (
        f"{file.shown} is no JSON array to its end: it can be read to item {number}"
    )
    return source_error(problem, "path")
