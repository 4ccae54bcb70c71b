"""The proxy to a server and the CAs that are trusted, from the environment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from msgspec import Struct
from requests.utils import DEFAULT_CA_BUNDLE_PATH, get_environ_proxies, select_proxy

if TYPE_CHECKING:
    from tap_purchase_orders.redaction import Secrets

# As `requests` reads them.
_AUTHORITY_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
# Of two spellings the first counts, as in Python itself.
_PROXY_VARIABLES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
_USUAL_PROXY_VARIABLE = "HTTPS_PROXY"


class Route(Struct, frozen=True):
    """How a server is reached.

    Attributes:
        authorities: The file or folder of the certificates that are trusted.
        authorities_variable: The variable that names it; none: it is the usual one.
        proxy: The address of a proxy, or nothing.
        proxy_variable: The variable that names it.
    """

    authorities: str = DEFAULT_CA_BUNDLE_PATH
    authorities_variable: str = ""
    proxy: str = ""
    proxy_variable: str = _USUAL_PROXY_VARIABLE

    @property
    def problem(self) -> str | None:
        """Why nothing can be reached this way, if that is plain beforehand."""
        if not self.authorities_variable or Path(self.authorities).exists():
            return None
        return (
            f"{self.authorities_variable} names {self.authorities}, which is not there"
        )

    @property
    def unreadable_authorities(self) -> str:
        """What to say where the library cannot read the certificates."""
        named = self.authorities_variable or "the file of the usual ones"
        return f"the certificates in {named} cannot be read ({self.authorities})"

    @property
    def has_proxy_user(self) -> bool:
        """Whether the address of the proxy has a user in it."""
        return "@" in self.proxy


def route_to(base_url: str, secrets: Secrets) -> Route:
    """Return how a server is reached.

    Args:
        base_url: The address of the server.
        secrets: Takes in the password of a proxy.
    """
    # Plain http is for a server on this machine; a proxy would read along.
    is_secure = urlsplit(base_url).scheme == "https"
    proxies = get_environ_proxies(base_url) if is_secure else {}
    for proxy in proxies.values():
        secrets.add(_password(proxy))
    proxy = select_proxy(base_url, proxies) or ""
    variable = next(filter(os.environ.get, _AUTHORITY_VARIABLES), "")
    authorities = os.environ[variable] if variable else DEFAULT_CA_BUNDLE_PATH
    named = (name for name in _PROXY_VARIABLES if os.environ.get(name) == proxy)
    return Route(
        authorities,
        variable if is_secure else "",
        proxy,
        next(named, _USUAL_PROXY_VARIABLE),
    )


def _password(proxy: str) -> str:
    """Return the password in the address of a proxy, if it has one."""
    user = proxy.rpartition("@")[0].rpartition("/")[2]
    return unquote(user.partition(":")[2])
