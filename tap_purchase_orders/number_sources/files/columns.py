"""Chooses the column that holds the numbers."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tap_purchase_orders.number_sources.error_messages import source_error
from tap_purchase_orders.number_sources.number_values import NumberColumn

if TYPE_CHECKING:
    from collections.abc import Sequence

# Taken where the settings name no column and there are several.
USUAL_NAME = "purchase_order_number"
_MOST_SHOWN = 10


def chosen_column(wanted: str | None, names: Sequence[str], file: str) -> int:
    """Return the position of the column that holds the numbers.

    Args:
        wanted: The setting `column`; without it, the only column is taken, or the one
            with the usual name.
        names: The names of all columns.
        file: What messages call the file.

    Raises:
        SourceError: There is no such column, or more than one.
    """
    if wanted is None and len(names) == 1:
        return 0
    name = USUAL_NAME if wanted is None else wanted
    found = [position for position, each in enumerate(names) if each == name]
    if len(found) == 1:
        return found[0]
    shown = ", ".join(map(repr, names[:_MOST_SHOWN])) or "none"
    if len(names) > _MOST_SHOWN:
        shown += f" and {len(names) - _MOST_SHOWN} more"
    if found:
        problem = f"{file} has {len(found)} columns {name!r}"
    elif wanted is None:
        problem = f"must say which column of {file} holds the numbers; it has {shown}"
    else:
        problem = f"{file} has no column {name!r}; it has {shown}"
    raise source_error(problem, "column")


def column_of(file: str, name: str, *, is_verbatim: bool = False) -> NumberColumn:
    """Return the column of a name; what is wrong with it is the setting `column`'s.

    Args:
        file: What messages call the file.
        name: The name of the column.
        is_verbatim: Its texts are taken as they stand.
    """
    return NumberColumn(
        f"column {name!r} of {file}",
        partial(source_error, key="column"),
        is_verbatim=is_verbatim,
    )


def check_is_heading(name: str, first: str | None, file: str) -> None:
    """Refuse the name of an only column that looks like one of its numbers.

    Args:
        name: The name, which the settings do not mention.
        first: The first number below it.
        file: What messages call the file.

    Raises:
        SourceError: The column has no heading.
    """
    if name.isdigit() or (
        first is not None
        and any(map(str.isdigit, name))
        and _shape(name) == _shape(first)
    ):
        problem = (
            f"the first line of {file} has to be a heading, and looks like a number "
            f"itself: {name!r}; give it a heading, have `format` as txt, or have "
            f"`column` as {name!r} if it is one"
        )
        raise source_error(problem, "path")


def _shape(text: str) -> str:
    """Return a text with the same sign for all letters, and for all digits."""
    return "".join("9" if c.isdigit() else "A" if c.isalpha() else c for c in text)
