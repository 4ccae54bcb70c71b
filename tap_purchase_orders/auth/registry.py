"""Looks up authentication methods by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from requests.auth import AuthBase

from tap_purchase_orders.auth.method import AuthMethod
from tap_purchase_orders.errors import SettingsError
from tap_purchase_orders.plugins import (
    AUTH_GROUP,
    built_in,
    is_built_in,
    load_plugin,
    plugins,
)

if TYPE_CHECKING:
    from singer_sdk import typing as th

SignIn = Callable[[Mapping[str, Any]], AuthBase]


def built_in_settings(
    upstream: str,
) -> tuple[list[str], list[th.Property[Any]]]:
    """Return the names of an upstream's built-in methods and all keys they read."""
    methods: list[str] = []
    settings: dict[str, th.Property[Any]] = {}
    for point in built_in(AUTH_GROUP):
        method: AuthMethod = point.load()
        if method.upstream == upstream:
            methods.append(point.name)
            for setting in method.settings:
                settings.setdefault(setting.name, setting)
    return methods, list(settings.values())


def auth_method(upstream: str, section: Mapping[str, Any]) -> SignIn:
    """Return the method that a section names.

    Raises:
        SettingsError: It is not installed, or is for the other upstream.
    """
    name = section["method"]
    setting = f"{upstream}.auth.method"
    method = load_plugin(AUTH_GROUP, name, setting, lambda: _choices(upstream))
    if isinstance(method, AuthMethod) and method.upstream != upstream:
        msg = (
            f"`{setting}` {name!r} is for `{method.upstream}`; "
            f"choose one of: {', '.join(_choices(upstream))}"
        )
        raise SettingsError(msg)
    if not callable(method):
        msg = f"`{setting}`: the plug-in {name!r} is not callable"
        raise SettingsError(msg)
    return method  # type: ignore[no-any-return]  # what a plug-in gives is its promise


def _choices(upstream: str) -> list[str]:
    """Return the names of the methods that an upstream may have."""
    own, _ = built_in_settings(upstream)
    added = [point.name for point in plugins(AUTH_GROUP) if not is_built_in(point)]
    return sorted({*own, *added})
