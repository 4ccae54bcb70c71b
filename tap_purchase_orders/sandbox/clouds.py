"""The national clouds: whom tokens of each may be for.

*Retiring Azure AD Graph tokens* has the audiences of Partner Center, the old directory
graphs are those of *Secure application model*, the graphs those of *National clouds*.
"""

from __future__ import annotations

from typing import NamedTuple


class Cloud(NamedTuple):
    """Whom the tokens of a cloud's authority may be for.

    Attributes:
        partner_center: What Partner Center takes.
        old_graph: The directory graph, whose tokens it took until autumn 2025.
        graph: Another API, whose tokens it never took.
    """

    partner_center: str
    old_graph: str
    graph: str


_API = "https://api.partnercenter.microsoft.com"
_OLD_GRAPH = "https://graph.windows.net"

CLOUDS = {
    "public": Cloud(_API, _OLD_GRAPH, "https://graph.microsoft.com"),
    "us_government": Cloud(_API, _OLD_GRAPH, "https://graph.microsoft.us"),
    "china": Cloud(
        "https://partner.partnercenterapi.microsoftonline.cn",
        "https://graph.chinacloudapi.cn",
        "https://microsoftgraph.chinacloudapi.cn",
    ),
}
