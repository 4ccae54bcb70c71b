"""Configurations of the tap, right and wrong."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from tap_purchase_orders.errors import SettingsError
from tap_purchase_orders.settings.load import load_settings
from tap_purchase_orders.settings.schema import settings_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_purchase_orders.config import Settings
    from tests.unit.json_values import Json

Path = tuple[str | int, ...]

SCHEMA = settings_schema()

CLIENT_SECRET = {
    "method": "client_secret",
    "tenant_id": "t",
    "client_id": "c",
    "client_secret": "planted-client-secret",
}
API_KEY = {
    "method": "api_key",
    "api_key": "planted-api-key",
    "customer_id": "planted-customer-id",
    "customer_key": "planted-customer-key",
}
NUMBERS = {"source": "list", "numbers": ["PO-1", "PO-2"]}
PARTNER_CENTER: Json = {"auth": CLIENT_SECRET}
APPZEN: Json = {"auth": API_KEY, "purchase_order_numbers": NUMBERS}
FULL: Json = {
    "start_date": "2019-01-01T00:00:00Z",
    "strict": False,
    "shard": {"index": 0, "count": 2},
    "partner_center": {
        "cloud": "public",
        "api_url": "https://api.example",
        "auth": {**CLIENT_SECRET, "scope": "s", "authority": "https://login.example"},
        "customer_ids": ["c-1"],
        "page_size": 500,
        "include_price": True,
        "include_system_purchases": False,
        "lookback_days": 8,
        "change_detection": "full",
        "full_read_days": 7,
        "max_requests_per_minute": 500,
        "max_concurrency": 8,
        "max_tries": 6,
    },
    "appzen": {
        "api_url": "https://api.appzen.example",
        "auth": API_KEY,
        "purchase_order_numbers": NUMBERS,
        "max_requests_per_second": 20,
        "max_requests_per_run": 100,
        "max_concurrency": 8,
        "max_tries": 6,
    },
}


def load(config: Json) -> Settings:
    return load_settings(config, SCHEMA)


def mistakes(config: Json) -> tuple[str, ...]:
    """Return what is wrong with a configuration; nothing if it can be used."""
    try:
        load(config)
    except SettingsError as error:
        return error.mistakes
    return ()


def partner_center(**settings: Any) -> Json:
    return {"partner_center": {**PARTNER_CENTER, **settings}}


def appzen(**settings: Any) -> Json:
    return {"appzen": {**APPZEN, **settings}}


def changed(config: Json, path: Path, value: Any) -> Json:
    """Return a copy of a configuration with another value in one place."""
    result = copy.deepcopy(config)
    part: Any = result
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    return result


def places(part: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the place of every value of a configuration, sections included."""
    if path:
        yield path
    members: Any = ()
    if isinstance(part, dict):
        members = part.items()
    elif isinstance(part, list):
        members = enumerate(part)
    for key, member in members:
        yield from places(member, (*path, key))


def dotted(path: Path) -> str:
    """Return a place as messages name it, such as `partner_center.customer_ids[0]`."""
    name = ""
    for key in path:
        name += f"[{key}]" if isinstance(key, int) else f".{key}"
    return name.removeprefix(".")
