"""Entry points: the built-in methods and sources, and what other packages add."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any

from tap_purchase_orders.errors import SettingsError

AUTH_GROUP = "tap_purchase_orders.auth"
NUMBER_SOURCE_GROUP = "tap_purchase_orders.number_sources"


def plugin_names(group: str) -> list[str]:
    """Return the sorted names registered in an entry point group."""
    return sorted({point.name for point in entry_points(group=group)})


def is_built_in(point: EntryPoint) -> bool:
    """Return whether an entry point is registered by this package itself."""
    return point.module.partition(".")[0] == __name__.partition(".")[0]


def load_plugin(group: str, name: str, setting: str) -> Any:
    """Return the object registered under a name.

    Args:
        group: The entry point group.
        name: The registered name, as the setting gives it.
        setting: The setting that names it, for the error message.

    Raises:
        SettingsError: The name is not registered, or cannot be imported.
    """
    points = [point for point in entry_points(group=group) if point.name == name]
    if not points:
        known = ", ".join(plugin_names(group))
        msg = f"`{setting}` is {name!r}, which is not installed; choose one of: {known}"
        raise SettingsError(msg)
    try:
        return points[0].load()
    except (ImportError, AttributeError) as error:
        msg = f"`{setting}`: the plug-in {name!r} cannot be loaded: {error}"
        raise SettingsError(msg) from error
