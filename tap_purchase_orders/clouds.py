"""Hosts and token audiences of Partner Center in each national cloud."""

from __future__ import annotations

from msgspec import Struct


class Cloud(Struct, frozen=True):
    """Where one cloud's API and token authority are, and whom its tokens are for.

    Attributes:
        api_url: The address of the API.
        audience: Whom a token for it is for.
        authority: The token authority, by its current name.
        authority_hosts: All names of the token authority.
    """

    api_url: str
    audience: str
    authority: str
    authority_hosts: frozenset[str]

    @property
    def scope(self) -> str:
        """The scope of a token for the API."""
        return f"{self.audience}/.default"


_API = "https://api.partnercenter.microsoft.com"
_CHINA_API = "https://partner.partnercenterapi.microsoftonline.cn"

# Partner Center, *Partner Center REST URLs*, *Set up API access*, and for the audience
# in China the page on retiring Azure AD Graph tokens. US Government shares the API of
# the public cloud; its authority differs. The names of the authorities are those by
# which the *National clouds* page and Microsoft's own libraries know them.
CLOUDS = {
    "public": Cloud(
        _API,
        _API,
        "https://login.microsoftonline.com",
        frozenset(
            {
                "login.microsoftonline.com",
                "login.microsoft.com",
                "login.windows.net",
                "sts.windows.net",
            }
        ),
    ),
    "us_government": Cloud(
        _API,
        _API,
        "https://login.microsoftonline.us",
        frozenset({"login.microsoftonline.us", "login.usgovcloudapi.net"}),
    ),
    "china": Cloud(
        _CHINA_API,
        _CHINA_API,
        "https://login.partner.microsoftonline.cn",
        frozenset({"login.partner.microsoftonline.cn", "login.chinacloudapi.cn"}),
    ),
}


def is_same_authority(host: str, other: str) -> bool:
    """Return whether two hosts are one token authority, under any of its names."""
    return host == other or any(
        {host, other} <= cloud.authority_hosts for cloud in CLOUDS.values()
    )
