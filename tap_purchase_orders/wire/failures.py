"""Failed requests, in words."""

from __future__ import annotations

import requests


def is_untrusted(error: requests.RequestException) -> bool:
    """Return whether a request failed since the server's certificate did."""
    is_tls = isinstance(error, requests.exceptions.SSLError)
    return is_tls and "CERTIFICATE_VERIFY_FAILED" in str(error)


def in_words(error: requests.RequestException) -> str:
    """Return what happened, without addresses, which may hold identifiers."""
    if is_untrusted(error):
        return (
            "the server's certificate is not trusted; for a private CA set "
            "REQUESTS_CA_BUNDLE"
        )
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy refused the connection"
    if isinstance(error, requests.ConnectTimeout):
        return "no connection in time"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(
        error,
        requests.exceptions.ChunkedEncodingError
        | requests.exceptions.ContentDecodingError,
    ):
        return "the answer was cut off or broken"
    return "the connection failed or was closed"
