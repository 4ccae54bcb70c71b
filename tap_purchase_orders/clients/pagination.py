"""Pages of Partner Center's collections, and the link to the next one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping

_DEFAULT_PORTS = {"http": 80, "https": 443}
# A link's headers carry the continuation token. These are not the server's to choose.
_OUR_HEADERS = {
    "accept-encoding",
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
# 500 customers a page are requested, and a customer's orders come on one page.
_MOST_ITEMS = 100_000
# Beyond it most servers refuse what their own link requests.
_LONGEST_LINK = 64 * 1024

# Printable ASCII only: what is sent is what was given. RFC 9110, *Field names* and
# *Field values*.
_URI = re.compile(r"[!-~]+")
# A user, or where other readers see the end of the host.
_ODD_HOST = {"@", "\\"}
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[!-~](?:[ -~]*[!-~])?|")
# A segment that names another folder, however it is spelled (RFC 3986, section 5.2.4).
_DOTS = re.compile(r"(?:\.|%2e){1,2}", re.IGNORECASE)


class LinkError(ValueError):
    """A `links.next` cannot be followed.

    Args:
        message: Why, in words.
        kind: The kind of issue that it is.
    """

    def __init__(self, message: str, kind: str = "invalid_response") -> None:
        super().__init__(message)
        self.kind = kind


class NextLink(Struct, frozen=True):
    """Where the next page is, and the header fields to request it with."""

    url: str
    headers: dict[str, str]


def collection_problem(body: Any) -> str | None:
    """Return what is wrong with a body that should be a collection, if anything."""
    items = body.get("items") if isinstance(body, dict) else None
    if not isinstance(items, list):
        return "the body is not a collection with items"
    if len(items) > _MOST_ITEMS:
        return f"the page has more than {_MOST_ITEMS} items"
    return None


def links_further(body: Mapping[str, Any]) -> bool:
    """Return whether a collection has a link to a page after this one."""
    links = body.get("links")
    # Empty objects occur where there is nothing to say.
    return isinstance(links, dict) and bool(links.get("next"))


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
    link = links.get("next") if isinstance(links, dict) else None
    # Empty objects occur where there is nothing to say.
    if link is None or link == {}:
        return None
    uri = link.get("uri") if isinstance(link, dict) else None
    if not isinstance(uri, str) or not _URI.fullmatch(uri):
        msg = "`links.next` has no address that can be read"
        raise LinkError(msg)
    headers = _headers(link.get("headers") or [])
    if sum(map(len, (uri, *headers, *headers.values()))) > _LONGEST_LINK:
        msg = f"`links.next` is longer than {_LONGEST_LINK} characters"
        raise LinkError(msg)
    return NextLink(_absolute(uri, base), headers)


def _absolute(uri: str, base: str) -> str:
    """Return the address of a link; its query is left exactly as it is.

    Scheme, host and port are always taken from the address of the API, never from the
    link: those who read addresses do not agree on where the host of an odd one ends.
    """
    try:
        parts = urlsplit(uri)
    except ValueError as error:
        msg = "`links.next` has an address that cannot be read"
        raise LinkError(msg) from error
    if parts.scheme or parts.netloc:
        own = urlsplit(base)
        if _origin(parts) != _origin(own) or _ODD_HOST & {*parts.netloc}:
            msg = "`links.next` leads to another host; it was not followed"
            raise LinkError(msg, "refused_redirect")
        base = f"{own.scheme}://{own.netloc}"
        uri = uri.partition("//")[2][len(parts.netloc) :]
    path = uri if uri.startswith("/") else f"/{uri}"
    if any(map(_DOTS.fullmatch, re.split(r"[/\\]", path.partition("?")[0]))):
        msg = "`links.next` leads out of the API; it was not followed"
        raise LinkError(msg, "refused_redirect")
    if parts.netloc or path.startswith(("/v1/", "/v1?")):
        return f"{base}{path}"
    return f"{base}/v1{path}"


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
        name = field.get("key") if isinstance(field, dict) else None
        value = field.get("value") if isinstance(field, dict) else None
        if not isinstance(name, str) or not isinstance(value, str):
            msg = "`links.next` has headers that cannot be read"
            raise LinkError(msg)
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            msg = "`links.next` has headers that cannot be sent"
            raise LinkError(msg)
        if name.lower() not in _OUR_HEADERS:
            headers[name] = value
    return headers
