"""Sources of purchase order numbers by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tap_purchase_orders.errors import SettingsError
from tap_purchase_orders.plugins import NUMBER_SOURCE_GROUP, load_plugin, plugins

SECTION = "appzen.purchase_order_numbers"

ReadNumbers = Callable[[Mapping[str, Any]], Iterable[str]]


def number_source(section: Mapping[str, Any]) -> ReadNumbers:
    """Return the source that a section names.

    Raises:
        SettingsError: It is not installed.
    """
    name = section["source"]
    setting = f"{SECTION}.source"
    source = load_plugin(NUMBER_SOURCE_GROUP, name, setting, _choices)
    if not callable(source):
        msg = f"`{setting}`: the plug-in {name!r} is not callable"
        raise SettingsError(msg)
    return source  # type: ignore[no-any-return]  # what a plug-in gives is its promise


def _choices() -> list[str]:
    return [point.name for point in plugins(NUMBER_SOURCE_GROUP)]
