"""Error messages for requests that failed without a response."""

from __future__ import annotations

# OpenSSL's `X509_V_ERR_` codes: what no other CA bundle would change.
_EXPIRED = 10
OF_ANOTHER_HOST = 62
_OF_ANOTHER_HOST = {OF_ANOTHER_HOST, 64}
PROXY_SETTING = "HTTPS_PROXY"

BROKEN = "the answer was cut off or broken"
FAILED = "the connection failed or was closed"
HEAD_TOO_LARGE = "the head of the answer is too large"
NO_ANSWER = "the connection was closed without an answer"
NO_HTTP = "the answer is not one of HTTP/1"
NO_PROXY = f"no connection through the proxy; check the proxy in {PROXY_SETTING}"
NO_TLS = "no secure connection (TLS) could be made"
NOT_ANSWERED_IN_TIME = "no whole answer in time"
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
