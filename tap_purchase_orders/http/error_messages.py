"""Error messages for requests that failed without a response."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tap_purchase_orders.http.proxy_and_trust import Route

# OpenSSL's `X509_V_ERR_` codes: what no other CA bundle would change.
_EXPIRED = 10
OF_ANOTHER_HOST = 62
_OF_ANOTHER_HOST = {OF_ANOTHER_HOST, 64}
# In all that is said of a proxy.
THE_PROXY = "the proxy in "

BROKEN = "the response was cut off or broken"
FAILED = "the connection failed or was closed"
HEAD_TOO_LARGE = "the head of the response is too large"
NO_ANSWER = "the connection was closed without a response"
NO_HTTP = "the response is not one of HTTP/1"
NO_TLS = "no secure connection (TLS) could be made"
NOT_ANSWERED_IN_TIME = "no whole response in time"
NOT_CONNECTED_IN_TIME = "no connection in time"
REFUSED = "the connection was refused: nothing listens there"
UNKNOWN_HOST = "the host is not known (its name cannot be resolved)"


def certificate_words(code: int) -> str:
    """Return why a server's certificate is not trusted, by OpenSSL's code for it."""
    if code == _EXPIRED:
        return "the server's certificate has expired"
    if code in _OF_ANOTHER_HOST:
        return "the server's certificate is that of another host"
    return (
        "the server's certificate is not trusted; for a private CA set "
        "REQUESTS_CA_BUNDLE"
    )


def proxy_words(status: int, route: Route) -> str:
    """Return why a proxy made no connection.

    Args:
        status: What it said in HTTP, 0 for nothing.
        route: How it is reached; its password is not shown.
    """
    the_proxy = f"{THE_PROXY}{route.proxy_variable}"
    if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        if route.has_proxy_user:
            return f"{the_proxy} refuses its user or password (HTTP 407): check both"
        return (
            f"{the_proxy} asks for a user and a password (HTTP 407): put them into "
            f"{route.proxy_variable}, as http://user:password@host:port"
        )
    code = f" (HTTP {status})" if status else ""
    return f"no connection through the proxy{code}; check {the_proxy}"
