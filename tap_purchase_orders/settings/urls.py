"""Checks the addresses that credentials are sent to."""

from __future__ import annotations

from urllib.parse import urlsplit

from tap_purchase_orders.settings.setting_errors import SettingError
from tap_purchase_orders.urls import is_loopback


def api_url_mistakes(setting: str, url: str) -> list[SettingError]:
    """Return what is wrong with the address of an API.

    Args:
        setting: The dotted name of the setting.
        url: The address.
    """
    problem = _problem(url)
    return [SettingError(setting, f"`{setting}` {problem}")] if problem else []


def authority_mistakes(setting: str, url: str) -> list[SettingError]:
    """Return what is wrong with the address of a token authority."""
    problem = _problem(url)
    parts = None if problem else urlsplit(url)
    if parts and (parts.scheme != "https" or parts.path not in {"", "/"}):
        problem = "must be https://host or https://host:port, without the tenant"
    return [SettingError(setting, f"`{setting}` {problem}")] if problem else []


def _problem(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    is_passthrough = all("!" <= character <= "~" for character in url)
    if not host or not is_passthrough or parts.scheme not in {"http", "https"}:
        return "must be an address such as https://host"
    if parts.username or parts.password or parts.query or parts.fragment:
        return "must have no credentials, query or fragment"
    if parts.scheme == "http" and not is_loopback(host):
        return "must be https: http is for a server on this machine only"
    return None
