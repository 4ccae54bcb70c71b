"""From the configuration as given to checked and typed settings."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from tap_purchase_orders.auth.method import AuthMethod
from tap_purchase_orders.auth.registry import auth_method
from tap_purchase_orders.errors import SettingsError
from tap_purchase_orders.number_sources.registry import SECTION, number_source
from tap_purchase_orders.number_sources.source import NumberSource
from tap_purchase_orders.reading.instants import Instant, parse_instant
from tap_purchase_orders.settings.clouds import CLOUDS
from tap_purchase_orders.settings.mistakes import schema_mistakes, section_mistakes
from tap_purchase_orders.settings.model import (
    AppZenSettings,
    PartnerCenterSettings,
    Settings,
)
from tap_purchase_orders.settings.shard import Shard


def load_settings(config: Mapping[str, Any], schema: Mapping[str, Any]) -> Settings:
    """Return the typed settings of a configuration.

    Args:
        config: The configuration as it was given.
        schema: The settings' JSON schema; it holds the defaults.

    Raises:
        SettingsError: With every mistake that was found.
    """
    mistakes = schema_mistakes(config, schema)
    if mistakes:
        raise SettingsError(*mistakes)
    filled = _with_defaults(config, schema)
    mistakes = [*_start_date_mistakes(filled), *_shard_mistakes(filled["shard"])]
    partner_center, appzen = filled.get("partner_center"), filled.get("appzen")
    if partner_center is None and appzen is None:
        mistakes.append("neither `partner_center` nor `appzen` is set: nothing to read")
    if partner_center is not None:
        mistakes += _fill_partner_center(partner_center)
    if appzen is not None:
        mistakes += _fill_appzen(appzen)
    if mistakes:
        raise SettingsError(*mistakes)
    return Settings(
        start_date=_start_date(filled),
        strict=filled["strict"],
        shard=Shard(**filled["shard"]),
        partner_center=(
            PartnerCenterSettings(**partner_center) if partner_center else None
        ),
        appzen=AppZenSettings(**appzen) if appzen else None,
    )


def _with_defaults(
    section: Mapping[str, Any], schema: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a copy in which every setting that has a default has a value."""
    filled = {key: value for key, value in section.items() if value is not None}
    for key, part in schema.get("properties", {}).items():
        if key not in filled and "default" in part:
            filled[key] = part["default"]
        if isinstance(filled.get(key), Mapping):
            filled[key] = _with_defaults(filled[key], part)
    return filled


def _start_date(config: Mapping[str, Any]) -> Instant | None:
    text = config.get("start_date")
    return parse_instant(text) if text else None


def _start_date_mistakes(config: Mapping[str, Any]) -> list[str]:
    try:
        _start_date(config)
    except ValueError:
        return ["`start_date` must be a date-time such as 2019-01-01T00:00:00Z"]
    return []


def _shard_mistakes(shard: Mapping[str, Any]) -> list[str]:
    if shard["index"] < shard["count"]:
        return []
    return [f"`shard.index` must be below `shard.count`, which is {shard['count']}"]


def _fill_partner_center(section: dict[str, Any]) -> list[str]:
    """Set what the choice of a cloud stands for; return the section's mistakes."""
    cloud = CLOUDS[section["cloud"]]
    section.setdefault("api_url", cloud.api_url)
    mistakes = _url_mistakes("partner_center.api_url", section["api_url"])
    section["customer_ids"] = tuple(dict.fromkeys(section["customer_ids"]))
    del section["cloud"]
    method, auth_mistakes = _auth_method("partner_center", section["auth"])
    if method is not None and "authority" in method.names:
        section["auth"].setdefault("authority", cloud.authority)
        authority = section["auth"]["authority"]
        auth_mistakes += _authority_mistakes(authority)
    return mistakes + auth_mistakes


def _fill_appzen(section: dict[str, Any]) -> list[str]:
    """Set what was left out; return the section's mistakes."""
    section.setdefault("max_requests_per_run", None)
    _, auth_mistakes = _auth_method("appzen", section["auth"])
    return [
        *_url_mistakes("appzen.api_url", section["api_url"]),
        *auth_mistakes,
        *_source_mistakes(section["purchase_order_numbers"]),
    ]


def _auth_method(
    upstream: str, section: Mapping[str, Any]
) -> tuple[AuthMethod | None, list[str]]:
    """Return the method, where it is one that tells its keys, and the mistakes."""
    try:
        method = auth_method(upstream, section)
    except SettingsError as error:
        return None, list(error.mistakes)
    if not isinstance(method, AuthMethod):
        return None, []
    return method, section_mistakes(
        f"{upstream}.auth",
        section,
        known=("method", *method.names),
        required=method.required,
    )


def _source_mistakes(section: Mapping[str, Any]) -> list[str]:
    try:
        source = number_source(section)
    except SettingsError as error:
        return list(error.mistakes)
    if not isinstance(source, NumberSource):
        return []
    return section_mistakes(
        SECTION, section, known=("source", *source.settings), required=source.required
    )


def _authority_mistakes(authority: str) -> list[str]:
    setting = "partner_center.auth.authority"
    parts = urlsplit(authority)
    if parts.scheme != "https" or parts.path not in {"", "/"} or not parts.hostname:
        return [f"`{setting}` must be https://host or https://host:port, no path"]
    return []


def _url_mistakes(setting: str, url: str) -> list[str]:
    """Return what is wrong with an address to which credentials will be sent."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in {"http", "https"}:
        return [f"`{setting}` must be an address such as https://host"]
    if parts.username or parts.password or parts.query or parts.fragment:
        return [f"`{setting}` must have no credentials, query or fragment"]
    if parts.scheme == "http" and not _is_loopback(host):
        return [f"`{setting}` must be https: http is for a server on this machine only"]
    return []


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
