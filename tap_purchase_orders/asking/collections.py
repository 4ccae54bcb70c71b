"""Partner Center's collections, and where their next page is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}
# A link's headers carry the continuation token. These are not the server's to choose.
_OUR_HEADERS = {
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "host",
    "transfer-encoding",
}

# Printable ASCII only: what is sent is what was given. RFC 9110, *Field names* and
# *Field values*.
_URI = re.compile(r"[!-~]+")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[!-~](?:[ -~]*[!-~])?|")


class LinkError(ValueError):
    """A `links.next` cannot be followed.

    Args:
        message: Why, in words.
        kind: The kind of issue that it is.
    """

    def __init__(self, message: str, kind: str = "invalid_response") -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class NextLink:
    """Where the next page is, and the header fields to ask for it with."""

    url: str
    headers: dict[str, str]


def collection_problem(body: Any) -> str | None:
    """Return what is wrong with a body that should be a collection, if anything."""
    if isinstance(body, Mapping) and isinstance(body.get("items"), list):
        return None
    return "the body is not a collection with items"


def next_link(body: Mapping[str, Any], base: str) -> NextLink | None:
    """Return the link to the page after this one, none on the last page.

    Source: *Utility resources*, and the samples of the invoice pages: the address is
    relative to the API, mostly without its version.

    Args:
        body: A collection.
        base: The address of the API, without its version.

    Raises:
        LinkError: The link leads to another host, or cannot be read.
    """
    links = body.get("links")
    link = links.get("next") if isinstance(links, Mapping) else None
    # Empty objects occur where there is nothing to say.
    if link is None or link == {}:
        return None
    uri = link.get("uri") if isinstance(link, Mapping) else None
    if not isinstance(uri, str) or not _URI.fullmatch(uri):
        msg = "`links.next` has no address that can be read"
        raise LinkError(msg)
    return NextLink(_absolute(uri, base), _headers(link.get("headers") or []))


def _absolute(uri: str, base: str) -> str:
    """Return the address of a link; its query is left exactly as it is."""
    try:
        parts = urlsplit(uri)
    except ValueError as error:
        msg = "`links.next` has an address that cannot be read"
        raise LinkError(msg) from error
    if parts.scheme or parts.netloc:
        if _origin(parts) != _origin(urlsplit(base)):
            msg = "`links.next` leads to another host; it was not followed"
            raise LinkError(msg, "refused_redirect")
        return uri
    path = uri if uri.startswith("/") else f"/{uri}"
    has_version = path.startswith(("/v1/", "/v1?"))
    return f"{base}{path}" if has_version else f"{base}/v1{path}"


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    try:
        port = parts.port
    except ValueError:
        # No port at all, so none of ours.
        port = -1
    if port is None:
        port = _DEFAULT_PORTS.get(parts.scheme)
    return parts.scheme, parts.hostname, port


def _headers(fields: Any) -> dict[str, str]:
    headers = {}
    for field in fields if isinstance(fields, list) else [None]:
        name = field.get("key") if isinstance(field, Mapping) else None
        value = field.get("value") if isinstance(field, Mapping) else None
        if not isinstance(name, str) or not isinstance(value, str):
            msg = "`links.next` has headers that cannot be read"
            raise LinkError(msg)
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            msg = "`links.next` has headers that cannot be sent"
            raise LinkError(msg)
        if name.lower() not in _OUR_HEADERS:
            headers[name] = value
    return headers
