"""Finds entry points: the built-in ones, and those of other packages."""

from __future__ import annotations

import sys
from functools import cache
from importlib.metadata import EntryPoint, distribution, entry_points
from typing import TYPE_CHECKING, Any

from tap_purchase_orders.errors import SettingsError
from tap_purchase_orders.urls import APPLICATION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

AUTH_GROUP = "tap_purchase_orders.auth"
NUMBER_SOURCE_GROUP = "tap_purchase_orders.number_sources"


def plugins(group: str) -> list[EntryPoint]:
    """Return the entry points of a group, by name."""
    points: Iterable[EntryPoint] = _entry_points(tuple(sys.path)).select(group=group)
    return sorted(points, key=lambda point: point.name)


@cache
def _entry_points(search_path: tuple[str, ...]) -> Any:  # noqa: ARG001
    # Once for each path: the files of every installed package are read for it.
    return entry_points()


def _added(group: str, name: str) -> EntryPoint | None:
    return next((point for point in plugins(group) if point.name == name), None)


@cache
def built_in(group: str) -> list[EntryPoint]:
    """Return the entry points of a group that this package itself registers, by name.

    The files of one package are read for it, and not those of every one.
    """
    points = distribution(APPLICATION).entry_points.select(group=group)
    return sorted(points, key=lambda point: point.name)


def is_built_in(point: EntryPoint) -> bool:
    """Return whether an entry point is registered by this package itself."""
    return point.module.partition(".")[0] == __name__.partition(".")[0]


def load_plugin(
    group: str, name: str, setting: str, choices: Callable[[], Iterable[str]]
) -> Any:
    """Return the object registered under a name.

    Args:
        group: The entry point group.
        name: The registered name, as the setting gives it.
        setting: The setting that names it, for the error message.
        choices: Returns the names that the error message offers.

    Raises:
        SettingsError: The name is not registered, or cannot be imported.
    """
    named = (point for point in built_in(group) if point.name == name)
    point = next(named, None) or _added(group, name)
    if point is None:
        # Its value is not shown: a credential may have been put in the wrong place.
        offer = ", ".join(choices())
        msg = f"`{setting}` names nothing that is installed; choose one of: {offer}"
        raise SettingsError(msg)
    try:
        return point.load()
    except (ImportError, AttributeError) as error:
        msg = f"`{setting}`: the plug-in {name!r} cannot be loaded: {error}"
        raise SettingsError(msg) from error
