"""Looks up sources of purchase-order numbers by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_purchase_orders.errors import SettingsError
from tap_purchase_orders.number_sources.source import SECTION, NumberSource
from tap_purchase_orders.plugins import (
    NUMBER_SOURCE_GROUP,
    built_in,
    load_plugin,
    plugins,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from singer_sdk import typing as th


def built_in_sources() -> tuple[list[str], list[th.Property[Any]]]:
    """Return the names of the built-in sources and all keys that they read."""
    names: list[str] = []
    settings: dict[str, th.Property[Any]] = {}
    for point in built_in(NUMBER_SOURCE_GROUP):
        names.append(point.name)
        source: NumberSource = point.load()
        for setting in source.settings or ():
            settings.setdefault(setting.name, setting)
    return names, list(settings.values())


def number_source(section: Mapping[str, Any]) -> NumberSource:
    """Return the source that a section names.

    Raises:
        SettingsError: It is not installed.
    """
    name = section["source"]
    setting = f"{SECTION}.source"
    source = load_plugin(NUMBER_SOURCE_GROUP, name, setting, _choices)
    if isinstance(source, NumberSource):
        return source
    if not callable(source):
        msg = f"`{setting}`: the plug-in {name!r} is not callable"
        raise SettingsError(msg)
    return NumberSource(lambda section, _: iter(source(section)))


def _choices() -> list[str]:
    return [point.name for point in plugins(NUMBER_SOURCE_GROUP)]
