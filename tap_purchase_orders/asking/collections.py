"""Partner Center's collections, and where their next page is."""

from __future__ import annotations

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


class LinkError(ValueError):
    """A `links.next` cannot be followed.

    Args:
        kind: The kind of issue that it is.
        message: Why, in words.
    """

    def __init__(self, kind: str, message: str) -> None:
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
    if link is None:
        return None
    uri = link.get("uri") if isinstance(link, Mapping) else None
    if not isinstance(uri, str) or not _is_plain(uri):
        msg = "`links.next` has no address that can be read"
        msg_0 = "invalid_response"
        raise LinkError(msg_0, msg)
    return NextLink(_absolute(uri, base), _headers(link))


def _absolute(uri: str, base: str) -> str:
    """Return the address of a link; its query is left exactly as it is."""
    parts, own = urlsplit(uri), urlsplit(base)
    if parts.scheme or parts.netloc:
        if _origin(parts) != _origin(own):
            msg = "`links.next` leads to another host; it was not followed"
            msg_0 = "refused_redirect"
            raise LinkError(msg_0, msg)
        return uri
    path = uri if uri.startswith("/") else f"/{uri}"
    has_version = path.startswith(("/v1/", "/v1?"))
    return f"{base}{path}" if has_version else f"{base}/v1{path}"


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    try:
        port = parts.port
    except ValueError:
        port = -1
    default = _DEFAULT_PORTS.get(parts.scheme)
    return parts.scheme, parts.hostname, default if port is None else port


def _headers(link: Mapping[str, Any]) -> dict[str, str]:
    headers = {}
    for field in link.get("headers") or []:
        name = field.get("key") if isinstance(field, Mapping) else None
        value = field.get("value") if isinstance(field, Mapping) else None
        if not isinstance(name, str) or not isinstance(value, str):
            msg = "`links.next` has headers that cannot be read"
            msg_0 = "invalid_response"
            raise LinkError(msg_0, msg)
        if not _is_plain(name) or not _is_plain(value.replace(" ", "")):
            msg = "`links.next` has headers that cannot be sent"
            msg_0 = "invalid_response"
            raise LinkError(msg_0, msg)
        if name.lower() not in _OUR_HEADERS:
            headers[name] = value
    return headers


def _is_plain(text: str) -> bool:
    """Return whether a text is printable ASCII without blanks, so safe on the wire."""
    return bool(text) and all("!" <= character <= "~" for character in text)
