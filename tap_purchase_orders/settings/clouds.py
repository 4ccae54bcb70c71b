"""Hosts of Partner Center and of its token authority in each national cloud."""

from __future__ import annotations

from msgspec import Struct


class Cloud(Struct, frozen=True):
    """Where one cloud's API and token authority are."""

    api_url: str
    authority: str


# Partner Center, *Partner Center REST URLs* and *Set up API access*. US Government
# shares the API host of the public cloud; its authority differs.
CLOUDS = {
    "public": Cloud(
        "https://api.partnercenter.microsoft.com",
        "https://login.microsoftonline.com",
    ),
    "us_government": Cloud(
        "https://api.partnercenter.microsoft.com",
        "https://login.microsoftonline.us",
    ),
    "china": Cloud(
        "https://partner.partnercenterapi.microsoftonline.cn",
        "https://login.chinacloudapi.cn",
    ),
}
