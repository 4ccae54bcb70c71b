"""Chooses the column that holds the numbers."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tap_purchase_orders.number_sources.error_messages import source_error
from tap_purchase_orders.number_sources.values import NumberColumn

if TYPE_CHECKING:
    from collections.abc import Sequence

# Taken where the settings name no column and there are several.
USUAL_NAME = "purchase_order_number"
_MOST_SHOWN = 10
# What else stands between values where it is not a comma.
_OTHER_SEPARATORS = ";\t|"


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
        if any(separator in names[0] for separator in _OTHER_SEPARATORS):
            problem = (
                f"the columns of {file} must be separated by commas; its first line is "
                f"{names[0]!r}"
            )
            raise source_error(problem, "path")
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


def column_of(file: str, name: str) -> NumberColumn:
    """Return the column of a name; what is wrong with it is the setting `column`'s.

    Args:
        file: What messages call the file.
        name: The name of the column.
    """
    return NumberColumn(
        f"column {name!r} of {file}", partial(source_error, key="column")
    )
